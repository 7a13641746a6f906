"""Reading YAML: what is refused, where, and that values are the same to all readers."""

import json
import math
import random
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from modelyard.files.yaml import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_PROBLEMS,
    MAX_VALUES,
    ListMarks,
    MapMarks,
    Marks,
    Plain,
    Sources,
    at,
    read,
    resolve,
    write,
)
from modelyard.problems import Place
from tests.support.hostile.readers import PYTHON, kubectl, kustomize_build
from tests.support.hostile.tables import FOLDER, attack, document, inside, summary, table, verdict

# ------------------------------------------------------------ the hostile files


@pytest.mark.parametrize("row", table("files.tsv"), ids=lambda row: row["file"])
def test_hostile_file(row: dict[str, str], shared: Path) -> None:
    content = (shared / "data" / "yaml-hostile" / "files" / row["file"]).read_bytes()
    assert verdict(content) == row["alone"]
    assert verdict(inside(content)) == row["inside"]


def test_every_hostile_file_is_in_the_table(shared: Path) -> None:
    there = sorted(path.name for path in (shared / "data" / "yaml-hostile" / "files").iterdir())
    assert [row["file"] for row in table("files.tsv")] == there


@pytest.mark.parametrize("name", [row["file"] for row in table("files.tsv") if row["alone"] == "ok"])
def test_what_is_accepted_is_what_other_readers_see(name: str, shared: Path) -> None:
    content = (shared / "data" / "yaml-hostile" / "files" / name).read_bytes()
    own = document(content).data
    assert same(own, yaml.load(content, Loader=yaml.BaseLoader))  # noqa: S506 - it makes nothing but text
    assert same(own, YAML(typ="base", pure=True).load(content))


def same(own: object, other: object) -> bool:
    """Compare data with what a reader made of it that knows text only."""
    if isinstance(own, dict):
        return isinstance(other, dict) and list(own) == list(other) and all(same(own[k], other[k]) for k in own)
    if isinstance(own, list):
        return isinstance(other, list) and len(own) == len(other) and all(map(same, own, other))
    if isinstance(own, Plain):
        return own.text == other
    return own == other if isinstance(own, str) else isinstance(other, str) and resolve(other) == own


# ------------------------------------------------------------ places


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_places_count_lines_as_editors_do(end: str) -> None:
    text = end.join(["a: 1", "# 😀", "b:", "  - {c: 😀😀, c: 2}", "  - *x", ""])
    assert verdict(text) == "MY004@4:13 MY005@5:5"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: 😀😀 @\nb: é\x07", "MY003@2:5"),
        ("a: 😀\nb: é @\nc: @", "MY001@3:4"),
        ("\r\n\r\na: \x00", "MY003@3:4"),
        ("a: é\r\rb: \udcff", "MY002@3:4"),
        ('a: "é\\u0085"\n"b\\x7f": 1', "MY003@1:4 MY003@2:1"),
        ("a: {b", "MY001@1:6"),
        ("a: [1,\n  2\n", "MY001@3:1"),
        ("a: &x !t 1\nb: !t\n  &x 1", "MY005@1:4 MY006@1:7 MY005@3:3 MY006@2:4"),
        ("a: 1\nb: !%ED%A0%80 c", "MY006@2:4"),
        ("a: 1\n? ", "MY012@2:2"),
        ("a: 1\n? b", "ok"),
        ("# c\n\n%YAML 1.2\n---\na: 1", "MY014@3:1"),
        ("# é\n%TAG ! %ED%A0%80\n%YAML 9.9\n---\na: !x 1\na: 2", "MY014@2:1 MY006@5:4 MY004@6:1"),
        ("a: 1\n%YAML 1.2\n---\n", "MY014@2:1"),
        ("a: 1\n... # c\n...\n---\nb: 2", "MY007@4:1"),
        ("a: 1\n...\n# c\n...", "ok"),
        ("{a: 1}\nb: 2", "MY001@2:1"),
        ("{a: 1}\n ...", "MY001@2:2"),
        ("'a' 'b'", "MY001@1:5"),
        ("---\n---\na: 1", "MY007@2:1"),
        ("--- # c\n", "MY008@1:1"),
        ("*a", "MY005@1:1"),
        ("!!str", "MY006@1:1"),
        ('"": 1', "ok"),
        ("{: 1}", "MY001@1:2"),
        ("? \n: 1", "MY012@1:2"),
        ("? [a]\n: b\nc: &d e", "MY012@1:3 MY005@3:4"),
        ("? {a: &x 1}\n: {b: *x}\nc: 1", "MY012@1:3 MY005@1:7 MY005@2:7"),
        ("<<: [*a, {b: *c}]\nd: *e\n<<: *f", "MY005@1:1 MY005@1:14 MY005@2:4 MY005@3:1"),
        ('"<<": {a: 1}', "ok"),
        ("a: host: b", "MY001@1:8"),
        ("a: 1\n%a: b", "MY014@2:1"),
        ("host: *.example.com", "MY001@1:8"),
        ("a: 1\nfoo\nb: 2", "MY001@2:1"),
        ("a: 'b\n\nc: 2\n", "MY001@1:4"),
        ("a: 1 \t# c", "MY001@1:6"),
        ("a: b\tc", "MY001@1:5"),
        ("a: b\n  \tc", "MY001@2:3"),
        ("{a: 1\t}", "MY001@1:6"),
        ('a: "b" # \tc\n"d": "\t" #\te\nf: |\n  g\th\n#\ti', "ok"),
        ('a: "b"#\t', "ok"),
        (f"a: {2**63 - 1}\nb: {-(2**63)}", "ok"),
        (f"a: {2**63}\nb: {-(2**63) - 1}\nc: 9999999999999999999", "MY011@1:4 MY011@2:4 MY011@3:4"),
    ],
)
def test_code_and_place(content: str, expected: str) -> None:
    assert verdict(content.encode("utf-8", "surrogateescape")) == expected


