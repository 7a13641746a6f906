"""What the log keeps of a row: columns that it leaves out, and columns of which it has a keyed hash."""

import hashlib
import hmac
import json
from collections.abc import Collection
from typing import Final

HASH_KEY: Final = "MODELYARD_HASH_KEY"
_WHOLE: Final = 1e15  # above it floats do not hold each whole number
_LENGTH: Final = 32  # hexadecimal digits: 128 bits


def plain(value: object) -> str:
    """Return a value as a text; a whole number is the same whether it was written as 5 or as 5.0."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        value = int(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def hashed(value: object, key: bytes) -> str:
    """Return the keyed hash of a value: HMAC with SHA-256. A number and its text have the same."""
    return hmac.new(key, plain(value).encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:_LENGTH]


class Columns:
    """Names are alike in any case, as in SAS, and are found at any depth of a row."""

    def __init__(self, drop: Collection[str] = (), hash_: Collection[str] = (), key: bytes = b"") -> None:
        if hash_ and not key:
            raise ValueError("columns to hash need a key")
        self._drop = {each.casefold() for each in drop}
        self._hash = {each.casefold() for each in hash_}
        self._key = key

    def kept(self, row: object, *, outer: bool = False) -> object:
        """Return a row as it is logged; None where it has no names by which columns could be left out.

        outer: it is an answer, where a single value needs no name.
        """
        if not self._drop and not self._hash:
            return row
        if not isinstance(row, dict) and not (outer and not isinstance(row, list)):
            return None
        return self._below(row)

    def of(self, row: object, name: str) -> str | None:
        """Return a column as a text, hashed where it is to be; None where the row does not have it."""
        if not isinstance(row, dict):
            return None
        value = row.get(name)
        if value is None:
            wanted = name.casefold()
            value = next((each for key, each in row.items() if key.casefold() == wanted), None)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None or isinstance(value, list | dict):
            return None
        return self.text(name, value)

    def text(self, name: str, value: object) -> str:
        """Return a value of a column as the log has it as a text."""
        if name.casefold() in self._hash:
            return hashed(value, self._key)
        return plain(value)

    def _below(self, value: object) -> object:
        if isinstance(value, list):
            return [self._below(each) for each in value]
        if not isinstance(value, dict):
            return value
        kept = {}
        for name, each in value.items():
            folded = name.casefold()
            if folded in self._drop:
                continue
            kept[name] = hashed(each, self._key) if folded in self._hash and each is not None else self._below(each)
        return kept
