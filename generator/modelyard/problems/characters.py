"""Characters that must not reach a terminal, a log or a document."""

from typing import Final

from modelyard.problems.patterns import pattern

# Control characters and directional overrides of a hostile file must not reach a terminal (CVE-2021-25743). Lone
# surrogates, of file names that are no UTF-8, and noncharacters cannot be written in XML or UTF-8.
_UNSAFE: Final = pattern(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def printable(text: str) -> str:
    """Return the text with control characters written as escapes."""
    return _UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)
