"""splice: the pieces of text that an edit is made of."""

import pytest

from modelyard.files.yaml import Sources, edit
from modelyard.files.yaml.edit import NoPlaceError, Splice
from modelyard.files.yaml.nodes import Node, Tree, parse


def tree(text: str) -> Tree:
    found, problems = parse(text.encode(), Sources(), "file")
    assert found is not None, problems
    return found


def test_splices_are_places_of_the_old_text_in_any_order() -> None:
    splices = [Splice(4, 5, "E"), Splice(0, 0, ">"), Splice(1, 3), Splice(5, 5, "<")]
    assert edit.apply("abcde", splices) == ">adE<"
    assert edit.apply("abcde", []) == "abcde"


def test_an_edit_of_a_list_is_one_insertion_and_one_removal() -> None:
    text = "# a\nlist:\n  - x # y\n\nother: z\n"
    (put,) = edit.add(tree(text), "list", "new")
    assert put == Splice(text.index("\n\n") + 1, text.index("\n\n") + 1, "  - new\n")
    (taken,) = edit.remove(tree(edit.apply(text, [put])), "list", 1)
    assert taken == Splice(put.start, put.start + len(put.text))


def test_a_spelled_null_becomes_a_comment() -> None:
    text = "list: null\n"
    splices = edit.add(tree(text), "list", "new")
    assert splices == [Splice(6, 6, "# "), Splice(11, 11, f"- new {edit.MARK}\n")]


@pytest.mark.parametrize(
    ("text", "index"),
    [("? list\n: - a\n", 9), ("{list: null}", 7), ("list: [\n a # b\n ,]", 16)],
)
def test_a_layout_without_a_safe_place_is_named(text: str, index: int) -> None:
    with pytest.raises(NoPlaceError) as caught:
        edit.add(tree(text), "list", "new")
    assert caught.value.index == index


@pytest.mark.parametrize("text", ["", "- a\n", "a\n"])
def test_only_a_mapping_has_keys(text: str) -> None:
    with pytest.raises(ValueError, match="not a mapping"):
        edit.add(tree(text), "list", "new")


def shapes(*texts: str) -> set[object]:
    roots: list[Node | None] = [tree(text).root for text in texts]
    return {root.shape() for root in roots if root is not None}


def test_a_shape_is_what_readers_see() -> None:
    assert len(shapes("a: [b, 'c']\n", '# x\n"a":\n- b\n- "c" # y\n')) == 2, (
        "plain and quoted are not the same to all readers"
    )
    assert len(shapes("a: [b, 'c']\n", 'a:\n- b\n\n- "c"\n')) == 1
    assert len(shapes("a: 1\n", "a: '1'\n", "a: !!str 1\n", "a: &x 1\n", "a: [1]\n", "a:\n  1: []\n")) == 6


def test_the_tree_ends_with_the_first_document() -> None:
    found = tree("a: b\n# c\n---\nd: e\n")
    assert found.text[found.end :] == "---\nd: e\n"
    assert tree("a: b").end == 4
    assert tree("# c\n").root is None
