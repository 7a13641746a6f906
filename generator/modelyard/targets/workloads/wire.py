"""Protobuf's wire format, as far as SavedModels need it: fields of a message, without its schema.

Source: protobuf.dev, Encoding. What comes in is anybody's: each length is held against what is there, numbers of fields
and of nested messages are bounded, and all mistakes are one exception.
"""

from collections.abc import Iterator
from typing import Final

MAX_FIELDS: Final = 200_000  # of a file, of those that are looked at: a large graph is one field
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types; groups (3 and 4) are of proto2
_LONGEST: Final = 10  # bytes of a varint: 64 bits, 7 in each
_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}

Value = int | memoryview


class Malformed(Exception):  # noqa: N818 - a finding about a file, which its reader reports
    """No message; the text says what is wrong with it."""


class Budget:
    """How many fields may still be looked at."""

    def __init__(self, fields: int = MAX_FIELDS) -> None:
        self.left = fields

    def take(self) -> None:
        """Count one field. Raises Malformed when there are too many."""
        self.left -= 1
        if self.left < 0:
            raise Malformed(f"it has more than {MAX_FIELDS} fields")


class Message:
    """The fields of one message, by number; each may come several times. Raises Malformed."""

    def __init__(self, data: memoryview, budget: Budget) -> None:
        self._budget = budget
        self._fields: dict[int, list[Value]] = {}  # by where each comes last
        for number, value in _fields(data, budget):
            values = self._fields.pop(number, [])
            values.append(value)
            self._fields[number] = values

    def messages(self, number: int) -> Iterator["Message"]:
        """Yield the messages of a repeated field."""
        for each in self.contents(number):
            yield Message(each, self._budget)

    def message(self, number: int) -> "Message":
        """Return the one message of a field; an empty one if it is not there. Those of a field are merged."""
        found = self.contents(number)
        return Message(found[0] if len(found) == 1 else memoryview(b"".join(found)), self._budget)

    def text(self, number: int) -> str:
        """Return a field's text; empty if it is not there."""
        return next(reversed(self.texts(number)), "")

    def texts(self, number: int) -> list[str]:
        """Return the texts of a repeated field."""
        try:
            return [str(each, "utf-8") for each in self.contents(number)]
        except UnicodeDecodeError:
            raise Malformed(f"its field {number} holds a text that is not UTF-8") from None

    def integer(self, number: int) -> int:
        """Return a field's integer of 64 bits with its sign; 0 if it is not there."""
        found = self._fields.get(number, [0])[-1]
        if not isinstance(found, int):
            raise Malformed(f"its field {number} is not an integer")
        return found - (1 << 64) if found >= 1 << 63 else found

    def last(self, *numbers: int) -> int | None:
        """Return which of these fields comes last, as only that one of a `oneof` holds; None if none is there."""
        return next((each for each in reversed(self._fields) if each in numbers), None)

    def contents(self, number: int) -> list[memoryview]:
        """Return the bytes of a repeated field."""
        found = self._fields.get(number, [])
        views = [each for each in found if isinstance(each, memoryview)]
        if len(views) != len(found):
            raise Malformed(f"its field {number} is an integer, and should be a text or a message")
        return views


def _fields(data: memoryview, budget: Budget) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(data):
        budget.take()
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise Malformed(f"at byte {at} there is no field")
        value: Value
        if wire == _VARINT:
            value, at = _varint(data, at)
        else:
            value, at = _chunk(data, at, wire)
        yield number, value


def _chunk(data: memoryview, at: int, wire: int) -> tuple[Value, int]:
    """Return a value of a known length: bytes, or a number of 4 or 8."""
    if wire == _BYTES:
        length, at = _varint(data, at)
    elif wire in _SIZES:
        length = _SIZES[wire]
    else:
        raise Malformed(f"at byte {at} there is a field of the unknown type {wire}")
    if length > len(data) - at:
        raise Malformed(f"it ends within a field, at byte {len(data)}")
    found = data[at : at + length]
    return (found if wire == _BYTES else int.from_bytes(found, "little")), at + length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for i, byte in enumerate(data[at : at + _LONGEST]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            if value >= 1 << 64:
                break
            return value, at + i + 1
    if at + _LONGEST > len(data) and not (len(data) > at and data[-1] < 0x80):
        raise Malformed(f"it ends within a number, at byte {len(data)}")
    raise Malformed(f"at byte {at} there is a number of more than 64 bits")
