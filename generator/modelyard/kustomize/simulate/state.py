"""What all steps share: the objects, the files, our own values, and what is found on the way."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard.kustomize.simulate.field_specs import FieldSpec
from modelyard.kustomize.simulate.objects import Object, Objects
from modelyard.kustomize.simulate.read import Reading, first_mark
from modelyard.kustomize.simulate.versions import Followed


@dataclass(slots=True)
class Renamed:
    """An ImageTagTransformer that ran: what it looks for, what it writes, and the entry that brought it."""

    image: str
    new_name: str
    origin: object


@dataclass(slots=True)
class Run:
    """One check. ours: the files that our values come from. is_whole: no generator was left out of the objects.

    is_ready_made: the objects were handed over, and may hold what DEPLOY's own generators give. followed: the version
    of kustomize whose steps are taken.
    """

    reading: Reading
    objects: Objects
    deploy: Path
    followed: Followed
    ours: set[str] = field(default_factory=set)
    is_whole: bool = True
    is_ready_made: bool = False
    renamed: list[Renamed] = field(default_factory=list)
    configurations: dict[str, list[FieldSpec]] = field(default_factory=dict)

    def is_ours(self, value: Any) -> bool:
        """Tell whether a value comes from the models file."""
        return self.is_ours_at(first_mark(value))

    def is_ours_at(self, mark: int | None) -> bool:
        """Tell whether a mark is one of the models file."""
        place = self.reading.place(mark)
        return place is not None and place.file in self.ours

    def clash(self, old: Any, new: Any) -> bool:
        """Tell whether one of two values is ours and the other hand-written."""
        marks = (first_mark(old), first_mark(new))
        return None not in marks and self.is_ours(old) is not self.is_ours(new)

    def overridden(self, each: Object, key: str, old: Any, new: Any) -> None:
        """Report that a value of ours and a hand-written one meet at one key, where the second wins silently."""
        winner = "the models file" if self.is_ours(new) else "the hand-written one"
        hint = "keep one of the two"
        if old == new:
            message = f"{key} of {each} is set a second time, to the same value"
            self.reading.report("MY619", message, new, hint=hint, related=((old, "the other one"),))
        else:
            message = f"{key} of {each} is set twice, and {winner} wins silently"
            self.reading.report("MY618", message, new, hint=hint, related=((old, "the value that is lost"),))


def also(first: str, more: int, preposition: str = "") -> str:
    """Return the first object, and how many more there are."""
    if not more:
        return first
    return f"{first} and {preposition}{more} more object{'' if more == 1 else 's'}"
