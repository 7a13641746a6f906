"""What is read and what is refused, against other readers and the YAML test suite.

The suite's inputs are in tests/support/hostile, with what gopkg.in/yaml.v3 said of each: kustomize and kubectl have it.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from ruamel.yaml import YAML

from modelyard.files.yaml import Document, Sources, read
from modelyard.files.yaml.flow import later
from modelyard.files.yaml.nodes import parse
from modelyard.files.yaml.parser import CParser
from modelyard.files.yaml.stream import read_all
from modelyard.modelsfile.load import load_text
from tests.conftest import ROOT

SUITE = ROOT / "tests" / "support" / "hostile" / "yaml-test-suite.tsv"
# Documents that kustomize reads, and that are refused here: a value that is left out before a comma.
REFUSED = {"4ABK"}
# No YAML 1.2, and yet read in a stream, which no other of the readers here does: directives, which say nothing here.
READ_ALONE = {"H7TQ", "QLJ7", "SF5V"}


class Case(NamedTuple):
    """A document of the suite."""

    name: str
    is_yaml: bool
    go_reads: bool
    text: str


def suite() -> list[Case]:
    rows = [line.split("\t") for line in SUITE.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [Case(name, valid == "yes", go == "yes", json.loads(text)) for name, valid, go, text in rows]


def reads(read_it: Callable[[], Any]) -> bool:
    try:
        read_it()
    except Exception:  # noqa: BLE001 - whatever a reader raises, it has not read the text
        return False
    return True


def is_syntax(document: Document) -> bool:
    return any(each.code == "MY001" and "nothing is named" not in each.message for each in document.problems)


def is_read(text: str) -> bool:
    return not any(is_syntax(each) for each in read_all(text.encode(), Sources(), "stream.yaml"))


def test_the_suite_is_whole() -> None:
    cases = suite()
    assert len(cases) == 402
    assert sum(not each.is_yaml for each in cases) == 94


def test_what_kustomize_reads_of_the_suite_is_read() -> None:
    assert {each.name for each in suite() if each.is_yaml and each.go_reads and not is_read(each.text)} == REFUSED


def others_read(case: Case) -> bool:
    return (
        case.go_reads
        or reads(lambda: list(yaml.compose_all(case.text, Loader=yaml.SafeLoader)))
        or reads(lambda: list(YAML(typ="safe", pure=True).compose_all(case.text)))
    )


def test_what_is_no_yaml_is_read_only_where_others_read_it_too() -> None:
    read_here = [each for each in suite() if not each.is_yaml and is_read(each.text)]
    assert len(read_here) == 20
    assert {each.name for each in read_here if not others_read(each)} == READ_ALONE
    models = [each for each in suite() if not each.is_yaml and not document(each.text).problems]
    assert len(models) == 6
    assert all(map(others_read, models))


def document(text: str) -> Document:
    return read(text.encode(), Sources(), "models.yaml")


def test_what_a_models_file_may_not_hold_is_listed() -> None:
    """Whatever the suite has, it is read, or one of the listed reasons stands against it."""
    listed = {code for _, _, code in refusals()}
    for case in suite():
        assert {each.code for each in document(case.text).problems} <= listed, case.name


def refusals() -> list[tuple[str, str, str]]:
    """Return what docs/explanation/yaml.md says is refused: what, an example, and its code."""
    rows = re.findall(
        r"(?m)^\| (.+?) \| `(.+?)` \| (MY\d+) \|", (ROOT / "docs" / "explanation" / "yaml.md").read_text("utf-8")
    )
    escapes = {"\\n": "\n", "\\t": "\t", "\\ufeff": "\ufeff"}
    return [
        (what, re.sub(r"\\(?:n|t|ufeff)", lambda found: escapes[found[0]], text), code) for what, text, code in rows
    ]


@pytest.mark.parametrize(("what", "text", "code"), refusals())
def test_what_is_listed_is_refused(what: str, text: str, code: str) -> None:
    assert what
    assert code in {each.code for each in load_text(text.encode(), "models.yaml", Path()).problems}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("{image: split:1}", {"image": "split:1"}),
        ("{U: https://x}", {"U": "https://x"}),
        ("a: [b:c, d::e, 'f', \"g\", 10:30h]", {"a": ["b:c", "d::e", "f", "g", "10:30h"]}),
        ("a: {b: c:d, e: [arn:aws:iam::1:role/x]}", {"a": {"b": "c:d", "e": ["arn:aws:iam::1:role/x"]}}),
        ('{"a":b:c, "d":"e"}', {"a": "b:c", "d": "e"}),
        ("{a: b, d: e#f:g}", {"a": "b", "d": "e#f:g"}),
    ],
)  # fmt: skip
def test_colons_in_flow_style_are_text(text: str, data: dict[str, Any]) -> None:
    found = document(text)
    assert (found.data, found.problems) == (data, [])
    (streamed,) = read_all(text.encode(), Sources(), "stream.yaml")
    assert (streamed.data, streamed.problems) == (data, [])
    tree, problems = parse(text.encode(), Sources(), "kustomization.yaml")
    assert tree
    assert problems == []
    assert yaml.safe_load(text) == YAML(typ="safe", pure=True).load(text) == data


def test_places_behind_such_a_colon_are_right() -> None:
    text = "# é\na: {b: c:d,\n  é: x:y, b: 1}\n"
    found = document(text)
    (problem,) = found.problems
    assert problem.code == "MY004"
    assert problem.place
    assert (problem.place.line, problem.place.column) == (3, 11)
    tree, _ = parse(text.encode(), Sources(), "kustomization.yaml")
    assert tree
    assert tree.root
    inner = tree.root.children[1]
    assert [text[each.start : each.end] for each in inner.children] == ["b", "c:d", "é", "x:y", "b", "1"]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("{a: b:c, d: e\n", "MY001", (2, 1)),
        ("{a: b:c, d: 'e\n", "MY001", (1, 13)),
        ("{a: b:c}\nd: *x\n", "MY001", (2, 1)),
        ("{a: b:c, d: *x}\n", "MY005", (1, 13)),
        ("{a: b:c, d:\te}\n", "MY001", (1, 12)),
        ("{a: b:, c: d}\n", "MY001", (1, 6)),
        ("{a: b:c, d: [https://x?y]}\n", "MY001", (1, 14)),
    ],
)
def test_mistakes_behind_such_a_colon_are_placed(text: str, code: str, place: tuple[int, int]) -> None:
    (found,) = document(text).problems
    assert found.code == code
    assert found.place
    assert (found.place.line, found.place.column) == place


def _seen(event: Any) -> tuple[Any, ...]:
    tag = getattr(event, "ctag", None)
    return (
        type(event),
        *(getattr(event, name, None) for name in ("value", "anchor", "flow_style", "explicit")),
        None if tag is None else str(tag),
        getattr(event, "style", None) or "",
        *((mark.index, mark.line, mark.column) for mark in (event.start_mark, event.end_mark)),
    )


def _events(parser: Any) -> list[tuple[Any, ...]]:
    events = [_seen(parser.get_event())]
    while events[-1][0].__name__ != "StreamEndEvent":
        events.append(_seen(parser.get_event()))
    return events


def test_both_parsers_give_the_same_events_at_the_same_places() -> None:
    compared = 0
    for case in suite():
        if reads(lambda: _events(CParser(case.text.encode()))):  # noqa: B023 - called at once
            if case.name == "U99R":
                continue  # a comma in a tag, which libyaml has refused since 0.2.3
            assert _events(later(case.text.encode())) == _events(CParser(case.text.encode())), case.name
            compared += 1
    assert compared == 270


def test_large_files_in_flow_style_take_time_in_proportion() -> None:
    lines = "".join(f"  - {{name: m{i}, image: 'r/m:1', url: https://x/{i}}}\n" for i in range(60_000))
    found = document(f"a:\n{lines}")
    assert found.problems == []
    assert isinstance(found.data, dict)
    assert len(found.data["a"]) == 60_000


def test_samples_are_read_as_pyyaml_reads_them(shared: Path) -> None:
    """Only what PyYAML refuses too is refused; for what is refused on purpose, see test_hostile_input."""
    read_files = 0
    for path in sorted((shared / "data").rglob("*.yaml")):
        content = path.read_bytes()
        if "yaml-hostile" in path.parts or len(content) > 300_000:
            continue
        read_files += 1
        if any(is_syntax(each) for each in read_all(content, Sources(), path.name)):
            assert not reads(lambda: list(yaml.compose_all(content, Loader=yaml.SafeLoader))), path  # noqa: B023
    assert read_files > 500
