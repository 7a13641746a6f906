"""Edits of made kustomizations in all styles, and of the layouts that people really use."""

import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelyard.files.yaml.edit import MARK
from tests.support.kustomization_texts import added, changed_lines, faults, removed, texts
from tests.support.shares import examples

SECOND = "site-config/other"
E = "site-config/modelyard-risk"
M = MARK
FORMS = {  # before -> after
    "components: []\n": f"components: [{E}]\n",
    "components: [ ]\n": f"components: [{E} ]\n",
    "components: [a,b]\n": f"components: [a,b,{E}]\n",
    "components: [a, b,]\n": f"components: [a, b, {E},]\n",
    "components: [\n  a,\n  b # c\n]\n": f"components: [\n  a,\n  b, # c\n  {E}\n]\n",
    "components: [\n  a,\n  b, # c\n]\n": f"components: [\n  a,\n  b, # c\n  {E},\n]\n",
    "components: [\n  a,\n  b\n]\n": f"components: [\n  a,\n  b,\n  {E}\n]\n",
    "components:\n": f"components:\n- {E}\n",
    "components: # none yet\nresources:\n  - a\n": f"components: # none yet\n  - {E}\nresources:\n  - a\n",
    "components: null # x\n": f"components: # null # x\n- {E} {M}\n",
    "components:\n  ~\n# y\n": f"components:\n  # ~\n- {E} {M}\n# y\n",
    "'components':\n- 'a'\n- 'b'": f"'components':\n- 'a'\n- 'b'\n- '{E}'",
    'components:\n-   "a"   \n': f'components:\n-   "a"   \n-   "{E}"\n',
    "components:\n- a # x\n# - b\n\n# about\nresources:\n- c\n": (
        f"components:\n- a # x\n- {E}\n# - b\n\n# about\nresources:\n- c\n"
    ),
    "Components:\n- a\n": f"Components:\n- a\n- {E}\n",
    "resources:\n- a\n\n\n": f"resources:\n- a\ncomponents:\n- {E} {M}\n\n\n",
    "resources:\n- a\n# - b\n": f"resources:\n- a\n# - b\ncomponents:\n- {E} {M}\n",
    "---\nresources:\n  - a\n...\n": f"---\nresources:\n  - a\ncomponents:\n  - {E} {M}\n...\n",
    "resources:\n- a\n---\n# no more\n": f"resources:\n- a\ncomponents:\n- {E} {M}\n---\n# no more\n",
    "resources:\n- a\n# p\npatches:\n- patch: |\n    x": (
        f"resources:\n- a\ncomponents:\n- {E} {M}\n# p\npatches:\n- patch: |\n    x"
    ),
    "components:\n- a\n# c\n- |+\n  kind: X\n\n": f"components:\n- a\n- {E}\n# c\n- |+\n  kind: X\n\n",
    '{"kind":"Kustomization"}': f'{{"kind":"Kustomization", "components":[ "{E}" ]}}',
    '{\n  "resources": [],\n  "components": []\n}\n': f'{{\n  "resources": [],\n  "components": ["{E}"]\n}}\n',
    "{resources: [a]}\n": f"{{resources: [a], components: [ {E} ]}}\n",
}


@pytest.mark.parametrize("before", FORMS)
def test_each_form_has_its_edit(before: str) -> None:
    assert added(before.encode()).decode() == FORMS[before]
    assert removed(FORMS[before].encode()).decode() == before


@pytest.mark.many
@examples(1500)
@given(texts())
def test_an_entry_comes_and_goes_without_a_trace(content: bytes) -> None:
    assert list(faults(content, "components")) == []


@pytest.mark.many
@examples(500)
@given(texts())
def test_a_block_list_only_gets_lines(content: bytes) -> None:
    touched = changed_lines(content, added(content, "resources"))
    assert touched == []


