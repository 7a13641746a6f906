"""Tolerant reading of foreign YAML, compared with what kustomize and PyYAML make of it."""

import gc
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard.files.yaml import Document, ListMarks, MapMarks, Sources
from modelyard.files.yaml.stream import read_all
from modelyard.kustomize.build import build
from tests.support.viya_deployments import bodies, lay


def read(text: str | bytes, *, yaml_1_1: bool = False) -> tuple[list[Document], Sources]:
    sources = Sources()
    content = text.encode() if isinstance(text, str) else text
    return read_all(content, sources, "file.yaml", yaml_1_1=yaml_1_1), sources


def data(text: str | bytes, *, yaml_1_1: bool = False) -> list[Any]:
    return [each.data for each in read(text, yaml_1_1=yaml_1_1)[0]]


def problems(text: str | bytes) -> list[str]:
    return [f"{each.place} {each.code}" for document in read(text)[0] for each in document.problems]


def places(document: Document, sources: Sources) -> Any:
    """Return the line and column of each value in the shape of the data, and of each key with it."""

    def of(marks: Any) -> Any:
        if isinstance(marks, MapMarks):
            return {f"{key} {where(mark)}": of(each) for key, (mark, each) in marks.entries.items()}
        return [of(each) for each in marks.items] if isinstance(marks, ListMarks) else where(marks)

    def where(mark: int) -> str:
        place = sources.place(mark)
        return f"{place.line}:{place.column}"

    return of(document.marks)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n---\nb: 2\n...\n---\n# only a comment\n---\n- c\n", [{"a": 1}, {"b": 2}, ["c"]]),
        ("\ufeffa: 1\r\nb:\r\n- 2\r\n", [{"a": 1, "b": [2]}]),
        ("", []),
        ("---\n---\n", []),
        ("just text", ["just text"]),
        ("a: &x {k: [1]}\nb: *x\nc: [*x]\n", [{"a": {"k": [1]}, "b": {"k": [1]}, "c": [{"k": [1]}]}]),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n", [{"a": {"k": 1, "l": 2}, "b": {"k": 3, "l": 2}}]),
        ("x: &x {k: 1}\ny: &y {k: 2, m: 3}\nb:\n  <<: [*x, *y]\n",
         [{"x": {"k": 1}, "y": {"k": 2, "m": 3}, "b": {"k": 1, "m": 3}}]),
        ('"<<": 1\n', [{"<<": 1}]),
        ("&k a: 1\nb: *k\n", [{"a": 1, "b": "a"}]),
        ("a: !!str 1\nb: !!int '1'\nc: !custom x\nd: !!float 1\ne: ! 1\n",
         [{"a": "1", "b": 1, "c": "x", "d": 1, "e": "1"}]),
        ("1: a\ntrue: b\n~: c\n", [{"1": "a", "true": "b", "~": "c"}]),
        ("{image: cr.example.com:5000/x, digest: sha256:1f}\n---\na: [b:c]\n",
         [{"image": "cr.example.com:5000/x", "digest": "sha256:1f"}, {"a": ["b:c"]}]),
        ("%YAML 1.1\n---\na: 1\n", [{"a": 1}]),
        ("a: 'tab\there'\nb:\tc\n", [{"a": "tab\there", "b": "c"}]),
    ],
)  # fmt: skip
def test_what_is_read(text: str, expected: list[Any]) -> None:
    documents, _ = read(text)
    assert [each.data for each in documents] == expected
    assert [each.problems for each in documents] == [[] for _ in expected]


