"""What is said about one kind of problem."""

from typing import Literal, NamedTuple


class Code(NamedTuple):
    """One kind of problem. `ignorable`: a model may accept it under `ignore`, with a reason."""

    title: str
    text: str
    severity: Literal["error", "warning", "note"] = "error"
    ignorable: bool = False
