"""Excerpts: the line and a caret under the column, and never a value that may be a credential."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.problems import Place, printable
from modelyard.report.excerpt import MAX_EXCERPTS, Excerpts

SECRET = "hunter2"  # noqa: S105 - of nobody


POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - "
SET = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nspec:\n  models:\n  - name: a\n    "


def excerpt(content: str, line: int, column: int) -> list[str]:
    return Excerpts({"x.yaml": content.encode()})(Place("x.yaml", line, column))


def below_caret(lines: list[str]) -> str:
    source, caret = lines
    return source[caret.index("^")]


def test_the_caret_stands_under_the_column() -> None:
    assert excerpt("a: 1\nspec:\n  base: two\n", 3, 9) == ["    3 |   base: two", "      |         ^"]


@pytest.mark.parametrize(
    ("line", "before"),
    [
        ("  漢字: {b: , X: }", " " * 14),
        ("  e\u0301: {X: }", " " * 6),
        ('"\u202e": {X: }', " " * 11),  # is shown as an escape of six characters
        ("\tX:", "\t"),
        ("[{b: , X: }]", " " * 7),
    ],
)
def test_the_caret_stands_under_the_column_whatever_the_width_of_characters(line: str, before: str) -> None:
    shown, caret = excerpt(line, 1, line.index("X") + 1)
    assert shown == f"    1 | {printable(line)}"
    assert caret == f"      | {before}^"


def test_long_lines_are_cut_around_the_column() -> None:
    content = "a: {" + ", ".join(f"item-{i}: " for i in range(200)) + "}"
    column = content.index("item-100") + 1
    lines = excerpt(content, 1, column)
    assert below_caret(lines) == "i"
    assert lines[0].startswith("    1 | …")
    assert lines[0].endswith("…")
    assert lines[0][lines[1].index("^") :].startswith("item-100")


@pytest.mark.parametrize(
    ("content", "place", "shown"),
    [
        ("env: {DB_PASSWORD: hunter2, minscale: 1}", (1, 29), "    1 | env: {DB_PASSWORD: <hidden> minscale: <hidden>"),
        ("env:\n  password: hunter2\n", (2, 3), "    2 |   password: <hidden>"),
        ("env:\n- {name: A, value: hunter2, x: 1}\n", (2, 29), "    2 | - {name: <hidden> value: <hidden> x: <hidden>"),
        ("kind: Secret\ndata: {a: hunter2}\n", (2, 8), "    2 | data: {a: <hidden>"),
        ("kind: Secret\nstringData:\n  a: hunter2\n", (3, 6), "    3 |   a: <hidden>"),
        ("a: https://me:hunter2@host\n", (1, 1), "    1 | a: <hidden>"),
        (f"{POD}args: [--password, hunter2, serve]\n", (5, 5), "    5 |   - args: [--password, <hidden> <hidden>"),
        (f"{POD}args: [--hunter=2]\n", (5, 5), "    5 |   - args: [<hidden>"),
        (f"{POD}env: [{{name: A, value: hunter2}}]\n", (5, 5), "    5 |   - env: [{name: A, value: <hidden>"),
        (f"{POD}image: user:hunter2@host\n", (5, 5), "    5 |   - image: <hidden>"),
        (f"{POD}image: a:1 # hunter2\n", (5, 5), "    5 |   - image: a:1"),
        (f"{POD}imago: hunter2\n", (5, 5), "    5 |   - imago: <hidden>"),
        (f"{POD}imago: {{name: hunter2}}\n", (5, 5), "    5 |   - imago: {name: <hidden>"),
        (f"{POD}{{pasword:hunter2, image: a}}\n", (5, 5), "    5 |   - {<hidden> , image: a}"),
        (f"{SET}pasword: hunter2\n", (6, 5), "    6 |     pasword: <hidden>"),
        (f"{SET}env: {{PW: hunter2, n: 1}}\n", (6, 5), "    6 |     env: {PW: <hidden> n: <hidden>"),
        (f"{SET}patches: [{{ops: [{{op: add, path: /a, value: hunter2}}]}}]\n", (6, 5),
         "    6 |     patches: [{ops: [{op: add, path: /a, value: <hidden>"),
        (f"{SET}image: a:1\n    x: [\n", (6, 5), "    6 |     image: <hidden>"),  # cannot be read
        ("args: [--password, hunter2]\n", (1, 8), "    1 | args: [<hidden> <hidden>"),
        ("args: [--password=hunter2]\n", (1, 1), "    1 | args: [<hidden>"),
        ("token:\n- hunter2\n", (2, 3), "    2 | - <hidden>"),
        ("a: &x hunter2\npassword: *x\n", (1, 4), "    1 | a: <hidden>"),
    ],
)  # fmt: skip
def test_what_may_be_a_credential_is_hidden(content: str, place: tuple[int, int], shown: str) -> None:
    lines = excerpt(content, *place)
    assert lines[:1] == [shown]
    assert SECRET not in "".join(lines)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("password: hunter2\npassword: hunter2\n", (2, 1)),  # of a repeated key one value has no place
        ("{password: hunter2, password: x}", (1, 2)),
        ("a: {name: TOKEN, value: hunter2, value: x}", (1, 5)),
        ("password: |\n  hunter2\n b: [", (2, 3)),  # cannot be read
        ("kind: Secret\ndata:\n  x: hunter2\n  y: [", (3, 6)),
        ('password: "a\n  hunter2", b: 1\n', (2, 1)),
        ("{password: 'a\n  hunter2', b: 1}\n", (2, 13)),
        ("password: >\n  hunter2\n", (2, 3)),
        ("b: 1 # password: hunter2\n", (1, 1)),
        ("b: {c: 1} # password=hunter2\n", (1, 5)),
    ],
)
def test_a_line_is_not_shown_where_it_is_not_sure_what_it_holds(content: str, place: tuple[int, int]) -> None:
    assert SECRET not in "".join(excerpt(content, *place))


def test_each_document_of_a_stream_is_judged_for_itself() -> None:
    content = "password: [\n---\nkind: 1\n---\nmetadata: {name: 2}\n"
    assert excerpt(content, 3, 1)[0] == "    3 | kind: 1"
    assert excerpt(content, 5, 5)[0] == "    5 | metadata: {name: 2}"
    assert excerpt(content, 1, 1) == []


@pytest.mark.parametrize("content", ["a: 1", "", "\n\n", "a: \u2028b"])
def test_a_place_that_is_not_there_has_no_excerpt(content: str) -> None:
    assert excerpt(content, 2, 1) == []


def test_the_number_of_excerpts_is_limited() -> None:
    shown = Excerpts({"x.yaml": b"a: 1\n"})
    assert len([number for number in range(MAX_EXCERPTS + 9) if shown(Place("x.yaml", 1, 1))]) == MAX_EXCERPTS


def test_a_file_that_is_gone_has_no_excerpt() -> None:
    assert Excerpts({})(Place("/nonexistent/models.yaml", 1, 1)) == []


_KEYS = st.sampled_from(["a", "password", "name", "value", "env", "token", "DB_PASSWORD", "data", "kind", "args"])
_LEAVES = st.sampled_from(["x", "1", "'y'", "--token", "|\n  z"])


@given(st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3)))
def test_no_place_shows_the_value_of_a_password(tree: object) -> None:
    content = "a: 1\n" + _flow({"password": SECRET, "env": tree, "DB_PASSWORD": [SECRET, SECRET]})
    shown = Excerpts({"x.yaml": content.encode()})
    for number, line in enumerate(content.split("\n"), start=1):
        for column in range(1, len(line) + 2):
            lines = shown(Place("x.yaml", number, column))
            assert SECRET not in "".join(lines)
            assert [printable(each) for each in lines] == lines


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",\n ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value)
