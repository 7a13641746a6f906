"""What a plain scalar is, and how text is quoted so that every reader takes it for this text."""

import re
from functools import lru_cache
from json.encoder import encode_basestring
from math import isfinite
from typing import Final

from modelyard.problems.patterns import pattern

_INT64: Final = 2**63  # Kubernetes' integers; kustomize turns larger ones into floats
SURE_DIGITS: Final = 18  # so many decimal digits are within 64 bits
_MAX_NUMBER: Final = 24  # characters of the longest int64 or float that this module would write

INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+(?:e[-+][0-9]+)?)?")
# The union of what PyYAML (YAML 1.1), ruamel.yaml (1.2) and go-yaml v2 and v3 take for numbers and dates.
# Possessive, because a scalar may have 16 million characters and backtracking would take hours or gigabytes.
_NUMBER_LIKE: Final = pattern(
    r"""[-+]?(?:
        0[bB][-+]?[01_]++ | 0[oO][-+]?[0-7_]++ | 0[xX][0-9a-fA-F_]++
      | [1-9][0-9_]*+(?::[0-5]?[0-9])++
      | [0-9][0-9_]*+(?::[0-5]?[0-9])++\.[0-9_]*+
      | (?=[._]*+[0-9]|\.?_)[0-9_]*+(?:\.[0-9_]*+)?(?:[eE][-+]?[0-9_]++)?
      | \.(?:inf|Inf|INF)
    )
  | \.(?:nan|NaN|NAN)
  | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]++)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*+)?
    """,
    re.VERBOSE,
)
_CONSTANTS: Final[dict[str, object]] = {"": None, "~": None, "null": None, "true": True, "false": False}
# Booleans and null to some reader, in the three spellings that the readers know: y, Y, yes, Yes, YES, …
_WORDS: Final = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
_SPELT: Final = {word: (word, word.capitalize(), word.upper()) for word in _WORDS}
_GO_NUMBER: Final = pattern(
    r"[-+]?(?:(?P<based>0[bB][01]+|0[oO][0-7]+|0[xX][0-9a-fA-F]+)"
    r"|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_LONGEST_INTEGER: Final = 24  # digits of 64 bits; what is longer is a float
_LONGEST_FLOAT: Final = (
    400  # characters: there is none of more digits before its point, and reading it takes their square
)
_RESERVED: Final = frozenset(
    [*_CONSTANTS, *_WORDS, *(word.capitalize() for word in _WORDS), *(word.upper() for word in _WORDS), "=", "<<"]
)

# Text that every reader takes for a string as it stands. All other text is quoted: the words of YAML 1.1 and 1.2, JSON
# and Go in any case, and what may be a float after a point, as `.5`, `._1` and, to YAML 1.1's type repository, `.e-5`.
_PLAIN_TEXT: Final = pattern(
    rf"""
    (?!(?i:[._]*+(?:{"|".join(_WORDS)}|nan|inf|infinity)\Z | [._]++e[-0-9_]))
    [._]*+ [A-Za-z/] [A-Za-z0-9_./-]*+ (?: : [A-Za-z0-9_./-]++ )*+
    """,
    re.VERBOSE,
)
# Keys that direct a strategic merge, as `$patch` and `$setElementOrder/containers`.
_DIRECTIVE: Final = pattern(r"\$[A-Za-z][A-Za-z0-9_./-]*+")
_MAX_KEY: Final = 1_024  # characters of a key as JSON; kustomize 5.8.1 reads its own JSON as YAML, where keys end there
_REMEMBERED: Final = 10_000  # keys, and as many texts: objects of one shape have the same ones
SURE_KEY: Final = 170  # so many characters are no more than that, whatever they are

# Escapes beyond JSON's. A reader may take these for line breaks, drop them, or refuse them raw; and those of
# bidirectional text let a reviewer see another order than a reader of YAML (CVE-2021-42574).
UNSAFE: Final = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff"
_ESCAPED: Final = pattern(f"[{UNSAFE}]")
# What takes six characters in Go's JSON or here, and what takes two.
_SIX: Final = pattern(f"[\x00-\x1f<>&{UNSAFE}]")
_TWO: Final = pattern(r'["\\]')


class Plain:
    """A plain scalar that some reader takes for another type than the others: `1.10`, `no`, `2024-01-02`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Keep the scalar's text as it stands in the file."""
        self.text = text

    def __eq__(self, other: object) -> bool:
        """Tell whether another scalar has the same text: two readings of a file are then equal."""
        return isinstance(other, Plain) and other.text == self.text

    def __hash__(self) -> int:
        """Return the text's."""
        return hash(self.text)

    def __repr__(self) -> str:
        """Return the text, unquoted as in the file."""
        return self.text


def resolve(text: str) -> object:
    """Return the value of a plain scalar: None, bool, int, float or str where all readers agree, else Plain.

    Other spellings of a value on which all agree (`True`, `+1`, `1.10`) are Plain too: where text is wanted, a
    message can then show them as they stand in the file.

    Sources: YAML 1.1 type repository; YAML 1.2.2 chapter 10.3; gopkg.in/yaml.v2 and v3 `resolve.go`.
    """
    if text in _RESERVED:
        return _CONSTANTS[text] if text in _CONSTANTS else Plain(text)
    if text[0] in "-+.0123456789":
        return _resolve_number(text)
    # PyYAML and ruamel.yaml stop at a tab in a plain scalar, Go does not.
    return Plain(text) if "\t" in text else text


def _resolve_number(text: str) -> object:
    if len(text) <= SURE_DIGITS and text[0] != "0" and text.isdecimal() and text.isascii():
        return int(text)  # what the rest of this function finds too, in a third of the time
    if len(text) > _MAX_NUMBER or not (found := _NUMBER.fullmatch(text)):
        # Go drops underscores before it looks: -_1 and 0_x1 are numbers there.
        forms = (text, text.replace("_", "")) if "_" in text else (text,)
        return Plain(text) if "\t" in text or any(map(_NUMBER_LIKE.fullmatch, forms)) else text
    if found[1] is None:
        integer = int(text)
        return integer if -_INT64 <= integer < _INT64 else Plain(text)
    number = float(text)
    return number if _float_text(number) == text else Plain(text)


def core(text: str, *, yaml_1_1: bool) -> object:
    """Return the value of a plain scalar as Go reads it: None, bool, int, float or str; dates are text.

    yaml_1_1: yes, no, on, off, y and n are booleans (gopkg.in/yaml.v2, `resolve.go`; v3 takes them for text).
    """
    if text in ("", "~") or text in _SPELT["null"]:
        return None
    lower = text.lower()
    if lower in _SPELT and text in _SPELT[lower]:
        if lower in ("true", "false"):
            return lower == "true"
        return lower in ("y", "yes", "on") if yaml_1_1 else text
    if text[0] in "-+.0123456789":
        return _core_number(text)
    return text


def _core_number(text: str) -> object:
    plain = text if text[0] == "." else text.replace("_", "")
    if len(plain) > _LONGEST_FLOAT or not (found := _GO_NUMBER.fullmatch(plain)):
        return text
    digits = plain.lstrip("-+")
    sign = -1 if plain[0] == "-" else 1
    if found["based"]:
        value = sign * int(digits, 0)
        return value if -_INT64 <= value < 2 * _INT64 else text
    if digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_INTEGER:
        # strconv.ParseInt with base 0 takes a leading zero for octal; ParseFloat does not mind an 8 or 9.
        octal = len(digits) > 1 and digits[0] == "0" and not is_float_of_digits(digits)
        value = sign * int(digits, 8 if octal else 10)
        if -_INT64 <= value < 2 * _INT64:
            return value
    number = float(plain.lower().replace(".inf", "inf").replace(".nan", "nan"))
    is_word = plain[-1] in "fFnN"
    return number if isfinite(number) or is_word else text


def is_float_of_digits(digits: str) -> bool:
    """Tell whether a number of digits alone is a float to Go: its zero is that of octal numbers, which have no 8."""
    digits = digits.lstrip("+-").replace("_", "")
    return digits[:1] == "0" and digits.isascii() and digits.isdecimal() and not set(digits).isdisjoint("89")


def float_text(number: float) -> str:
    """Return the one spelling of a float that YAML 1.1, YAML 1.2 and Go read as this float.

    Raises ValueError for infinity and what is not a number: JSON, and so Kubernetes, has none.
    """
    if not isfinite(number):
        raise ValueError(f"{number} has no spelling in JSON")
    return _float_text(number)


def _float_text(number: float) -> str:
    text = float.__repr__(number)
    return text if "." in text else text.replace("e", ".0e")  # YAML 1.1 wants a point before an exponent


def quote(text: str) -> str:
    """Return the text between double quotes, read back as this string by YAML 1.1, YAML 1.2 and Go."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", encode_basestring(text))


@lru_cache(_REMEMBERED)
def string_text(text: str) -> str:
    """Return the text plain where every reader takes it for this string, else quoted, as kubectl and kustomize do."""
    return text if _PLAIN_TEXT.fullmatch(text) else quote(text)


def is_key(text: str) -> bool:
    """Tell whether kustomize can carry the text as a key, and YAML without `? `."""
    return len(text) <= SURE_KEY or len(text) + 2 + 5 * len(_SIX.findall(text)) + len(_TWO.findall(text)) <= _MAX_KEY


@lru_cache(_REMEMBERED)
def key_text(key: str) -> str:
    """Return a key plain where every reader takes it for this string, else quoted.

    Raises TypeError for a key that is no string, and ValueError for one that is too long.
    """
    plain = _PLAIN_TEXT.fullmatch(key) or _DIRECTIVE.fullmatch(key)
    if not is_key(key):
        raise ValueError(f"a key of {len(key)} characters is too long")
    return key if plain else quote(key)
