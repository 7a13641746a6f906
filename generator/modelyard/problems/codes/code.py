"""What is said about one kind of problem."""

from typing import Literal, NamedTuple


class Code(NamedTuple):
    """One kind of problem.

    ignorable: a model may accept it under `ignore`, with a reason. several: it is about the other end, of which one
    place of the file can have several.
    """

    title: str
    text: str
    severity: Literal["error", "warning", "note"] = "error"
    ignorable: bool = False
    several: bool = False
