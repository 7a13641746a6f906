"""Commands of a page's console blocks, run as readers run them."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.support.forks import FORKS

ROOT: Final = Path(__file__).resolve().parents[2]


def read(page: str) -> str:
    """Return a page by its path from the top of the checkout."""
    return (ROOT / page).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the blocks of code in a language, without the indent of a list that they stand in."""
    found = re.findall(rf"(?m)^( *)```{language}\n((?:.*\n)*?)\1```$", text)
    return [re.sub(rf"(?m)^{indent}", "", block) for indent, block in found]


def sessions(text: str) -> list[tuple[str, str]]:
    """Return the commands of the console blocks, each with what it prints."""
    steps = [step for block in blocks(text, "console") for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output) for command, _, output in (step.partition("\n") for step in steps)]


def environment(*programs: Path, **more: str) -> Mapping[str, str]:
    """Return the environment in which a reader has modelyard, and further folders of programs."""
    own = (FORKS.programs(), Path(sys.executable).parent)
    path = os.pathsep.join([*map(str, (*own, *programs)), os.environ["PATH"]])
    return {**os.environ, "PATH": path, **more}


def prints_what_it_says(steps: Sequence[tuple[str, str]], folder: Path, *programs: Path) -> None:
    """Run commands in a folder; each must print what stands below it."""
    for command, output in steps:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment(*programs), text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.stdout == output, command
