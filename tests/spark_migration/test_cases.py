"""Projects as teams have them, each of them small, with the models file, findings and plan that they give."""

import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

import pytest

Command = Callable[..., CompletedProcess[str]]
CASES: Final = Path(__file__).parent / "cases"
NAMES: Final = sorted(path.name for path in CASES.iterdir())
BUCKET: Final = "network-spark"


@pytest.mark.parametrize("name", NAMES)
def test_a_project_gives_its_models_file_findings_and_plan(
    name: str, tmp_path: Path, modelyard: Command, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(CASES / name / "project", tmp_path / name)
    words = ("migrate-spark", name, "--bucket", BUCKET, "-o", "models.yaml", "--plan", "plan.sh")
    done = modelyard(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    found = {
        "models.yaml": (tmp_path / "models.yaml").read_text("utf-8"),
        "plan.sh": (tmp_path / "plan.sh").read_text("utf-8"),
        "findings.txt": done.stderr,
    }
    for file, text in found.items():
        expected = CASES / name / file
        if request.config.getoption("--update"):
            expected.write_text(text, "utf-8")
        assert text == expected.read_text("utf-8")