@pytest.mark.parametrize("yaml_1_1", [False, True])
def test_scalars_are_what_kustomize_takes_them_for(
    *, yaml_1_1: bool, kustomize: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "true True TRUE false yes Yes YES no on off y N ~ null Null NULL nUll 0 -1 +2 010 089 0x1F 0o17 0b11"
    words += " 1_000 1.5 .5 1. 1e3 1E-2 -1.5e+3 1:30 1.10 9007199254740991 abc - + . _ -x 1x 0x 1__0 _1 0.0 -0 00 <"
    scalars = [each for each in words.split() if each != "-"]
    listed = "\n".join(f"- {each}" for each in scalars)
    monkeypatch.setenv("PATH", str(kustomize.parent))
    # As a value of a JSON Patch, or in an object.
    value = listed.replace("\n", "\n      ")
    patch = f"- op: add\n      path: /list\n      value:\n      {value}"
    patches = f"patches:\n- target: {{kind: Kind}}\n  patch: |-\n    {patch}\n" if yaml_1_1 else ""
    made = "" if yaml_1_1 else f"list:\n{listed}\n"
    files = {
        "kustomization.yaml": f"resources: [a.yaml]\n{patches}",
        "a.yaml": f"apiVersion: example.com/v1\nkind: Kind\nmetadata: {{name: a}}\n{made}",
    }
    result = build(lay(tmp_path, files))
    assert not result.problems, result.problems
    [theirs] = bodies(result.stream)
    [ours] = data(f"list:\n{listed}\n", yaml_1_1=yaml_1_1)
    assert dict(zip(scalars, ours["list"], strict=True)) == dict(zip(scalars, theirs["list"], strict=True))


def test_every_value_and_key_has_its_place() -> None:
    documents, sources = read("a: [x, {b: 'y'}]\n---\n# c\nd: |\n  text\ne: &n 1\nf: *n\n")
    assert places(documents[0], sources) == {"a 1:1": ["1:5", {"b 1:9": "1:12"}]}
    assert places(documents[1], sources) == {"d 4:1": "4:4", "e 6:1": "6:4", "f 7:1": "6:4"}


@pytest.mark.parametrize("other", ["\x85", "\u2028", "\u2029"])
def test_lines_are_counted_as_editors_count_them(other: str) -> None:
    text = f"# a{other}# b\na: 'x{other}y'\r\nb: |\n  t{other}  u\rc: [1, 2]\n---\nd: {{e: \U0001f600, f: 1}}\n"
    documents, sources = read(text)
    assert places(documents[0], sources) == {"a 2:1": "2:4", "b 3:1": "3:4", "c 5:1": ["5:5", "5:8"]}
    assert places(documents[1], sources) == {"d 7:1": {"e 7:5": "7:8", "f 7:11": "7:14"}}
    assert problems(f"a: 'x{other}y'\nb: 1\nb: 2\n") == ["file.yaml:3:1 MY004"]
    assert problems(f"a: 'x{other}y'\nb: [\n") == ["file.yaml:3:1 MY001"]


def test_a_part_of_a_file_has_the_places_of_the_file() -> None:
    sources = Sources()
    start = sources.add("file.yaml") + (4 << 24) + 2  # line 5, column 3
    [document] = read_all(b"a: 1\nb: [\n", sources, "file.yaml", start=start)
    assert [str(each.place) for each in document.problems] == ["file.yaml:7:3"]
    [document] = read_all(b"a: 1\nb: 2\n", sources, "file.yaml", start=start)
    assert places(document, sources) == {"a 5:3": "5:6", "b 6:3": "6:6"}


def test_of_two_equal_keys_the_last_wins_and_both_are_named() -> None:
    documents, _ = read("a: 1\nb: 2\na: 3\n---\nc: {d: 1, d: 2}\n")
    assert [each.data for each in documents] == [{"a": 3, "b": 2}, {"c": {"d": 2}}]
    assert [[(str(each.place), str(each.related[0].place)) for each in one.problems] for one in documents] == [
        [("file.yaml:3:1", "file.yaml:1:1")],
        [("file.yaml:5:11", "file.yaml:5:5")],
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\n---\nb: [\n", ["file.yaml:4:1 MY001"]),
        ("a: *x\n", ["file.yaml:1:4 MY001"]),
        ("a: &x 1\n---\nb: *x\n", ["file.yaml:3:4 MY001"]),
        ("a: &x [*x]\n", ["file.yaml:1:8 MY001"]),
        ("? [a]\n: 1\nb: 2\n", ["file.yaml:1:3 MY012"]),
        ("a: &x [1]\n*x : 2\n", ["file.yaml:2:1 MY012"]),
        ("a: \x01\n", ["file.yaml:1:4 MY003"]),
        (b"\xff\xfea\x00", ["file.yaml:1:1 MY002"]),
        (b"a: \xff\n", ["file.yaml:1:4 MY002"]),
        ("[" * 300 + "]" * 300, ["file.yaml:1:201 MY009"]),
        ("{a: " * 100_000, ["file.yaml:1:801 MY009"]),
    ],
)
def test_what_cannot_be_read_has_its_place(text: str | bytes, found: list[str]) -> None:
    assert problems(text) == found


def test_what_was_read_before_a_mistake_is_kept() -> None:
    assert data("a: 1\n---\nb: 2\n---\nc: [\n") == [{"a": 1}, {"b": 2}, None]


def laughs(width: int, depth: int) -> str:
    lines = ["a0: &a0 [" + ", ".join(["x"] * width) + "]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * width) + "]" for i in range(1, depth)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("text", [laughs(10, 10), laughs(2, 60), laughs(1, 400)], ids=["wide", "deep", "chain"])
def test_a_billion_laughs_end_at_once(text: str) -> None:
    start = time.process_time()
    assert [each[-5:] for each in problems(text)] == ["MY009"]
    assert time.process_time() - start < 2


def test_a_stream_of_a_thousand_objects_takes_no_longer_than_pyyaml_does(shared: Path) -> None:
    loader = getattr(yaml, "CSafeLoader", None)
    if loader is None:
        pytest.skip("PyYAML is without libyaml here")
    one = (shared / "data" / "viya-base" / "expected.yaml").read_bytes()
    stream = b"---\n".join([one] * 60)
    ratios = []
    gc.disable()  # as every command does while it reads; what other tests have left in memory is not this one's matter
    for _ in range(3):
        start = time.process_time()
        ours = data(stream)
        middle = time.process_time()
        theirs = list(yaml.load_all(stream, loader))
        ratios.append((middle - start) / (time.process_time() - middle))
    gc.enable()
    assert len(ours) == 1_020
    assert ours == theirs
    assert min(ratios) < 2.5, ratios  # 0.9 to 1.1 on a quiet machine, with a place for every value
