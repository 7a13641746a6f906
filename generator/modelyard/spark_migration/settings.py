"""Configuration files as keys with values and lines: YAML, JSON, INI, properties, spark-defaults.conf."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from modelyard.files.yaml import ListMarks, MapMarks, Marks, Plain, Sources
from modelyard.files.yaml import read as read_yaml
from modelyard.problems.patterns import pattern
from modelyard.spark_migration.folder import Text

_MAX_SETTINGS: Final = 5_000  # of one file
_PAIR: Final = pattern(r"[ \t]*+([A-Za-z_][\w.-]*+)(?:[ \t]*+[=:][ \t]*+|[ \t]++)(.*+)")
# What is no YAML: a key, a colon and a value on a line all the same.
_LOOSE: Final = pattern(r"[ \t]*+(?:- )?+[\"']?+([A-Za-z_][\w.-]*+)[\"']?+[ \t]*+:[ \t]++([^#{\[\s][^#]*+)")


class Setting(NamedTuple):
    """A setting. key: with dots, where settings are nested; the section of an INI file does not count."""

    path: str
    line: int
    key: str
    value: str
    column: int = 1

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]


def settings(text: Text) -> list[Setting]:
    """Return the settings of a file, in the order of their lines; of a file of an unknown form those that are seen."""
    name = text.name.lower()
    if name.endswith((".yaml", ".yml", ".json")):
        found = [*_of_yaml(text)] or [*_by_lines(text, _LOOSE)]
    else:
        found = [*_by_lines(text, _PAIR)]
    return found[:_MAX_SETTINGS]


def _by_lines(text: Text, form: "object") -> Iterator[Setting]:
    for number, line in enumerate(text.lines, start=1):
        found = form.fullmatch(line[:4096])  # type: ignore[attr-defined]
        if found and not line.lstrip().startswith(("#", ";", "!", "[")):
            value = found[2].strip().strip("\"'")
            yield Setting(text.path, number, found[1], value, found.start(1) + 1)


def _of_yaml(text: Text) -> Iterator[Setting]:
    """Yield the scalars of a document that is sound YAML; none of what has mistakes."""
    sources = Sources()
    document = read_yaml(text.text.encode("utf-8", "replace"), sources, text.path, keep_plain=True)
    if document.data is None or document.problems:
        return
    todo: list[tuple[str, object, Marks]] = [("", document.data, document.marks)]
    while todo:
        key, data, marks = todo.pop()
        if isinstance(data, dict) and isinstance(marks, MapMarks):
            below = [(f"{key}.{each}" if key else each, data[each], marks.entries[each][1]) for each in data]
            todo += reversed(below)
        elif isinstance(data, list) and isinstance(marks, ListMarks):
            todo += reversed([(key, each, mark) for each, mark in zip(data, marks.items, strict=False)])
        elif isinstance(marks, int) and isinstance(data, str | Plain | int | float):
            place = sources.place(marks)
            yield Setting(text.path, place.line, key, str(data), place.column)