def test_marks_have_the_shape_of_the_data() -> None:
    sources = Sources()
    read(b"x: 1", sources, "first.yaml")
    found = read("a: {é😀: [1, {b: c}]}\nd:\n  - e\n".encode(), sources, "second.yaml")
    places = {path: str(sources.place(mark)) for path, mark in flat(found.marks)}
    assert places == {
        "": "second.yaml:1:1",
        ".a": "second.yaml:1:4",
        ".a.é😀": "second.yaml:1:9",
        ".a.é😀[0]": "second.yaml:1:10",
        ".a.é😀[1]": "second.yaml:1:13",
        ".a.é😀[1].b": "second.yaml:1:17",
        ".d": "second.yaml:3:3",
        ".d[0]": "second.yaml:3:5",
    }
    assert isinstance(found.marks, MapMarks)
    keys = {key: str(sources.place(mark)) for key, (mark, _) in found.marks.entries.items()}
    assert keys == {"a": "second.yaml:1:1", "d": "second.yaml:2:1"}


def flat(marks: Marks, path: str = "") -> Iterator[tuple[str, int]]:
    yield path, at(marks)
    if isinstance(marks, MapMarks):
        for key, (_, below) in marks.entries.items():
            yield from flat(below, f"{path}.{key}")
    elif isinstance(marks, ListMarks):
        for index, below in enumerate(marks.items):
            yield from flat(below, f"{path}[{index}]")


def test_places_up_to_the_limits_of_a_file() -> None:
    sources = Sources()
    sources.add("first.yaml")
    base = sources.add("second.yaml")
    assert sources.place(base + (MAX_BYTES << 24)) == Place("second.yaml", MAX_BYTES + 1, 1)
    assert sources.place(base + MAX_BYTES - 1) == Place("second.yaml", 1, MAX_BYTES)


# ------------------------------------------------------------ problems


