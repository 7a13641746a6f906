"""One style of writing YAML, for all readers."""

import re
from collections.abc import Iterable
from typing import Any, Final

from modelyard.files.yaml.scalars import UNSAFE, Plain, float_text, key_text, quote, string_text

# A literal block keeps these texts as they are in every reader that was tried: lines without white space at their
# ends, the first neither empty nor indented, at most one line break at the end.
_BLOCK: Final = re.compile(rf"(?![ \t\n])[^\x00-\x08\x0b-\x1f{UNSAFE}]*[^\x00-\x1f\s{UNSAFE}]\n?")
_TRAILING_SPACE: Final = re.compile(r"[ \t]\n|[ \t]$")
_CONSTANTS: Final = {None: "null", True: "true", False: "false"}


def write(value: object) -> str:
    """Return a document in block style.

    value: dict, list, str, int, float, bool, None; a Plain is written with its text as it was read. Strings
    are plain where no reader could mistake them, else double-quoted, text of several lines is a literal block,
    keys stay in their order. Raises TypeError for other types, and ValueError for infinity, NaN and keys that
    are too long.

    Written here, because a library's emitter is 10 to 50 times slower (385 microseconds an object with
    ruamel.yaml's C emitter against 12) and none quotes strings for all three kinds of readers.
    """
    return write_all([value])


def write_all(values: Iterable[object]) -> str:
    """Return a stream of documents with `---` between them."""
    writer = _Writer()
    for value in values:
        if writer.parts:
            writer.parts.append("---\n")
        writer.document(value)
    return "".join(writer.parts)


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def document(self, value: object) -> None:
        if isinstance(value, dict) and value:
            self.mapping(value, "", "")
        elif isinstance(value, list) and value:
            self.sequence(value, "")
        else:
            self.parts.append(f"{_scalar(value)}\n")

    def mapping(self, value: dict[Any, object], indent: str, lead: str) -> None:
        """Write entries; lead: what stands before the first key, the indent or a list's dash."""
        for key, item in value.items():
            head = f"{lead}{key_text(key)}:"
            lead = indent
            if isinstance(item, dict) and item:
                self.parts.append(f"{head}\n")
                self.mapping(item, below := f"{indent}  ", below)
            elif isinstance(item, list) and item:
                self.parts.append(f"{head}\n")
                self.sequence(item, indent)
            else:
                self.parts.append(f"{head} {self.text(item, indent)}\n")

    def sequence(self, value: list[object], indent: str) -> None:
        for item in value:
            if isinstance(item, dict) and item:
                self.mapping(item, f"{indent}  ", f"{indent}- ")
            elif isinstance(item, list) and item:
                self.parts.append(f"{indent}-\n")
                self.sequence(item, f"{indent}  ")
            else:
                self.parts.append(f"{indent}- {self.text(item, indent)}\n")

    def text(self, value: object, indent: str) -> str:
        """Return a scalar, or an empty collection; the lines of a block are two blanks deeper than the indent."""
        if isinstance(value, str) and "\n" in value and _is_block(value):
            head = "|" if value.endswith("\n") else "|-"
            lines = value.removesuffix("\n").split("\n")
            return "\n".join([head, *(f"{indent}  {line}" if line else "" for line in lines)])
        return _scalar(value)


def _scalar(value: object) -> str:
    return string_text(value) if isinstance(value, str) else _other(value)


def _other(value: object) -> str:
    if value is None or value is True or value is False:
        return _CONSTANTS[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Plain):
        # Only where it stood over several lines does a plain scalar hold line breaks; it is text to all readers.
        return quote(value.text) if "\n" in value.text or "\t" in value.text else value.text or "null"
    if isinstance(value, dict | list) and not value:
        return "{}" if isinstance(value, dict) else "[]"
    raise TypeError(f"cannot write {type(value).__name__}")


def _is_block(text: str) -> bool:
    return _BLOCK.fullmatch(text) is not None and _TRAILING_SPACE.search(text) is None
