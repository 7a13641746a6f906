"""Writing YAML: every string, as a value and as a key, is the same string to all readers."""

import json
import random
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from modelyard.files.yaml import MAX_PROBLEMS, Plain, Sources, quote, read, write, write_all
from tests.support.hostile.readers import PYTHON, Objects, kubectl, kustomize_build, own
from tests.support.shares import examples

# What the format refuses in text, because kustomize cannot carry it.
REFUSED: Final = re.compile("[\x00\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
MAX_KEY: Final = 1022
# kustomize 5.8.1 writes this key without quotes, and who reads that takes it for a merge key. Kubernetes allows the
# character in no key that a models file holds.
MERGE: Final = "<<"
# kustomize 5.8.1 writes these annotations as a block that starts with a tab, and stops when it reads that.
TAB_FIRST: Final = re.compile("\t.*\n")


def hostile_strings(shared: Path) -> list[str]:
    rows = json.loads((shared / "data" / "yaml-hostile" / "strings.json").read_text())
    return [row["value"] for row in rows]


def objects_with(strings: list[str]) -> Objects:
    """Return objects that hold the strings wherever text can stand: as value, item and key, flat and deep."""
    values = {f"k{n}": text for n, text in enumerate(strings)}
    keys = {text: f"v{n}" for n, text in enumerate(strings) if len(text) <= MAX_KEY and text != MERGE}
    pairs = [{"value": text, text: "x"} for text in keys]
    annotations = {key: text for key, text in values.items() if not TAB_FIRST.match(text)}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "values"}, "data": values},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "keys"}, "data": keys},
        {
            "apiVersion": "example.com/v1",
            "kind": "Example",
            "metadata": {"name": "nested", "annotations": annotations},
            "spec": {"texts": strings, "nested": {"keys": keys, "lists": [[text] for text in strings], "pairs": pairs}},
        },
    ]


def by_name(objects: Objects) -> dict[str, Any]:
    return {each["metadata"]["name"]: each for each in objects}


# ------------------------------------------------------------ the hostile strings


@pytest.mark.parametrize("reader", [*PYTHON.values(), own], ids=[*PYTHON, "modelyard"])
def test_hostile_strings_come_back(reader: Any, shared: Path) -> None:
    objects = objects_with([text for text in hostile_strings(shared) if not REFUSED.search(text)])
    assert len(objects[0]["data"]) == 360
    assert reader(write_all(objects)) == objects


