"""Documents of a stream that are alike: what follows from a few of them is what parsing all of them gives."""

import random
from typing import Any

import pytest

from modelyard.files.yaml import Document, MapMarks, Marks, Sources
from modelyard.files.yaml.alike import _SCALAR, Alike
from modelyard.files.yaml.stream import read_all
from tests.conftest import ROOT
from tests.files.test_yaml_suite import suite

# What a scalar may be: of every type, read differently by some, with what means something elsewhere, in every style.
SCALARS = (
    "a", "model-1", "registry.example.com:5000/models/a:1.0.0", "yes", "on", "null", "true", "0", "12", "1_000", "0x1F",
    "1:30", "010", "1e3", "1.10", "2024-01-02", "a--", "a.b/c_d", '""', '"a b"', '"#"', "'- a'", "'{a: b}'", '"1"',
    "''", "|", ">", "*a", "&a b", "!!str 1", "a #b", "{a: b}", "[a]", "a b", '"a', "'", "a:", "- a", '"\\n"', "é",
)  # fmt: skip
GENERATED = sorted(ROOT.glob("tests/render/cases/*/expected/**/*.yaml"))
TIMES = 40


def shape(marks: Marks) -> Any:
    if isinstance(marks, int):
        return marks
    if isinstance(marks, MapMarks):
        return marks.at, [(key, mark, shape(below)) for key, (mark, below) in marks.entries.items()]
    return marks.at, [shape(below) for below in marks.items]


def everything(documents: list[Document]) -> list[Any]:
    return [(repr(each.data), shape(each.marks), each.problems, each.odd) for each in documents]


class Reader:
    """Reads streams, and counts the documents that others told the shape of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.alike = 0
        self._patch = monkeypatch
        self._run = Alike.run

    def whole(self, text: str, *, yaml_1_1: bool) -> list[Any]:
        """Parse all documents."""
        self._patch.setattr(Alike, "run", lambda *_: False)
        return everything(read_all(text.encode(), Sources(), "stream.yaml", yaml_1_1=yaml_1_1))

    def read(self, text: str, *, yaml_1_1: bool) -> list[Any]:
        """Read a stream as it is read."""

        def counted(alike: Alike, text: str, most: int) -> bool:
            is_read = self._run(alike, text, most)
            self.alike += alike._alike if is_read else 0
            return is_read

        self._patch.setattr(Alike, "run", counted)
        return everything(read_all(text.encode(), Sources(), "stream.yaml", yaml_1_1=yaml_1_1))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    return Reader(monkeypatch)


def stream(document: str, seed: int, *, share: float) -> str:
    """Return a document many times, of whose scalars a share are others each time."""
    chance = random.Random(seed)  # noqa: S311 - no secret

    def other(found: Any) -> str:
        if chance.random() >= share:
            return str(found[0])
        return f" {chance.choice(SCALARS[: 25 if chance.random() < 0.99 else None])}"

    return "\n---\n".join(_SCALAR.sub(other, document) for _ in range(TIMES))


@pytest.mark.parametrize("yaml_1_1", [True, False])
def test_documents_of_the_yaml_test_suite_are_read_alike(reader: Reader, *, yaml_1_1: bool) -> None:
    for seed, case in enumerate(suite()):
        text = stream(case.text, seed, share=0.3)
        assert reader.read(text, yaml_1_1=yaml_1_1) == reader.whole(text, yaml_1_1=yaml_1_1), case.name
    assert reader.alike > 1_000


def test_objects_are_read_alike(reader: Reader) -> None:
    for path in GENERATED[::15]:
        documents = path.read_text("utf-8").split("\n---\n")
        text = "\n---\n".join(stream(each, seed, share=0.02) for seed, each in enumerate(documents))
        assert reader.read(text, yaml_1_1=True) == reader.whole(text, yaml_1_1=True), path
    assert reader.alike > 500


def test_most_documents_of_a_few_shapes_are_not_parsed(reader: Reader) -> None:
    text = "\n---\n".join(f"kind: A\nname: a-{i}\nitems:\n- {i}\n- text: 'a {i}'" for i in range(500))
    assert reader.read(text, yaml_1_1=True) == reader.whole(text, yaml_1_1=True)
    assert reader.alike == 498


@pytest.mark.parametrize(
    "document",
    [
        "%YAML 1.1\n---\na: {i}", "a: |\n  b: {i}\n  c", "a: {i}\n  b", "a: &a {i}\nb: *a", "a: !!str {i}",
        "a: >-\n  - {i}",
        "# Source: a/{i}\na: b", "? a: {i}\n: b", "a: [\n  b: {i}\n  ]", "a:\n- - {i}\n  - b", "a: 'b\n  c: {i}\n  d'",
        "a: {i}\n...", "a: b\n--- # {i}\nc: {i}", "- {i}", "", "# a: {i}", "a: {i}\na: {i}", "<<: {{a: b}}\nc: {i}",
        "{i}", "a: {i}\r\nb: c", "a: {i}\u2028b: c", "\ufeffa: {i}", "a: b\n\tc: {i}", "a : {i}\nb: {i}", "yes: {i}",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_value_is_none(document: str, reader: Reader) -> None:
    for text in ("{}", '"{}"', "x:{}"):
        whole = "\n---\n".join(document.format(i=text.format(i)) for i in range(TIMES))
        assert reader.read(whole, yaml_1_1=True) == reader.whole(whole, yaml_1_1=True)
