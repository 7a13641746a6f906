"""A change of one field, and all changes of one model."""

from typing import Literal, NamedTuple

What = Literal["new", "changed", "removed"]


class Change(NamedTuple):
    """A field before and after; None is absent. field: as the models file calls it, such as `minScale`.

    variant: the one it belongs to, empty for what all variants share. Values are plain data.
    """

    variant: str
    field: str
    before: object
    after: object


class Difference(NamedTuple):
    """What changes of one model. model: empty for what belongs to the set.

    file: the models file, where several are compared in one run; else empty.
    """

    model: str
    what: What
    changes: tuple[Change, ...] = ()
    file: str = ""
