"""What `modelyard plugin status` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelyard.plugin.install import home

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Line:
    """One finding, and the command that mends it or that it is about."""

    level: Level
    text: str
    command: str = ""


def short(path: Path, env: Mapping[str, str]) -> str:
    """Return the path as people write it, with ~ for their home folder."""
    base = home(env)
    return f"~/{path.relative_to(base)}" if base is not None and path.is_relative_to(base) else str(path)
