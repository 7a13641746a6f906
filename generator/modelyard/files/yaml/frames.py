"""What is being read: the file, and in it mappings and lists. Each takes its values as they come."""

from typing import Final

from modelyard.files.yaml.marks import ListMarks, MapMarks, Marks

Entries = dict[str, tuple[int, Marks]]
_NONE: Final[Entries] = {}


class Frame:
    """Common to all. `key` is None while a mapping waits for a key; the next value is dropped unless `kept`."""

    __slots__ = ("entries", "kept", "key", "key_mark")

    def __init__(self, key: str | None, entries: Entries) -> None:
        """Start with nothing read."""
        self.key = key
        self.key_mark = 0
        self.kept = True
        self.entries = entries

    def add(self, value: object, marks: Marks) -> None:
        """Take a value."""
        raise NotImplementedError

    def drop(self) -> None:
        """Take something for a key that is none; its value will be dropped."""
        self.key, self.kept = "", False


class Root(Frame):
    """The file; takes one value."""

    __slots__ = ("data", "marks")

    def __init__(self, mark: int) -> None:
        """Start with no data at the start of the file."""
        super().__init__("", _NONE)
        self.data: object = None
        self.marks: Marks = mark

    def add(self, value: object, marks: Marks) -> None:
        """Take the document."""
        self.data, self.marks = value, marks


class MapFrame(Frame):
    """A mapping."""

    __slots__ = ("data",)

    def __init__(self, marks: MapMarks) -> None:
        """Start with no entries; waits for a key."""
        # All of Frame's, without its constructor: a large file has a hundred thousand mappings.
        self.key = None
        self.key_mark = 0
        self.kept = True
        self.entries = marks.entries
        self.data: dict[str, object] = {}

    def add(self, value: object, marks: Marks) -> None:
        """Take the value of the key, and wait for the next key."""
        if self.kept and self.key is not None:
            self.data[self.key] = value
            self.entries[self.key] = (self.key_mark, marks)
        self.key = None


class ListFrame(Frame):
    """A list."""

    __slots__ = ("data", "items")

    def __init__(self, marks: ListMarks) -> None:
        """Start with no items."""
        super().__init__("", _NONE)
        self.items = marks.items
        self.data: list[object] = []

    def add(self, value: object, marks: Marks) -> None:
        """Take an item."""
        self.data.append(value)
        self.items.append(marks)
