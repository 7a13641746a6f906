"""What is remembered of the models of a file between two runs of `render`: digests of texts, and what was found.

No text that is rendered is among it, and nothing that is run as code. A file that was remembered by another version of
modelyard, by another Python, or beside other packages, is not known by its name.
"""

import json
import os
import sys
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

import modelyard
from modelyard.files import cache
from modelyard.manifests.template import folder as templates
from modelyard.modelsfile.items import Pieces
from modelyard.problems import Place, Problem, Related, Severity, Subject

LIMITS: Final = cache.Limits(16, 16 << 20)  # 10,000 models take 2 MB
_OWN, _HEAD, _TAIL = 0, 1, 2  # in place of a file: lines are counted from the model's first, the file's, the tail's


class Elsewhere(Exception):  # noqa: N818 - nothing is wrong: it is not remembered
    """A problem stands in the lines of another model."""


class Known(NamedTuple):
    """What is remembered of a model.

    files: path in `generated/` -> digest of its text. keys: what no other model may have too, such as names of objects.
    tables: of its request logs, which all models share. loaded, found: the problems that reading and rendering found.
    """

    name: str
    files: dict[str, str]
    keys: list[str]
    tables: list[str]
    loaded: list[Any]
    found: list[Any]


class Memory(NamedTuple):
    """What is remembered of a models file. models: digest of the text of each -> what is known of it.

    head: its length in bytes and its digest; tail: its digest. context: a digest of what else the models follow from.
    values: the most that the file can have had.
    """

    context: str
    head: tuple[int, str]
    tail: str
    indent: int
    values: int
    models: dict[str, Known]


def load(place: Path, name: str) -> Memory | None:
    """Return what was kept under a name; None if there is nothing that can be read."""
    content = cache.load(place, name, LIMITS)
    if content is None:
        return None
    memory = Memory(*json.loads(zlib.decompress(content)))
    return memory._replace(models={each: Known(*known) for each, known in memory.models.items()})


def keep(place: Path, name: str, memory: Memory) -> None:
    """Keep it, in place of what was there; where that is not possible, nothing happens."""
    cache.keep(place, name, zlib.compress(json.dumps(memory, separators=(",", ":")).encode(), 1), LIMITS)


def name_of(path: Path, shown: str) -> str:
    """Return the name that a models file is remembered by, by this program."""
    program = f"{modelyard.__version__} {sys.version} {sorted(_program())}"
    return digest(f"{path.resolve()}\0{shown}\0{program}".encode())


def digest(content: bytes) -> str:
    """Return what bytes are known by."""
    return blake2b(content, digest_size=16).hexdigest()


def _program() -> Iterator[tuple[str, int, int]]:
    """Yield each file of modelyard, and the folders that other packages are in, with what changes when they do."""
    for top in {Path(modelyard.__file__).parent, templates()}:
        for where, folders, names in os.walk(top):
            folders[:] = [each for each in folders if each != "__pycache__"]
            for path in (Path(where, name) for name in names):
                status = path.stat()
                yield str(path), status.st_mtime_ns, status.st_size
    for packages in {Path(each) for each in sys.path if Path(each).name in ("site-packages", "dist-packages")}:
        if packages.is_dir():
            yield str(packages), packages.stat().st_mtime_ns, 0


class Lines:
    """Where problems stand in a models file, told so that it holds when lines above have come or gone."""

    def __init__(self, pieces: Pieces, shown: str) -> None:
        """Take the pieces of the file as it is, and what messages call it."""
        self._pieces = pieces
        self.shown = shown

    @cached_property
    def _starts(self) -> list[int]:
        return [each.line for each in self._pieces.items]

    def item(self, line: int) -> int | None:
        """Return the index of the item that a line is in; None if it is in none."""
        index = bisect_right(self._starts, line) - 1
        return None if index < 0 or line >= self._pieces.tail_line else index

    def told(self, each: Problem, own: int) -> list[Any]:
        """Return a problem of an item as lists and texts. Raises Elsewhere where it stands in another one."""
        place = self._told(each.place, own) if each.place else None
        related = [[self._told(one.place, own), one.message] for one in each.related]
        return [each.code, each.severity, each.message, each.hint, place, each.subject, related, each.accepted]

    def problem(self, told: Sequence[Any], own: int) -> Problem:
        """Return the problem that was told of, which is of an item of this file now."""
        code, severity, message, hint, at, subject, others, accepted = told
        place = self._place(at, own) if at else None
        related = tuple(Related(self._place(one, own), said) for one, said in others)
        subject = Subject(*subject) if subject else None
        return Problem(code, Severity(severity), message, hint, place, subject, related, accepted)

    def _told(self, place: Place, own: int) -> list[Any]:
        if place.file != self.shown:
            return [place.file, place.line, place.column]
        index = self.item(place.line)
        if index is not None and index != own:
            raise Elsewhere
        first, since = (_HEAD, 0) if place.line < self._starts[0] else (_TAIL, self._pieces.tail_line)
        first, since = (_OWN, self._starts[own]) if index is not None else (first, since)
        return [first, place.line - since, place.column]

    def _place(self, told: Sequence[Any], own: int) -> Place:
        file, line, column = told
        since = {_OWN: self._starts[own], _HEAD: 0, _TAIL: self._pieces.tail_line}
        return Place(self.shown if file in since else file, line + since.get(file, 0), column)
