"""Guarded reading of one YAML document, with the place of each value."""

from dataclasses import dataclass, field

from modelyard.problem import Problem
from modelyard.yamlio.marks import Marks, Sources
from modelyard.yamlio.reader import Reader
from modelyard.yamlio.source import Source, StopReadingError, check_text
from modelyard.yamlio.tabs import TabReader


@dataclass(slots=True)
class Document:
    """What a file holds: data (None if it cannot be read at all), its marks, and the problems met."""

    data: object = None
    marks: Marks = 0
    problems: list[Problem] = field(default_factory=list)


def read(content: bytes, sources: Sources, file: str, *, keep_plain: bool = False) -> Document:
    """Read one YAML document.

    content: the file's bytes. sources, file: where the marks' places come from. keep_plain: leave every
    plain scalar a Plain with its text, for data that is passed on and not interpreted.

    Never raises for what the content holds; a syntax error ends reading, everything else is reported and
    read over. Refused are duplicate keys, anchors, aliases, merge keys, tags, directives, several documents,
    a top level that is no mapping, keys that are no strings, tabs where PyYAML and ruamel.yaml stop at them,
    and what exceeds the limits of this package.
    """
    source = Source(content, sources, file)
    document = Document(marks=source.base, problems=source.problems)
    try:
        length = check_text(source)
        reader_type = TabReader if b"\t" in content and not keep_plain else Reader
        reader = reader_type(source, length, keep_plain=keep_plain)
        reader.run()
        document.data, document.marks = reader.root.data, reader.root.marks
    except StopReadingError:
        pass
    return document
