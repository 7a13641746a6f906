"""Names, arguments and digits that others chose: they end no line, control no terminal, and are what they look like."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import yaml

import modelyard
from modelyard import api
from modelyard.kustomize import site_config
from modelyard.render.component import HEADER
from tests.api.test_edits import FILE
from tests.conftest import Run

pytestmark = pytest.mark.long

PACKAGE: Final = Path(modelyard.__file__).parent
UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
ASKS: Final = frozenset(["isdecimal", "isdigit", "isnumeric"])


@cache
def _sources() -> dict[Path, ast.AST]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def _texts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module that may be expressions, and none of its docstrings."""
    prose = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in prose:
            yield each.value


def _asked(node: ast.AST) -> set[str]:
    return {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def test_no_expression_takes_other_digits_than_ascii() -> None:
    r"""In an expression over str, \d is each of the 700 digits of Unicode, and int() reads them all."""
    digit = re.compile(r"(?<!\\)\\d")
    found = [(path.name, text) for path, tree in _sources().items() for text in _texts(tree) if digit.search(text)]
    assert found == []


def test_who_asks_for_digits_asks_for_ascii_too() -> None:
    found = []
    for path, tree in _sources().items():
        asked = sum(isinstance(each, ast.Attribute) and each.attr in ASKS for each in ast.walk(tree))
        together = [
            each
            for each in ast.walk(tree)
            if isinstance(each, ast.BoolOp) and _asked(each) & ASKS and "isascii" in _asked(each)
        ]
        covered = {
            id(inner)
            for each in together
            for inner in ast.walk(each)
            if isinstance(inner, ast.Attribute) and inner.attr in ASKS
        }
        found += [path.name] * (asked - len(covered))
    assert found == []


@pytest.mark.parametrize(
    "field",
    [
        "targets: {knative: {window: '60s'}}",
        "targets: {knative: {}}, resources: {limits: {cpu: '5'}}",
        "targets: {knative: {}}, image: 'host:80/a:b'",
    ],
)
def test_digits_of_a_models_file_are_ascii(tmp_path: Path, field: str) -> None:
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  models:\n"
    image = "" if "image" in field else "image: 'a:1', "
    fullwidth = re.sub("[0-9]", lambda found: chr(ord("\uff10") + int(found[0])), field)
    for written, found in ((field, False), (fullwidth, True)):
        (tmp_path / "models.yaml").write_text(f"{head}    - {{name: a, {image}{written}}}\n", "utf-8")
        assert ("MY105" in [each.code for each in api.check(tmp_path)]) == found


def test_the_name_of_a_folder_stays_a_comment(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    (deploy / "kustomization.yaml").write_text("resources: []\n", "utf-8")
    folder = tmp_path / "set\nresources: [evil.yaml]\x1b[31m"
    folder.mkdir()
    content = {"kustomization.yaml": f"{HEADER}\nkind: Component\n"}
    change, problems = site_config.installation(deploy, "risk", content, folder / "models.yaml")
    assert change is not None, problems
    assert change.content is not None
    text = change.content["kustomization.yaml"]
    assert yaml.safe_load(text) == {"kind": "Component"}
    assert r"set\u000aresources: [evil.yaml]\u001b[31m" in text


def test_a_diff_controls_no_terminal(tmp_path: Path, modelyard: Run) -> None:
    folder = tmp_path / "a\x1b[31mb"
    folder.mkdir()
    (folder / "models.yaml").write_text(FILE, "utf-8")
    assert modelyard("render", "-f", folder).returncode == 0
    (folder / "generated/x\x1b[2J.yaml").write_text("\x1b]0;title\x07\n", "utf-8")
    done = modelyard("render", "-f", folder, "--check")
    assert done.returncode == 1
    assert "+++ /dev/null" in done.stdout
    assert not UNSAFE.search(done.stdout + done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [["\x1b[31mred"], ["check", "--\x1b[31mred"], ["check", "\x1b[31mred"], ["render", "a\x1b[31m"],
     ["check", "--format", "\x1b[31m"], ["traffic", "a", "\x1b[31m"], ["score", "a", "\x1b[31m"],
     ["plugin", "\x1b[31m"], ["plugin", "status", "-f", "\x1b[31m"], ["site-config", "status", "\x1b[31m"],
     ["show", "-f", "\x1b[31m", "a"], ["explain", "\x1b[31m"]],
)  # fmt: skip
def test_arguments_control_no_terminal(arguments: list[str], modelyard: Run, tmp_path: Path) -> None:
    done = modelyard(*arguments, cwd=tmp_path)
    assert done.returncode in (0, 1, 2)
    assert not UNSAFE.search(done.stdout + done.stderr)


def test_eight_changes_at_once_all_succeed(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(FILE, "utf-8")
    command = [sys.executable, "-m", "modelyard", "traffic", "churn"]
    shares = [[f"champion={each}", f"challenger={100 - each}"] for each in range(10, 90, 10)]
    runs = [
        subprocess.Popen([*command, *each], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for each in shares
    ]
    ended = [each.communicate(timeout=120) for each in runs]
    assert [each.returncode for each in runs] == [0] * 8, ended
    assert api.check(tmp_path / "models.yaml") == []
