"""Guarded reading of one YAML document, with the place of each value."""

from dataclasses import dataclass, field

from ruamel.yaml.error import YAMLError

from modelyard.files.yaml.directives import without_directives
from modelyard.files.yaml.flow import parsed
from modelyard.files.yaml.marks import Marks, Sources
from modelyard.files.yaml.parser import Parser
from modelyard.files.yaml.reader import Reader
from modelyard.files.yaml.source import Source, StopReadingError, check_text
from modelyard.files.yaml.syntax import report_syntax
from modelyard.problems import Problem


@dataclass(slots=True)
class Document:
    """What a file holds: data (None if it cannot be read at all), its marks, and the problems met.

    odd: the marks of plain scalars that kustomize, kubectl and YAML 1.2 read differently, with their texts as they are
    written; of a stream that is read as kubectl does. values: how many a file has, as MAX_VALUES counts them.
    """

    data: object = None
    marks: Marks = 0
    problems: list[Problem] = field(default_factory=list)
    odd: dict[int, str] = field(default_factory=dict)
    values: int = 0


def _with_tabs() -> type[Reader]:
    from modelyard.files.yaml.tabs import TabReader

    return TabReader


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
        reader_type = _with_tabs() if b"\t" in content and not keep_plain else Reader
        plain = without_directives(source)
        before = len(source.problems)

        def read_by(parser: Parser) -> Reader:
            del source.problems[before:]
            reader = reader_type(source, length, keep_plain=keep_plain)
            reader.run(parser)
            return reader

        reader = parsed(plain, read_by)
        document.data, document.marks, document.values = reader.root.data, reader.root.marks, reader.values
    except YAMLError as error:
        report_syntax(source, error)
    except StopReadingError:
        pass
    return document
