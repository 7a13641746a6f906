"""The streams that other tools read: of a line there, which object it is in, and which field."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple

from modelyard.api.foreign_objects import Entry, Objects, below, matches
from modelyard.api.objects import Read, read_streams
from modelyard.check.build.kustomized import Kustomized
from modelyard.check.build.stream import Stream
from modelyard.check.finding import Path
from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, at, write_all
from modelyard.files.yaml.marked import find
from modelyard.manifests.manifest import Manifest
from modelyard.problems import Place, Problem
from modelyard.report.foreign import ForeignFinding, Reference

_MAX_FILES: Final = 500  # of one report, that are read
_STANDARD_INPUT: Final = frozenset(["", "-", "stdin", "/dev/stdin"])


class _Stream(NamedTuple):
    """A stream with its objects.

    starts: the lines that they begin in. owners: id of a body -> the object of the set that it is.
    """

    read: Read
    starts: Sequence[int]
    owners: Mapping[int, Entry]

    def number_of(self, finding: ForeignFinding) -> int | None:
        """Return which object a finding is about: by its name, else by its line."""
        if finding.about and finding.about.name:
            named = [i for i, each in enumerate(self.read.found) if matches(each.body, finding.about)]
            here = self._by_line(finding.line)
            return here if here in named else named[0] if len(named) == 1 else None
        return self._by_line(finding.line)

    def _by_line(self, line: int) -> int | None:
        index = bisect_right(self.starts, line) - 1
        return index if line and index >= 0 else None

    def path(self, index: int, line: int) -> Path:
        """Return the path of the first field that begins in a line; the nearest above where none does."""
        found = self.read.found[index]
        best: Path = ()
        nearest = self.starts[index]
        for path in below(found.body):
            own = self.read.sources.place(find(found.marks, *path)[0]).line
            if nearest < own <= line:
                nearest, best = own, path
        return best


class Streams:
    """What tools read, by the names in their reports. problems: what keeps the one that the user named from use."""

    def __init__(self, objects: Objects, built: tuple[bytes, str] | None) -> None:
        """Take the objects of a set, and what the user says that the tool read, with what messages call it."""
        self._objects = objects
        self._read: dict[str, _Stream | None] = {}
        self._built = built
        self.problems: list[Problem] = []
        if built is not None and (stream := self._of("")) is not None:
            self.problems = stream.read.problems

    def at(self, finding: ForeignFinding) -> tuple[Entry | None, Path] | None:
        """Return which object of the set a finding is in, None for one of others, and the path that its line tells.

        None alone if no stream that it may be from tells it.
        """
        stream = self._of(finding.file)
        index = stream.number_of(finding) if stream else None
        if stream is None or index is None:
            return None
        entry = stream.owners.get(id(stream.read.found[index].body))
        return entry, (stream.path(index, finding.line) if finding.line and entry else ())

    def place(self, finding: ForeignFinding) -> Place | None:
        """Return a finding's own place: the line of what the tool read."""
        stream = self._of(finding.file)
        index = stream.number_of(finding) if stream else None
        if finding.line and finding.file.lower() not in _STANDARD_INPUT:
            return Place(finding.file, finding.line, finding.column or 1)
        if stream is not None and index is not None and self._built is not None:
            return Place(self._built[1], finding.line or stream.starts[index], finding.column or 1)
        if finding.file.lower() in _STANDARD_INPUT:
            return None
        line = stream.starts[index] if stream is not None and index is not None else 1
        return Place(finding.file, line, finding.column or 1)

    def about(self, finding: ForeignFinding) -> Reference | None:
        """Return the object that a finding is about, as the tool names it, or as the stream has it in its line."""
        stream = self._of(finding.file)
        index = stream.number_of(finding) if stream else None
        if stream is None or index is None:
            return finding.about
        manifest = Manifest(stream.read.found[index].body, "")
        return Reference(manifest.kind, manifest.name, "", manifest.group)

    def _of(self, file: str) -> _Stream | None:
        key = "" if self._built is not None else file
        if key not in self._read:
            self._read[key] = self._opened(key) if len(self._read) < _MAX_FILES else None
        return self._read[key]

    def _opened(self, file: str) -> _Stream | None:
        if self._built is not None:
            content, shown = self._built
        elif file.lower() in _STANDARD_INPUT:
            content, shown = write_all(each.manifest.body for each in self._objects.entries).encode(), "stdin"
        elif (found := _content(file)) is not None:
            content, shown = found, file
        else:
            return None
        read = read_streams({shown: content})
        starts = [read.sources.place(at(each.marks)).line for each in read.found]
        return _Stream(read, starts, self._owners(read)) if read.found else None

    def _owners(self, read: Read) -> dict[int, Entry]:
        entries = self._objects.entries
        stream = Stream.of([each.body for each in read.found])
        found: Sequence[dict[str, Any] | None] = Kustomized.of([each.manifest for each in entries], stream).found
        return {id(body): entry for body, entry in zip(found, entries, strict=True) if body is not None}


def _content(file: str) -> bytes | None:
    """Return the bytes of a file that a report names: checkov writes those of its folder with a / before them."""
    for path in (FilePath(file), FilePath(file.lstrip("/"))):
        if regular.is_file(path):
            try:
                return regular.content(path, MAX_BYTES)
            except OSError:
                return None
    return None
