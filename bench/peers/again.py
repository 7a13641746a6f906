"""`modelyard render` of a models file that it rendered before: as it was, and with one model changed."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench.peers.measure import Command, Failed, Measured, in_turn, run
from bench.peers.peers import MODELYARD
from bench.peers.render import LIMIT, Rounds, usual
from bench.peers.sets import models_file
from bench.peers.tables import Row

WHOLE: Final = "modelyard render --no-cache"
UNCHANGED: Final = "modelyard render, nothing changed"
CHANGED: Final = "modelyard render, one model changed"


def compare(root: Path, sizes: Sequence[int], rounds: Rounds = usual) -> list[Row]:
    """Return a row for each: the whole file first."""
    cells: dict[str, dict[int, Measured | str]] = {name: {} for name in (WHOLE, UNCHANGED, CHANGED)}
    for size in sorted(sizes):
        folder = root / "again" / str(size)
        for name, cell in in_turn(_commands(folder, size), rounds(size), LIMIT).items():
            cells[name][size] = cell
        shutil.rmtree(folder)
    return [Row(name, "", "", each) for name, each in cells.items()]


def _commands(root: Path, size: int) -> dict[str, Command]:
    """Return what is run, each in a folder of its own, in which all has been rendered once. Raises Failed."""
    found = {}
    for name in (WHOLE, UNCHANGED, CHANGED):
        folder = root / name.replace(" ", "-")
        folder.mkdir(parents=True)
        (folder / "models.yaml").write_text(models_file("plain", size), "utf-8")
        environment = {"XDG_CACHE_HOME": str(root / "cache")}
        output = folder.with_suffix(".out")
        run(Command([[*MODELYARD, "render"]], folder, output, environment=environment), LIMIT)
        fresh = _changing(folder / "models.yaml", size // 2) if name == CHANGED else lambda: None
        options = ["--no-cache"] if name == WHOLE else []
        found[name] = Command([[*MODELYARD, "render", *options]], folder, output, fresh=fresh, environment=environment)
    return found


def _changing(file: Path, number: int) -> Callable[[], None]:
    """Return what gives one model another image, and at its next call the first one again."""
    old, new = f"image: model_{number}:1.{number % 90}.0\n", f"image: model_{number}:2.0.0\n"

    def change() -> None:
        text = file.read_text("utf-8")
        one, other = (old, new) if old in text else (new, old)
        if text.count(one) != 1:
            raise Failed(f"{file} has not one {one.strip()}")
        file.write_text(text.replace(one, other), "utf-8")

    return change
