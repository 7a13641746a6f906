"""Each rule's own example: the good one passes all rules, the bad one breaks this rule at that place and no other."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.problems.codes import CODES
from tests.support import rule_examples

CHECK: Final = Path(__file__).parents[2] / "generator" / "modelyard" / "check"
# Of the final stream of a set that we wrote, or of its lock, with tests of their own.
BUILT: Final = frozenset(["MY372", "MY631", "MY632", "MY633", "MY634", "MY635", "MY636", "MY637"])


def _example(path: Path) -> dict[str, Any]:
    example: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return example


@pytest.mark.parametrize("name", rule_examples.OBJECTS)
def test_a_sound_object_has_no_finding(name: str) -> None:
    unchecked = {("MY391", "/0/kind")} if name == "cas" else set()
    assert rule_examples.found([rule_examples.OBJECTS[name]]) == unchecked


@pytest.mark.parametrize("path", rule_examples.FILES, ids=lambda path: path.stem)
def test_the_good_example_passes(path: Path) -> None:
    example = _example(path)
    good = rule_examples.found(rule_examples.changed(example["objects"], example["good"]))
    assert {code for code, _ in good} <= set(example.get("besides", ()))


@pytest.mark.parametrize("path", rule_examples.FILES, ids=lambda path: path.stem)
def test_the_bad_example_fails_where_it_says(path: Path) -> None:
    example = _example(path)
    bad = rule_examples.found(rule_examples.changed(example["objects"], example["bad"]))
    code = path.stem[:5]
    assert {each for each in bad if each[0] not in example.get("besides", ())} == {(code, example["at"].rstrip("/"))}


def test_every_rule_has_an_example() -> None:
    sources = [path.read_text("utf-8") for path in CHECK.rglob("*.py")]
    codes = {code for text in sources for code in re.findall(r'"(MY\d{3})"', text)} - BUILT
    own = {code for code in codes if code.startswith("MY3")}
    assert {path.stem[:5] for path in rule_examples.FILES} == own
    assert len(own) > 50


def test_every_family_names_its_source() -> None:
    families = [path for path in (CHECK / "rules").rglob("*.py") if path.stem != "__init__"]
    assert len(families) > 25
    named = re.compile("[Ss]ource: |Go 1.26|Origins")
    assert {path.stem for path in families if not named.search(path.read_text("utf-8"))} == {"plain_credentials"}


def test_errors_of_rules_are_explained() -> None:
    assert all(CODES[path.stem[:5]].text for path in rule_examples.FILES)
