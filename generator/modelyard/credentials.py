"""Credentials: what looks like one, by the name of a setting or the form of its value; texts without known ones."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import quote

_NAME: Final = re.compile(
    r"(?:pass(?:word|wd|phrase)|(?:^|[^a-z])(?:pass|pwd|secret|token|credentials?|"
    r"(?:api|access|private)[_-]?key|connection_?string))(?:[^a-z]|$)"
)
# Settings about a credential that hold none: where it lies, how long it lives, whether it is wanted.
_ABOUT: Final = re.compile(
    r"(?:_|-|\.)(?:file|path|dir|name|url|uri|endpoint|ttl|timeout|expiry|enabled|required|type|header|id)$"
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VALUE: Final = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),  # AWS access key
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),  # GitHub token
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,1000}+\.[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]"),  # JSON Web Token
    re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),  # Slack token
    re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^/\s:@]{0,255}:[^/\s@]{1,255}@"),  # password in an address
    re.compile(r"(?i)(?:^|[;?&\s-])(?:password|pwd|token|api-?key)=[^;&\s]+"),  # password in a connection string
)


def is_credential_name(name: str) -> bool:
    """Tell whether a setting of this name holds a credential: DB_PASSWORD does, DB_PASSWORD_FILE does not."""
    words = _CAMEL.sub("_", name).lower()
    return _NAME.search(words) is not None and _ABOUT.search(words) is None


def is_credential_value(value: str) -> bool:
    """Tell whether a text has the form of a key, a token or an address with a password."""
    return any(form.search(value) for form in _VALUE)


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
