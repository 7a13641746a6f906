"""Where values stand: marks in the shape of the data, and the files that they point into."""

from typing import Final, TypeAlias

from modelyard.problems import Place

COLUMN_BITS: Final = 24  # a file holds at most 2**24 bytes, so a line holds fewer characters
_LINE_BITS: Final = 25  # and no more lines than that, with one more at its end
_COLUMN_MASK: Final = (1 << COLUMN_BITS) - 1
_LINE_MASK: Final = (1 << _LINE_BITS) - 1

# Places in the shape of the data: an int for a scalar (see Sources), else a node with its children.
Marks: TypeAlias = "int | MapMarks | ListMarks"


class MapMarks:
    """Where a mapping starts, and for each of its keys where the key is and the marks of its value.

    over: it stands where a value was removed or replaced, so nothing from below shows through it (see `load.merge`).
    """

    __slots__ = ("at", "entries", "over")

    def __init__(self, at: int, *, over: bool = False) -> None:
        """Start with no entries."""
        self.at = at
        self.entries: dict[str, tuple[int, Marks]] = {}
        self.over = over


class ListMarks:
    """Where a list starts, and the marks of its items. over: as in MapMarks."""

    __slots__ = ("at", "items", "over")

    def __init__(self, at: int, *, over: bool = False) -> None:
        """Start with no items."""
        self.at = at
        self.items: list[Marks] = []
        self.over = over


class Sources:
    """The files of one run. A mark is an int that names file, line and column; this turns it into a Place.

    Ints, because a set of 10,000 models has half a million of them.
    """

    def __init__(self) -> None:
        """Start with no files."""
        self.files: list[str] = []

    def add(self, file: str) -> int:
        """Register a file under the name that messages show; return the mark of its first character."""
        self.files.append(file)
        return (len(self.files) - 1) << (_LINE_BITS + COLUMN_BITS)

    def mark(self, place: Place) -> int:
        """Return the mark of a Place, which may be of another run's files."""
        known = place.file in self.files
        base = self.files.index(place.file) << (_LINE_BITS + COLUMN_BITS) if known else self.add(place.file)
        return base + ((place.line - 1) << COLUMN_BITS) + place.column - 1

    def place(self, mark: int) -> Place:
        """Return the Place of a mark."""
        line = (mark >> COLUMN_BITS) & _LINE_MASK
        return Place(self.files[mark >> (_LINE_BITS + COLUMN_BITS)], line + 1, (mark & _COLUMN_MASK) + 1)


def at(marks: Marks) -> int:
    """Return the mark of a value, whatever its shape."""
    return marks if isinstance(marks, int) else marks.at
