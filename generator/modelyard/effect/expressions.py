"""Regular expressions of Go (RE2), as Python reads them."""

import re
import warnings
from typing import Final

_INLINE_FLAGS: Final = re.compile(r"\(\?([imsU]+)\)(.*)", re.DOTALL)
_CLASSES: Final = {
    "[:alnum:]": "0-9A-Za-z",
    "[:alpha:]": "A-Za-z",
    "[:digit:]": "0-9",
    "[:lower:]": "a-z",
    "[:upper:]": "A-Z",
    "[:word:]": r"\w",
}


def compiled(text: str) -> re.Pattern[str]:
    r"""Return a pattern for `fullmatch`; raises re.error for what Python cannot read.

    Python wants flags to enclose what they are for, knows no POSIX classes, and spells the end of the text \Z.
    Source: github.com/google/re2/wiki/Syntax.
    """
    for name, characters in _CLASSES.items():
        text = text.replace(name, characters)
    text = text.replace(r"\z", r"\Z")
    if flags := _INLINE_FLAGS.fullmatch(text):
        text = f"(?{flags[1].replace('U', '')}:{flags[2]})"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Python may read otherwise one day
        return re.compile(text)
