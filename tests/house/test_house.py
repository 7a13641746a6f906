"""The rules of the house that a machine can check."""

import ast
import re
from pathlib import Path

import pytest

from modelyard.problems.codes import CODES
from modelyard.targets import SECTIONS, TARGETS, section, target

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "generator" / "modelyard"
SOURCES = sorted(PACKAGE.rglob("*.py"))
# Beside what a command writes as it is.
WRITTEN = ("argocd-cm", "init", "init-kpt", "init-sas-git", "sas-model", "overlay")
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.yaml") if path.parent.name not in WRITTEN)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_target_has_one_name_in_four_places(name: str) -> None:
    assert TARGETS[name] == f"modelyard.targets.{name.replace('-', '_')}"
    assert (ROOT / "templates" / name).is_dir()
    assert list((ROOT / "tests" / "render" / "cases").glob(f"{name}-*"))
    module = target(name)
    assert module.SUMMARY
    assert {field.alias or key for key, field in module.Spec.model_fields.items()} >= module.SHARED_FIELDS


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_a_section_has_one_name_in_four_places(name: str) -> None:
    assert SECTIONS[name] == f"modelyard.targets.{name}"
    assert (ROOT / "templates" / name).is_dir()
    assert list((ROOT / "tests" / "render" / "cases").glob(f"{name}-*"))
    assert section(name).SUMMARY
    assert name not in TARGETS


def test_every_code_is_used_and_explained() -> None:
    sources = (path.read_text("utf-8") for path in SOURCES if path.parent.name != "codes")
    used = {code for text in sources for code in re.findall(r"MY\d{3}", text)}
    assert used - set(CODES) == set()
    assert set(CODES) - used == set()
    for name, code in CODES.items():
        assert code.title, name
        assert code.text.endswith("."), name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_says_what_it_is_and_only_places_values(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("{# ")
    # A filter would lose the place that a value came from; what must be computed is computed in Python.
    assert re.findall(r"\{\{[^}]*\|[^}]*\}\}", text) == []


def test_files_are_short_enough_to_be_one_room() -> None:
    long = {path.name: count for path in SOURCES if (count := len(path.read_text("utf-8").splitlines())) >= 300}
    assert long == {}


def test_functions_are_short() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= 45, f"{path.name}: {node.name} has {length} lines"
