"""Mappings with merge keys, and values that anchors name."""

from typing import Final, NamedTuple

from modelyard.files.yaml.frames import MapFrame
from modelyard.files.yaml.marks import ListMarks, MapMarks, Marks

MERGING: Final = "\0<<"  # as a frame's key: no text holds U+0000


class Anchored(NamedTuple):
    """A value that an anchor names, with its marks."""

    data: object
    marks: Marks


class StreamMap(MapFrame):
    """A mapping with merge keys; values of its own win over those that they bring."""

    __slots__ = ("merges",)

    def __init__(self, marks: MapMarks) -> None:
        """Start with no entries."""
        super().__init__(marks)
        self.merges: list[Anchored] | None = None

    def add(self, value: object, marks: Marks) -> None:
        """Take the value of the key, or what is merged."""
        if self.key == MERGING:
            self.merges = [*(self.merges or ()), Anchored(value, marks)]  # a list is empty yet
            self.key = None
        else:
            super().add(value, marks)

    def finish(self) -> None:
        """Take what the merge keys bring; the first of them wins (YAML merge key type 1.1)."""
        for data, marks in (each for merged in self.merges or () for each in _each(*merged)):
            if isinstance(data, dict) and isinstance(marks, MapMarks):
                for key in data:
                    if key not in self.data and key in marks.entries:
                        self.data[key], self.entries[key] = data[key], marks.entries[key]


def _each(value: object, marks: Marks) -> list[Anchored]:
    if isinstance(value, list) and isinstance(marks, ListMarks):
        return [Anchored(each, mark) for each, mark in zip(value, marks.items, strict=True)]
    return [Anchored(value, marks)]
