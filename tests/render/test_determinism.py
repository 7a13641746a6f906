"""The same file gives the same bytes, whatever surrounds the process."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.test_cli import GOOD

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ["0", "1", "42", "4294967295"]
SURROUNDINGS = [
    {"LC_ALL": "C", "TZ": "UTC"},
    {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"},
    {"LANG": "tr_TR.UTF-8", "TZ": "America/St_Johns", "PYTHONUTF8": "0"},
]


@pytest.mark.slow
def test_surroundings_change_no_byte(run: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    folders = [(ROOT, "overlays/dev"), (ROOT / "overlays" / "dev", "."), (tmp_path, str(ROOT / "overlays" / "dev"))]
    outputs: set[str] = set()
    for seed, surroundings in itertools.product(SEEDS, SURROUNDINGS):
        for folder, file in folders:
            command = (sys.executable, "-m", "modelyard", "render", "--stdout", "-f", file)
            done = run(*command, cwd=folder, env={"PYTHONHASHSEED": seed, **surroundings})
            assert done.returncode == 0
            outputs.add(done.stdout)
    assert len(outputs) == 1
    assert "credit-risk" in outputs.pop()


def test_each_form_of_a_template_is_compiled_once(run: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    warned = tmp_path / "models.yaml"
    warned.write_text(GOOD.replace("churn:2.0.0", "churn"))

    def kept() -> dict[str, int]:
        done = run(sys.executable, "-m", "modelyard", "check", "-f", str(warned), env={"XDG_CACHE_HOME": str(tmp_path)})
        assert "MY370" in done.stderr, "a finding on a rendered field compiles its templates with their lines, too"
        return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "modelyard" / "templates").iterdir()}

    first = kept()
    assert kept() == first