def test_a_second_key_names_the_first() -> None:
    found = document("a: 1\nb: 2\na: 3\na: 4\n")
    assert [(str(p.related[0].place), p.message) for p in found.problems] == [
        ("models.yaml:1:1", "the key 'a' is repeated here")
    ] * 2
    assert found.data == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("content", "message", "hint", "related"),
    [
        ("a: [b, c\nd: e", "flow sequence", "close the bracket", "models.yaml:1:4"),
        ("a: 'b\n", "end of stream", "close the quote", ""),
        ("a:\n\tb: 1", "cannot start any token", "spaces, not tabs", ""),
        ("a: `b`", "cannot start any token", "starts with ` between quotes", ""),
        ("a: {{ b }}", "mapping or a list as a key", "starts with { or [ between quotes", ""),
        ("a: http: b", "mapping values", "colon and a blank between quotes", ""),
        ("host: *.example.com", "alias", "starts with * or & between quotes", ""),
        ("a: *b", "an alias (*b)", "spec.defaults", ""),
        ('a: "\\d"', "unknown escape", "\\\\ for a backslash", ""),
        ('a: "\\ud83d\\ude00"', "Unicode character escape", "the character itself", ""),
        ("no: 1", "the key no is not a string to some readers", 'write "no":', ""),
        ("a: 1\nb\nc: 2", "could not find expected ':'", "key: value", ""),
        ("a:\n  b: 1\n c: 2", "did not find expected key", "indent of this line", "models.yaml:1:1"),
        ("a: !Ref b", "a tag (!Ref)", "without a tag", ""),
        ("a: @b", "cannot start any token", "starts with @ between quotes", ""),
    ],
)
def test_what_a_problem_says(content: str, message: str, hint: str, related: str) -> None:
    first = document(content).problems[0]
    assert message in first.message
    assert hint in first.hint
    assert [str(each.place) for each in first.related] == ([related] if related else [])


def test_messages_are_short_and_obey_no_terminal() -> None:
    key = f'? "\\e[31m{"k" * 5000}"\n: 1\n'
    problems = document(f"{key}{key}a: !%1B[31m x\nb: *{'x' * 5000}\n? 1{'0' * 5000}\n: x\n").problems
    assert {p.code for p in problems} == {"MY004", "MY005", "MY006", "MY009", "MY012"}
    for each in problems:
        assert len(each.message) + len(each.hint) < 200
        assert "\x1b" not in each.message + each.hint


def test_problems_end_at_a_hundred() -> None:
    found = document("".join(f"a{n}: *x\n" for n in range(MAX_PROBLEMS - 1)))
    assert (len(found.problems), type(found.data)) == (MAX_PROBLEMS - 1, dict)
    found = document("".join(f"a{n}: *x\n" for n in range(MAX_PROBLEMS + 1)))
    assert (len(found.problems), found.data) == (MAX_PROBLEMS, None)


def test_data_is_kept_where_reading_went_on() -> None:
    assert document("a: 1\nb: *x\n<<: {c: 1}\nd: &y 2\n---\ne: 1").data == {"a": 1, "b": None, "d": 2}
    assert document("a: 1\nb: [").data is None
    assert document("- a").data is None


# ------------------------------------------------------------ limits


def nested(levels: int) -> str:
    return "a: " + "[" * (levels - 1) + "]" * (levels - 1)


def test_depth() -> None:
    assert verdict(nested(MAX_DEPTH)) == "ok"
    assert verdict(nested(MAX_DEPTH + 1)) == f"MY009@1:{3 + MAX_DEPTH}"


def test_size() -> None:
    assert verdict(b"a: 1\n" + b"#" * (MAX_BYTES - 5)) == "ok"
    assert verdict(b"a: 1\n" + b"#" * (MAX_BYTES - 4)) == "MY009@1:1"


def test_number_of_values() -> None:
    assert verdict("a: [" + "1," * (MAX_VALUES - 10) + "]") == "ok"
    assert verdict("a: [" + "1," * (MAX_VALUES + 1) + "]").startswith("MY009@1:")


def test_length_of_keys() -> None:
    """1,024 characters as JSON: kustomize reads its own JSON as YAML, where keys end there."""
    for text, most in (("k", 1022), ("é", 1022), ("\\\\", 511), ("<", 170), ("\\u2028", 170)):
        assert verdict(f'? "{text * most}"\n: 1') == "ok"
        assert verdict(f'? "{text * (most + 1)}"\n: 1') == "MY009@1:3"