@pytest.mark.many
@examples(300)
@given(
    st.dictionaries(st.sampled_from(["resources", "components", "patches", "images"]), st.lists(st.sampled_from("ab"))),
    st.sampled_from([None, 0, 2]),
    st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")]),
    st.permutations([E, SECOND]),
)
def test_json_stays_json(
    lists: dict[str, list[str]], indent: int | None, marks: tuple[str, str], go: list[str]
) -> None:
    old = json.dumps({"kind": "Kustomization", **lists}, indent=indent, separators=marks).encode()
    new = added(added(old), entry=SECOND)
    assert json.loads(new) == {
        "kind": "Kustomization",
        **lists,
        "components": [*lists.get("components", []), E, SECOND],
    }
    assert removed(removed(new, entry=go[0]), entry=go[1]) == old


@pytest.mark.many
@examples(700)
@given(texts(), st.permutations([E, SECOND]), st.permutations([E, SECOND]))
def test_two_entries_come_and_go_in_any_order(content: bytes, come: list[str], go: list[str]) -> None:
    new = content
    for entry in come:
        new = added(new, entry=entry)
    for entry in go:
        new = removed(new, entry=entry)
    assert new == content


@pytest.mark.many
@examples(500)
@given(texts(), st.sampled_from(["first", "last"]))
def test_edits_of_others_stay(content: bytes, where: str) -> None:
    """A person adds a key meanwhile; it does not matter whether that was before or after our entry."""
    line = b"\r\n" if b"\r\n" in content else b"\r" if b"\r" in content else b"\n"
    theirs = line.join([b"# theirs", b"namePrefix: x-", b""])

    def edited(text: bytes) -> bytes:
        if where == "first":
            return text.replace(b"kind: Kustomization", theirs + b"kind: Kustomization")
        return text.rstrip() + line + theirs

    assume(where == "first" or not re.search(rb"[\r\n](---|\.\.\.)\s*(#.*)?$", content))
    assert removed(edited(added(content))) == edited(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"components:\n- {E} {M}\n- theirs\n", "components:\n- theirs\n"),
        (f"components:\n- theirs\n- {E} {M}\n", "components:\n- theirs\n"),
        (f"components:\n- {E} {M} \nkind: Kustomization\n", "kind: Kustomization\n"),
        (f"components: # theirs\n- {E} {M}\n", "components: # theirs\n"),
        (f"components:\n# theirs\n- {E} {M}\n", "components:\n# theirs\n"),
        (f"components:\n- {E}\n", "components:\n"),
        (f"components:\n- {E}/ # by hand\n- a\n- ./{E}\n", "components:\n- a\n"),
        (f"components: [{E}, theirs]\n", "components: [theirs]\n"),
        (f"components: [\n  {E}, # ours\n  theirs # theirs\n]\n", "components: [\n  theirs # theirs\n]\n"),
        (f"components: [ {E}, theirs ]\n", "components: [ theirs ]\n"),
        (f"{{a: b, components: [ {E} ], c: d}}\n", "{a: b, c: d}\n"),
    ],
)
def test_what_others_wrote_around_an_entry_stays(old: str, new: str) -> None:
    assert removed(old.encode()).decode() == new


@pytest.mark.parametrize(
    ("entry", "written"),
    [
        ("site config", '"site config"'),
        ("1.10", '"1.10"'),
        ("null", '"null"'),
        ("a#b", '"a#b"'),
        ("a: b", '"a: b"'),
        ("-x", '"-x"'),
        ("ä", '"ä"'),
        ("../x_y/z-1.yaml", "../x_y/z-1.yaml"),
    ],
)
def test_an_entry_is_quoted_where_a_reader_needs_it(entry: str, written: str) -> None:
    assert added(b"components:\n- a\n", entry=entry).decode() == f"components:\n- a\n- {written}\n"


@pytest.mark.parametrize("entry", ["", " ", "a\nb", "a\x00"])
def test_an_entry_is_a_line_of_text(entry: str) -> None:
    with pytest.raises(ValueError, match="not an entry"):
        added(b"components:\n- a\n", entry=entry)
