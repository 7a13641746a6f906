"""Each rule's own example: the good one passes all rules, the bad one breaks this rule at that place and no other."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.codes import CODES
from tests import examples

CHECK: Final = Path(__file__).parent.parent / "generator" / "modelyard" / "check"
# Of the final stream of a set that we wrote, with tests of their own.
BUILT: Final = frozenset(["MY631", "MY632", "MY633", "MY634", "MY635"])


def _example(path: Path) -> dict[str, Any]:
    example: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return example


@pytest.mark.parametrize("name", examples.OBJECTS)
def test_a_sound_object_has_no_finding(name: str) -> None:
    unchecked = {("MY391", "/0/kind")} if name == "cas" else set()
    assert examples.found([examples.OBJECTS[name]]) == unchecked


@pytest.mark.parametrize("path", examples.FILES, ids=lambda path: path.stem)
def test_the_good_example_passes(path: Path) -> None:
    example = _example(path)
    good = examples.found(examples.changed(example["objects"], example["good"]))
    assert {code for code, _ in good} <= set(example.get("besides", ()))


@pytest.mark.parametrize("path", examples.FILES, ids=lambda path: path.stem)
def test_the_bad_example_fails_where_it_says(path: Path) -> None:
    example = _example(path)
    bad = examples.found(examples.changed(example["objects"], example["bad"]))
    code = path.stem[:5]
    assert {each for each in bad if each[0] not in example.get("besides", ())} == {(code, example["at"].rstrip("/"))}


def test_every_rule_has_an_example() -> None:
    sources = [path.read_text("utf-8") for path in CHECK.glob("*.py")]
    codes = {code for text in sources for code in re.findall(r'"(MY\d{3})"', text)} - BUILT
    own = {code for code in codes if code.startswith("MY3")} | {"MY208"}
    assert {path.stem[:5] for path in examples.FILES} == own
    assert len(own) > 50


def test_every_family_names_its_source() -> None:
    machinery = {
        "__init__",
        "finding",
        "objects",
        "pod_templates",
        "quantities",
        "kinds",
        "openapi",
        "stream",
        "differences",
        "built",
        "site_config",
    }
    silent = [
        path.stem
        for path in CHECK.glob("*.py")
        if not re.search("[Ss]ource: |Go 1.26|Origins", path.read_text("utf-8"))
    ]
    assert set(silent) - machinery == {"plain_credentials"}


def test_errors_of_rules_are_explained() -> None:
    assert all(CODES[path.stem[:5]].text for path in examples.FILES)
