"""What commands read: files that arguments name, and standard input."""

import sys
from typing import Final

import typer

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES

STDIN: Final = "standard input"


def read_stream(name: str) -> tuple[bytes, str]:
    """Return the bytes of a FILE or - argument, one more than is allowed at most, and what messages call it.

    Leaves with wrong usage if it cannot be read.
    """
    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1), STDIN
    try:
        return regular.content(name, MAX_BYTES + 1), name
    except OSError as error:
        raise typer.BadParameter(f"cannot read {name}: {error.strerror}") from None
