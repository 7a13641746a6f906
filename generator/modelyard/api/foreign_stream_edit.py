"""A stream of objects that others wrote, of which some are changed: what is not changed stays byte for byte."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from modelyard.check.streams import Found, objects
from modelyard.files.yaml import MAX_BYTES, Document, Sources, write_all
from modelyard.files.yaml.stream import read_all
from modelyard.problems import Place, Problem, problem

_MARKER: Final = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_REPEATED: Final = "MY004"  # Go keeps the last value, and so does what is read here


@dataclass(slots=True)
class _Part:
    """What stands from one marker to the next. found: its objects, in the order of their numbers from `first` on."""

    text: bytes
    documents: list[Document]
    first: int
    found: list[Found] = field(default_factory=list)


class ForeignStream:
    """A stream, its objects, and what keeps it from being read.

    It is read as a cluster reads it (sigs.k8s.io/yaml, YAML 1.1). Documents that are no objects are passed on.
    """

    def __init__(self, content: bytes, shown: str) -> None:
        """Read a stream. shown: what messages call it."""
        self.sources = Sources()
        self.problems: list[Problem] = []
        self.parts: list[_Part] = []
        self.bodies: list[dict[str, Any]] = []
        if len(content) > MAX_BYTES:
            message = f"{shown} has more than {MAX_BYTES} bytes"
            self.problems.append(problem("MY009", message, hint="a release of Helm holds 1 MB"))
            return
        self.sources.add(shown)
        line = 1
        for text in _split(content):
            self._read(text, shown, line)
            line += text.count(b"\n")
        if not self.bodies and not self.problems:
            hint = "check what the chart renders with these values"
            self.problems.append(problem("MY651", f"{shown} holds no objects", hint=hint))

    def _read(self, text: bytes, shown: str, line: int) -> None:
        start = self.sources.mark(Place(shown, line, 1))
        documents = read_all(text, self.sources, shown, start=start, yaml_1_1=True)
        self.problems += [each for one in documents for each in one.problems if each.code != _REPEATED]
        part = _Part(text, documents, len(self.bodies))
        part.found, _ = objects(documents, self.sources)
        self.bodies += [each.body for each in part.found]
        self.parts.append(part)

    def written(self, bodies: Sequence[dict[str, Any]], further: Sequence[dict[str, Any]]) -> str:
        """Return the stream with these in place of its objects, number by number, and further objects at its end."""
        texts = [_written(part, bodies) for part in self.parts]
        if further:
            if texts and not texts[-1].endswith("\n"):
                texts.append("\n")
            texts.append(f"---\n{write_all(further)}")
        return "".join(texts)


def _split(content: bytes) -> Iterator[bytes]:
    """Yield what stands before the first marker, and from each on; no scalar holds one (YAML 1.2.2, chapter 9.1.2)."""
    starts = [0, *(found.start() for found in _MARKER.finditer(content)), len(content)]
    yield from (content[start:end] for start, end in pairwise(starts) if end > start)


def _written(part: _Part, bodies: Sequence[dict[str, Any]]) -> str:
    now = {id(each.body): bodies[i] for i, each in enumerate(part.found, part.first)}
    if all(each.body is now[id(each.body)] for each in part.found):
        return part.text.decode("utf-8")
    comments = "".join(f"{line}\n" for line in _comments(part.text.decode("utf-8")))
    return f"---\n{comments}{write_all(_replaced(each.data, now) for each in part.documents)}"


def _comments(text: str) -> Iterator[str]:
    """Yield the comments that a document begins with, such as Helm's `# Source:`."""
    for line in text.splitlines():
        if line.startswith("#"):
            yield line
        elif line.strip() not in ("", "---"):
            return


def _replaced(data: Any, now: dict[int, dict[str, Any]]) -> Any:
    """Return a document, which is an object or a list of some, with what its objects are now."""
    if id(data) in now:
        return now[id(data)]
    return {**data, "items": [now.get(id(each), each) for each in data["items"]]}
