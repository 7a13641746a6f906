"""What the tests stand on: a forked modelyard is one that was begun, and five shares are all examples."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Run
from tests.support import leftovers, shares
from tests.support.forks import FORKS

BIN: Final = Path(sys.executable).parent
COMMANDS: Final[tuple[list[str], ...]] = (
    ["--version"],
    ["--help"],
    [],
    ["nonsense"],
    ["render", "--stdout"],
    ["render", "-f", "\udcff"],
    ["check", "--output", "json", "nowhere.yaml"],
    ["check", "-"],
    ["explain", "MY104"],
    ["list", "--kubeconfig", "nowhere"],
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_forked_modelyard_says_what_one_says_that_was_begun(
    words: list[str], modelyard: Run, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "models.yaml").write_text("apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\né: 1\r\n", "utf-8")
    around = {"cwd": tmp_path, "stdin": "kind: É\n" * 20_000, "env": {"COLUMNS": "60", "KUBECONFIG": "nowhere"}}
    begun = run(sys.executable, "-m", "modelyard", *words, **around)
    forked = modelyard(*words, **around)
    assert (forked.returncode, forked.stdout, forked.stderr) == (begun.returncode, begun.stdout, begun.stderr)
    begun, called = (run(each / "modelyard", *words, **around) for each in (BIN, FORKS.programs()))
    assert (called.returncode, called.stdout, called.stderr) == (begun.returncode, begun.stdout, begun.stderr)


@pytest.mark.parametrize("name", ["modelyard", "modelyard-fn", "modelyard-helm"])
def test_a_script_ends_as_the_program_that_it_stands_for(name: str, run: Run, tmp_path: Path) -> None:
    own, installed = FORKS.programs() / name, BIN / name
    for words in (["--help"], ["nonsense"], ["--models", "nowhere"]):
        begun, called = (run(each, *words, cwd=tmp_path, stdin="kind: É\n") for each in (installed, own))
        assert (called.returncode, called.stdout, called.stderr) == (begun.returncode, begun.stdout, begun.stderr)


def test_a_script_that_is_told_to_end_takes_its_child_along(tmp_path: Path) -> None:
    command = [str(FORKS.programs() / "modelyard"), "check", "--built", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=tmp_path) as process:
        _until(2, tmp_path)
        process.terminate()
        assert process.wait(20) == -signal.SIGTERM
        _until(0, tmp_path)


def _until(processes: int, folder: Path) -> None:
    """Wait until so many work in a folder."""
    deadline = time.monotonic() + 20
    while len(leftovers.about(folder)) != processes:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ten_shares_are_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "_in_full", False)
    taken = [each for number in range(3, 13) for each in shares.share(range(17), number)]
    assert sorted(taken) == list(range(17))
    assert shares.examples(500).max_examples == 50
    shares.take_all()
    assert shares.share(range(17), 2) == list(range(17))
    assert shares.examples(500).max_examples == 500