@pytest.mark.parametrize("row", table("attacks.tsv"), ids=lambda row: row["what"])
def test_attack(row: dict[str, str]) -> None:
    """Files made to take time or memory: refused or read within bounds.

    A second for what is refused; more for what comes near the number of values that a file may hold.
    """
    command = [sys.executable, str(FOLDER / "measure.py")]
    done = subprocess.run(command, input=attack(row), capture_output=True, timeout=60, check=True)
    result = json.loads(done.stdout)
    assert summary(result["problems"]) == row["verdict"]
    assert result["seconds"] < float(row["seconds"])
    assert result["mebibytes"] < 200
    assert result["longest"] < 250


# ------------------------------------------------------------ anything at all


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.binary() | st.text(alphabet=" \n\t:-?[]{},&*!|>'\"%#@`<ab0.\\\r😀").map(str.encode))
def test_any_bytes_give_a_mapping_or_a_problem(content: bytes) -> None:
    found = document(content)
    assert isinstance(found.data, dict) or found.problems


def test_broken_models_files_give_problems_inside_the_file(shared: Path) -> None:
    files = [path.read_bytes() for path in sorted((shared / "data" / "yaml-hostile" / "files").iterdir())]
    parts = [
        b"!",
        b"&a ",
        b"*a ",
        b"? ",
        b": ",
        b"- ",
        *b"[]{},|>\"'#%\t\n\r",
        b"\xf0\x9f\x98\x80",
        b"---\n",
        b"%ED%A0%80",
    ]
    draw = random.Random(0)  # noqa: S311 - the same files in each run
    for _ in range(3000):
        broken = bytearray(draw.choice(files)[:2000])
        for _ in range(draw.randint(1, 6)):
            part = draw.choice(parts)
            where = draw.randint(0, len(broken))
            broken[where : where + draw.randint(0, 2)] = bytes([part]) if isinstance(part, int) else part
        check_places(bytes(broken))


def check_places(content: bytes) -> None:
    found = document(content)
    assert isinstance(found.data, dict) or found.problems
    lines = re.split("\r\n|\r|\n", content.decode("utf-8", "replace"))
    for each in found.problems:
        assert each.place is not None
        assert each.place.line <= len(lines)
        assert each.place.column <= len(lines[each.place.line - 1]) + 1


# ------------------------------------------------------------ values

STRINGS = ("yaml11", "yaml12", "helm")
# Text to the three readers of the data, but not to kustomize: "2002-01-01T00:00:00Z" comes out (go-yaml v3 reads
# dates without leading zeros). The others hold U+FEFF, which is refused raw, and is fine as an escape.
NOT_PLAIN = ("2002-1-1", "\ufeff", "\ufeffa", "a\ufeff")


def strings(shared: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads((shared / "data" / "yaml-hostile" / "strings.json").read_text())
    return rows


def test_plain_text_is_text_only_where_all_readers_agree(shared: Path) -> None:
    rows = strings(shared)
    assert len(rows) == 370
    for row in rows:
        value, verdicts = row["value"], {row[reader] for reader in STRINGS}
        found = document(f"k: {value}\n".encode("utf-8", "surrogatepass"))
        got = found.data["k"] if isinstance(found.data, dict) and not found.problems else None
        if verdicts == {"same"} and value not in NOT_PLAIN:
            assert (got, type(got)) == (value, str)
        elif isinstance(got, str):
            assert verdicts == {"other string"}
            assert got != value


def test_resolve_knows_all_spellings(shared: Path) -> None:
    for row in strings(shared):
        if {row[reader] for reader in STRINGS} == {"same"} and row["value"] != "2002-1-1":
            assert resolve(row["value"]) == row["value"]
        elif row["kind"] in ("boolean", "null", "integer", "float", "base 60", "date") and row["value"] != "- 1":
            assert not isinstance(resolve(row["value"]), str)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("0.5", 0.5),
        ("-1.0", -1.0),
        ("1.0e+16", 1e16),
        ("1.5e-07", 1.5e-07),
        *((text, text) for text in ("1.2.3", "10.0.0.0/8", "1Gi", "tRue", "_1", "NaN", "1:60", "0:0", "2024-01")),
    ],
)
def test_resolve_value(text: str, value: object) -> None:
    assert (resolve(text), type(resolve(text))) == (value, type(value))


