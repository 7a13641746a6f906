"""How far files may lead: a models file names others, and whoever proposes a change of it must not read any with them.

Messages quote what they are about, so a base such as /etc/passwd would show a file of a CI runner to who writes the
pull request.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final, NamedTuple

_ALLOWED: Final[ContextVar[tuple[Path, ...]]] = ContextVar("allowed", default=())
_HINT: Final = (
    "move it inside, or allow its folder: --allow-outside DIR, or MODELYARD_ALLOW_OUTSIDE=DIR where kustomize builds"
)


class Bounds(NamedTuple):
    """The folder, with its links followed, that files may not lead out of; and what messages call it."""

    folder: Path
    name: str

    def leaves(self, path: Path) -> bool:
        """Tell whether a path is outside the folder and out of all that is allowed. Links are followed first."""
        found = _followed(path)
        return not any(found.is_relative_to(each) for each in (self.folder, *map(_followed, _ALLOWED.get())))

    def refusal(self, what: str) -> tuple[str, str]:
        """Return message and hint for what leads out."""
        return f"{what} is outside {self.name}", _HINT


def bounds(folder: Path) -> Bounds:
    """Return how far files lead from a folder: in the Git working tree around it, else in itself."""
    here = _followed(folder)
    tree = next((each for each in (here, *here.parents) if (each / ".git").exists()), None)
    return Bounds(tree, f"the Git working tree {tree}") if tree else Bounds(here, f"the folder {here}")


def allow_outside(folders: Iterable[str | Path]) -> None:
    """Let files also lead into these folders, in this context (of contextvars), and into no others."""
    _ALLOWED.set(tuple(map(Path, folders)))


@contextmanager
def allowing_outside(*folders: str | Path) -> Iterator[None]:
    """Let files also lead into these folders while the context lasts."""
    before = _ALLOWED.set(tuple(map(Path, folders)))
    try:
        yield
    finally:
        _ALLOWED.reset(before)


def _followed(path: Path) -> Path:
    """Return a path without links; what leads round in a circle stays as it is, and cannot be read."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()