def test_hostile_strings_reach_the_cluster(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    """Kubectl reads what was written, and what kustomize made of it, without a change.

    kustomize's output is read with kubectl, as users pipe it: PyYAML stops at the plain `=` and `0x_` in it.
    """
    objects = objects_with([text for text in hostile_strings(shared) if not REFUSED.search(text)])
    built = kustomize_build(kustomize, write_all(objects), tmp_path)
    assert by_name(kubectl(tmp_path / "resources.yaml")) == by_name(objects)
    assert by_name(kubectl(built)) == by_name(objects)


def test_what_the_format_refuses_is_refused_as_value_and_as_key(shared: Path) -> None:
    refused = [text for text in hostile_strings(shared) if REFUSED.search(text)]
    assert len(refused) == 10
    for text in refused:
        escaped = "".join(f"\\u{ord(character):04x}" for character in text)
        for content in (f'k: "{escaped}"', f'"{escaped}": v', f'k: [{{"{escaped}": "{escaped}"}}]'):
            found = read(content.encode(), Sources(), "models.yaml").problems
            assert {each.code for each in found} == {"MY003"}, content


@pytest.mark.parametrize("number", [0, 0x7F, 0x80, 0x9F, 0xFFFE, 0xFFFF])
def test_refused_characters(number: int) -> None:
    for content in (f'k: "a\\u{number:04x}"', f'"\\u{number:04x}": v', f"k: {chr(number)}", f"# {chr(number)}"):
        assert [each.code for each in read(content.encode(), Sources(), "models.yaml").problems] == ["MY003"]


@pytest.mark.parametrize("number", [0xD800, 0xDFFF])
def test_lone_surrogates_are_no_text(number: int) -> None:
    raw = f"k: {chr(number)}".encode("utf-8", "surrogatepass")
    assert [each.code for each in read(raw, Sources(), "models.yaml").problems] == ["MY002"]
    escaped = f'k: "\\u{number:04x}"'.encode()
    assert [each.code for each in read(escaped, Sources(), "models.yaml").problems] == ["MY001"]


# ------------------------------------------------------------ generated strings

CHARACTERS: Final = [
    *" \n\n\t\r:#-?,[]{}&*!|>'\"%@`=<~.+_0123456789aeEnNyYxoO\\/$()é😀",
    *"\u00a0\u2028\ufeff\u202e\x1b\x01",
]
WORDS: Final = [
    " #",
    ": ",
    "- ",
    "---",
    "\n  ",
    "\n\n",
    "...",
    "\n---\n",
    "\n# ",
    "a\nb",
    "true",
    "null",
    "0x",
    "1e5",
    "\t\n",
]


def made_strings(count: int) -> list[str]:
    draw = random.Random(0)  # noqa: S311 - the same strings in each run
    return ["".join(draw.choices(CHARACTERS + WORDS, k=draw.choice([1, 2, 3, 4, 6, 10, 20, 40]))) for _ in range(count)]


def test_made_strings_come_back_from_all_readers(kustomize: Path, tmp_path: Path) -> None:
    strings = made_strings(10_000)
    objects = objects_with(strings[:1000])
    objects[0]["data"] = {f"k{n}": text for n, text in enumerate(strings)}
    text = write_all(objects)
    assert PYTHON["PyYAML with libyaml"](text) == own(text) == objects
    built = kustomize_build(kustomize, text, tmp_path)
    assert by_name(kubectl(tmp_path / "resources.yaml")) == by_name(objects)
    assert by_name(kubectl(built)) == by_name(objects)


ALLOWED = st.characters(
    exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff" + "".join(map(chr, range(0x7F, 0xA0)))
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(ALLOWED)
    | st.lists(st.sampled_from(CHARACTERS + WORDS)).map("".join)
)
KEYS = st.text(ALLOWED, max_size=40) | st.sampled_from(["y", "<<", "=", "1", "", "a.b/c"])
DATA = st.recursive(SCALARS, lambda below: st.lists(below) | st.dictionaries(KEYS, below), max_leaves=12)


def types_in(data: object) -> object:
    """Return the data with the type of each scalar: 1, 1.0 and True are equal in Python."""
    if isinstance(data, dict):
        return {key: types_in(item) for key, item in data.items()}
    return [types_in(item) for item in data] if isinstance(data, list) else (type(data).__name__, data)


@pytest.mark.many
@examples(150)
@given(st.dictionaries(KEYS, DATA))
def test_what_is_written_is_read_back(data: dict[str, object]) -> None:
    text = write(data)
    found = read(text.encode(), Sources(), "output.yaml")
    if data:
        assert (found.problems, types_in(found.data)) == ([], types_in(data))
    assert types_in(yaml.safe_load(text)) == types_in(data)
    assert types_in(YAML(typ="safe", pure=True).load(text)) == types_in(data)


# ------------------------------------------------------------ the style


def test_style() -> None:
    data = {
        "apiVersion": "v1",
        "on": {"y": True, "/x": None, "$remove": [], "a b": {}, "NaN": 1.5e300, "": 1e16},
        "list": [1, "1", [2, [3]], {"a": 1, "b": {"c": "d"}}, "x\ny", [], {}],
        "text": "#!/bin/sh\n\n\techo # 'a'\n",
        "Caddyfile": ":80 {\n\tlog\n}",
    }
    assert write(data) == (
        "apiVersion: v1\n"
        '"on":\n  "y": true\n  /x: null\n  $remove: []\n  "a b": {}\n  "NaN": 1.5e+300\n  "": 1.0e+16\n'
        'list:\n- 1\n- "1"\n-\n  - 2\n  -\n    - 3\n- a: 1\n  b:\n    c: d\n- |-\n  x\n  y\n- []\n- {}\n'
        "text: |\n  #!/bin/sh\n\n  \techo # 'a'\n"
        "Caddyfile: |-\n  :80 {\n  \tlog\n  }\n"
    )


def test_documents_are_kept_apart() -> None:
    assert write_all([{"a": 1}, {"b": "---\n"}]) == "a: 1\n---\nb: |\n  ---\n"
    assert write_all([]) == ""
    assert write({}) == "{}\n"
    assert write([{"a": 1}, "b"]) == "- a: 1\n- b\n"
    assert write("a\nb") == '"a\\nb"\n'


LINES: Final = ["a\nb", "a\n", "a\n\n\nb\n", "#\n---\n...\n- a: 'b'", "a\n  b\nc\n", "a\tb\n\tc", "é\n😀 x"]
INDENTED: Final = ["\na", "\n a", " a\nb", "\ta\nb"]
TRAILING: Final = ["\n", "\n\n", "a \nb", "a\t\nb", "a\nb ", "a\n ", "a\n\n", "a\n\t\n", "a\u00a0\nb\u00a0"]
CONTROL: Final = ["a\r\nb", "a\n\rb", "a\n\x1b", "a\n\x85", "a\n\u2028b", "a\n\ufeff", "a\n\u202e"]


@pytest.mark.parametrize("text", LINES)
def test_lines_are_a_literal_block(text: str) -> None:
    assert write({"k": text, "l": [text]}).count('"') == 0
    assert yaml.safe_load(write({"k": text, "l": [[text]]})) == {"k": text, "l": [[text]]}


@pytest.mark.parametrize("text", INDENTED + TRAILING + CONTROL)
def test_lines_that_a_block_could_change_are_quoted(text: str) -> None:
    assert write({"k": text}) == f"k: {quote(text)}\n"


def test_control_and_bidirectional_characters_are_escaped() -> None:
    assert quote('\x00\x1b\x7f\x85\u2028\u202e\u2066\ufeff"\\/é😀\n\t') == (
        '"\\u0000\\u001b\\u007f\\u0085\\u2028\\u202e\\u2066\\ufeff\\"\\\\/é😀\\n\\t"'
    )


def test_subclasses_are_written_as_what_they_are() -> None:
    class Text(str):
        __slots__ = ()

        def __repr__(self) -> str:
            return "wrong"

    class Number(int):
        def __repr__(self) -> str:
            return "wrong"

    assert write({Text("a"): Text("b\nc"), "d": Text("e"), "f": Number(1)}) == "a: |-\n  b\n  c\nd: e\nf: 1\n"


def test_plain_is_written_as_it_was_read() -> None:
    assert write({"a": Plain("1.10"), "b": [Plain("no")], "c": Plain("")}) == "a: 1.10\nb:\n- no\nc: null\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), {"k" * 1023: 1}, {"<" * 171: 1}])
def test_what_has_no_spelling(value: object) -> None:
    with pytest.raises(ValueError, match=r"no spelling in JSON|is too long"):
        write(value)


@pytest.mark.parametrize("value", [object(), (1,), {1: 2}, {None: 1}, {b"a": 1}, b"a", {"a": {1}}])
def test_what_is_no_yaml_data(value: object) -> None:
    with pytest.raises(TypeError):
        write(value)


@pytest.mark.parametrize("text", ["k", "é", "\u202e", "\x01", "<", '"'])
def test_longest_keys_come_back(text: str, kustomize: Path, tmp_path: Path) -> None:
    longest = max(n for n in range(1, MAX_KEY + 1) if is_written(text * n))
    data = {"apiVersion": "example.com/v1", "kind": "Example", "metadata": {"name": "a"}, "spec": {text * longest: "v"}}
    for reader in (*PYTHON.values(), own):
        assert reader(write(data)) == [data]
    assert kubectl(kustomize_build(kustomize, write(data), tmp_path)) == [data]


def is_written(key: str) -> bool:
    try:
        return bool(write({key: 1}))
    except ValueError:
        return False


def test_long_and_odd_texts_take_no_time() -> None:
    """Linear in the length: a backtracking expression would not end on one of these."""
    for unit in ("a", "1", ":1", ":", ".", "_", "/:", "\n", "a\n", " ", "a \n", "\ta\n", "é", '"'):
        for text in ("a" + unit * 300_000, unit * 300_000 + "é"):
            assert read(write({"k": text}).encode(), Sources(), "output.yaml").data == {"k": text}


def test_refused_in_many_places_ends_at_the_limit() -> None:
    content = "\n".join(f'k{n}: "\\x80"' for n in range(200))
    assert len(read(content.encode(), Sources(), "models.yaml").problems) == MAX_PROBLEMS
