"""Options that most commands have: the models file, and the folders that it may lead into."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

File = Annotated[
    Path, typer.Option("--file", "-f", metavar="FILE|DIR", help="Models file, or the folder of a models.yaml.")
]

# Of commands that look at several models files in one run.
Files = Annotated[
    list[Path] | None,
    typer.Option(
        "--file", "-f", metavar="FILE|DIR", help="Models file, or the folder of a models.yaml; may be given again."
    ),
]


def named(files: Sequence[Path] | None) -> list[Path]:
    """Return the models files that `-f` names, each once; the current folder if it is not given."""
    from modelyard import api  # few commands with these options are without it, and those are quick

    found = {api.models_file(each).resolve(): each for each in reversed(files or [Path()])}
    return list(reversed(found.values()))


def single(files: Sequence[Path] | None, what: str) -> Path:
    """Return the one models file of what looks at one alone; leaves with wrong usage if there are several."""
    found = named(files)
    if len(found) > 1:
        raise typer.BadParameter(f"{what} goes with one -f")
    return found[0]


Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", metavar="N", min=1, help="Processes that share large work; as many as there are cores if absent."
    ),
]
Notify = Annotated[
    bool, typer.Option("--notify", help="Tell those whom `notify` of the models file names what has changed.")
]


def _allow(folders: list[Path] | None) -> list[Path] | None:
    from modelyard.modelsfile.load import allow_outside

    allow_outside(folders or [])
    return folders


Outside = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow-outside",
        metavar="DIR",
        callback=_allow,
        help="Folder that the models file may lead into though it is outside of its Git working tree; may be repeated.",
    ),
]
