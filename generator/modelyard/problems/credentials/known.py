"""Texts without credentials that are known: those of a login, or of a call."""

import json
from base64 import b64decode
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import quote

_SHORT: Final = 4  # characters; what is shorter stands in every text


def forms(header: str) -> set[str]:
    """Return what no output may show of a header's value: itself, what follows its scheme, a Basic password."""
    scheme, _, rest = header.partition(" ")
    found = {header, rest}
    if scheme == "Basic":
        with suppress(ValueError):
            pair = b64decode(rest).decode()
            found |= {pair, pair.partition(":")[2]}
    return found


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return a text with *** in place of each secret, also as JSON or a URL would write it."""
    known = [each for each in secrets if len(each) >= _SHORT]
    written = {form for each in known for form in (each, json.dumps(each)[1:-1], quote(each, safe=""))}
    for secret in sorted(written, key=len, reverse=True):  # one may hold another
        text = text.replace(secret, "***")
    return text
