"""Cases: a folder with models.yaml and what comes of it, as expected/ (the files of generated/) or problems.txt.

`pytest --update` rewrites what is expected; `git diff` is then read like any change.
"""

from datetime import date
from pathlib import Path

import pytest

from modelyard import api
from modelyard.problems import has_errors
from modelyard.report.text import text
from modelyard.targets import SECTIONS, TARGETS

CASES = Path(__file__).parent / "cases"
NAMES = [*TARGETS, *SECTIONS]
TODAY = date(2026, 11, 24)  # what restores are measured by
FOLDERS = sorted(path for path in CASES.iterdir() if path.is_dir())


def test_every_target_has_a_case() -> None:
    assert FOLDERS
    for folder in FOLDERS:
        assert any(folder.name.startswith(f"{name}-") for name in NAMES), f"{folder.name}: no target is named so"
    for name in NAMES:
        assert any(folder.name.startswith(f"{name}-") for folder in FOLDERS), f"{name}: there is no case"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case(folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    result = api.overlay(today=TODAY)
    problems = text(result.problems)
    content = {} if has_errors(result.problems) else result.content
    if request.config.getoption("--update"):
        _update(folder, problems, content)
    written = folder / "problems.txt"
    assert problems == (written.read_text("utf-8") if written.exists() else "")
    expected = folder / "expected"
    files = [path for path in sorted(expected.rglob("*")) if path.is_file()]
    assert content == {path.relative_to(expected).as_posix(): path.read_text("utf-8") for path in files}
    assert problems or content, "a case that gives nothing tests nothing"


def _update(folder: Path, problems: str, content: dict[str, str]) -> None:
    if problems:
        (folder / "problems.txt").write_text(problems, "utf-8")
    else:
        (folder / "problems.txt").unlink(missing_ok=True)
    expected = folder / "expected"
    for path in expected.rglob("*"):
        if path.is_file() and path.relative_to(expected).as_posix() not in content:
            path.unlink()
    for name, body in content.items():
        (expected / name).parent.mkdir(parents=True, exist_ok=True)
        (expected / name).write_text(body, "utf-8")