AMBIGUOUS = """
    True NULL y Off = << +1 007 1_0 1.10 1. .5 1e5 1.0e+999 1e+16 0x1F 0b1 0o7 0b-1 0o+7 -_1 0_x1 ._ -_ 1:30 -1:30.5
    2024-01-02 2001-1-1 2001-12-14t21:59:43Z .inf -.INF .NaN 9223372036854775808
"""


@pytest.mark.parametrize("text", AMBIGUOUS.split())
def test_resolve_plain(text: str) -> None:
    found = resolve(text)
    assert isinstance(found, Plain)
    assert (found.text, repr(found)) == (text, text)


NUMBERS = [
    *string.digits,
    *"+-_.:eExXoObBtTzZ, nNaAiIfFyYsSuUlL~=",
    "0x",
    "0b",
    "0o",
    ".inf",
    ".nan",
    "e+5",
    "2001-",
    "-1",
]
NUMBERS += [":30", "T1:2:3", "no", "yes", "on", "true", "null", "00"]


def plain_values(count: int) -> dict[str, object]:
    """Return texts like numbers, dates and booleans, with the value that `read` gives for them as plain scalars."""
    draw = random.Random(count)  # noqa: S311 - the same texts in each run
    values: dict[str, object] = {}
    while len(values) < count:
        text = "".join(draw.choices(NUMBERS, k=draw.randint(1, 6))).strip()
        found = document(f"k: {text}")
        value = found.data["k"] if isinstance(found.data, dict) and not found.problems else None
        if text and value is not None and not isinstance(value, Plain | dict | list):
            values[text] = value
    return values


def agrees(own: object, other: object) -> bool:
    """Compare values and types; JSON writes 1.0 as 1."""
    if isinstance(own, float) and isinstance(other, int | float):
        return math.isclose(own, other, rel_tol=0) and not isinstance(other, bool)
    return own == other and type(own) is type(other)


def test_all_readers_agree_on_every_plain_value(kustomize: Path, tmp_path: Path) -> None:
    values = plain_values(4000)
    head = "apiVersion: example.com/v1\nkind: Example\nmetadata: {name: example}\nspec:\n"
    text = head + "".join(f"  k{n}: {plain}\n" for n, plain in enumerate(values))
    built = kustomize_build(kustomize, text, tmp_path)
    seen = {name: reader(text) for name, reader in PYTHON.items()}
    seen |= {"kubectl": kubectl(tmp_path / "resources.yaml"), "kustomize and kubectl": kubectl(built)}
    for name, objects in seen.items():
        spec = objects[0]["spec"]
        wrong = [plain for n, (plain, value) in enumerate(values.items()) if not agrees(value, spec[f"k{n}"])]
        assert wrong == [], name


# ------------------------------------------------------------ data that is passed on


def test_keep_plain_keeps_the_text_of_plain_scalars() -> None:
    content = b"1: 1.10\ny: no\n<<: {a: 'b'}\nc:\nd: |\n  e\nf: 99999999999999999999\ng: h\n  i\nj:\tk\n"
    found = read(content, Sources(), "resources.yaml", keep_plain=True)
    assert found.problems == []
    assert isinstance(found.data, dict)
    shown = {key: repr(value) if isinstance(value, Plain) else value for key, value in found.data.items()}
    expected: dict[str, object] = {"1": "1.10", "y": "no", "<<": {"a": "b"}, "c": "", "d": "e\n"}
    assert shown == {**expected, "f": "99999999999999999999", "g": "h i", "j": "k"}
    assert write(found.data) == (
        '"1": 1.10\n"y": no\n"<<":\n  a: b\nc: null\nd: |\n  e\nf: 99999999999999999999\ng: h i\nj: k\n'
    )


def test_plain_scalars_of_several_lines_are_written_as_text() -> None:
    content = b"a: b\n\n  - c\nd: e\tf\n"
    found = read(content, Sources(), "resources.yaml", keep_plain=True)
    assert write(found.data) == 'a: "b\\n- c"\nd: "e\\tf"\n'
