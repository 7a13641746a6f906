"""What kustomize, kubectl and YAML 1.2 make of one plain scalar, as a value and as a key.

Source: gopkg.in/yaml.v3 (kustomize v5.8.1; v5.8.2 takes integers as keys) and gopkg.in/yaml.v2 as sigs.k8s.io/yaml has
it (kubectl v1.36): resolve.go of each; sigs.k8s.io/yaml, yaml.go, for keys; YAML 1.2.2, chapter 10.3.2, the core
schema. Both programs were run.
"""

import re
import struct
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from math import isfinite, isinf, isnan
from typing import Final, NamedTuple

from modelyard.files.yaml.scalars import core
from modelyard.problems.patterns import pattern


class Refused(Enum):
    """What a reader makes of a scalar that it stops at."""

    REFUSED = "refused"


REFUSED: Final = Refused.REFUSED
_INT64: Final = 2**63
_UINT64: Final = 2**64
_CONSTANTS: Final[dict[str, object]] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
_NUMBER: Final = pattern(
    r"(?P<decimal>[-+]?[0-9]+)|0o(?P<octal>[0-7]+)|0x(?P<hexadecimal>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<infinite>[-+]?\.(?:inf|Inf|INF))|(?P<none>\.(?:nan|NaN|NAN))"
)
_CORE_TAG: Final = "tag:yaml.org,2002:"
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "bool": (bool,), "float": (float, int), "int": (int,), "null": (type(None),)
}  # fmt: skip
_MAX_MEMO: Final = 10_000  # scalars that are remembered
_LONGEST: Final = 400  # characters: what is longer is to no reader a number that another does not see
_DATE: Final = pattern(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?P<between>[Tt]| +)([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.(?P<part>[0-9]{1,9}))?"
    r"(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
# No plain scalar but these is a number, a word or a date to any of the three.
_MAY_DIFFER: Final = pattern(r"[-+.0-9~].*|(?i:y|n|yes|no|on|off|true|false|null)", re.DOTALL)


class Readings(NamedTuple):
    """What three readers make of a scalar: None, bool, int, float or str, or REFUSED."""

    kustomize: object
    kubectl: object
    core: object

    @property
    def agree(self) -> bool:
        """Whether all three read the same."""
        return _same(self.kustomize, self.kubectl) and _same(self.kubectl, self.core)

    @property
    def go_agrees(self) -> bool:
        """Whether the two that write to clusters read the same."""
        return _same(self.kustomize, self.kubectl)


def readings(text: str) -> Readings | None:
    """Return the readings of a plain scalar that is a value, or None where all agree."""
    if not _MAY_DIFFER.fullmatch(text) or len(text) > _LONGEST:
        return None
    found = Readings(_kustomize(text), _kubectl(text), _core(text))
    return None if found.agree else found


def key_readings(text: str) -> Readings | None:
    """Return the readings of a plain scalar that is a key, or None where it is this text to all."""
    if not _MAY_DIFFER.fullmatch(text) or len(text) > _LONGEST:
        return None
    value, plain = core(text, yaml_1_1=False), _core(text)
    kustomize = value if isinstance(value, str) and _date(text) is None else REFUSED
    found = Readings(kustomize, kubectl_key(text), plain)
    return None if found == (text,) * 3 else found


def kubectl_key(text: str) -> str | Refused:
    """Return the key that kubectl makes of a plain scalar: `on` is true, `1.10` is 1.1."""
    value = core(text, yaml_1_1=True)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -_INT64 <= value < _INT64 else REFUSED
    return REFUSED if not isinstance(value, float) else _short(value)


def types_of_tag(tag: str) -> tuple[str, tuple[type, ...] | None]:
    """Return the name of a tag, and the types of the values that it may stand at; None where it makes them text."""
    name = tag.removeprefix(_CORE_TAG)
    return name, _TYPES.get(name)


class Scalars:
    """Values and keys of plain scalars, each worked out once: most of a stream stand in it many times.

    yaml_1_1: as kubectl reads them; else as kustomize reads objects, and keys are as they are written. odd_values,
    odd_keys: those met so far that kustomize, kubectl and YAML 1.2 read differently, of those that kubectl reads.
    """

    def __init__(self, *, yaml_1_1: bool) -> None:
        """Start with none."""
        self.yaml_1_1 = yaml_1_1
        self.odd_values: set[str] = set()
        self.odd_keys: set[str] = set()
        self._values: dict[str, object] = {}
        self._keys: dict[str, str | None] = {}

    def value(self, text: str) -> object:
        """Return the value of a plain scalar."""
        value = self._values.get(text, self)
        if value is self:
            value = core(text, yaml_1_1=self.yaml_1_1)
            if self.yaml_1_1 and len(self.odd_values) < _MAX_MEMO and readings(text):
                self.odd_values.add(text)
            if len(self._values) < _MAX_MEMO:
                self._values[text] = value
        return value

    def key(self, text: str) -> str | None:
        """Return the key that a plain scalar is, or None if kubectl stops at it."""
        if not self.yaml_1_1:
            return text
        key = self._keys.get(text, "")
        if not key:
            made = kubectl_key(text)
            key = None if made is REFUSED else made
            if key is not None and len(self.odd_keys) < _MAX_MEMO and key_readings(text):
                self.odd_keys.add(text)
            if len(self._keys) < _MAX_MEMO:
                self._keys[text] = key
        return key


def _kustomize(text: str) -> object:
    value = core(text, yaml_1_1=False)
    if isinstance(value, float) and not isfinite(value):
        return REFUSED
    return _date(text) or value if isinstance(value, str) else value


def _kubectl(text: str) -> object:
    value = core(text, yaml_1_1=True)
    if isinstance(value, float) and not isfinite(value):
        return REFUSED
    return float(value) if isinstance(value, int) and not -_INT64 <= value < _INT64 else value


def _core(text: str) -> object:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    for name, base in (("decimal", 10), ("octal", 8), ("hexadecimal", 16)):
        if found[name]:
            return int(found[name], base)
    return float(text) if found["float"] else float(text.replace(".", ""))


def _same(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _date(text: str) -> str | None:
    """Return what kustomize writes for a date: a time of RFC 3339."""
    found = _DATE.fullmatch(text)
    between, zone = (found["between"], found["zone"]) if found else (None, None)
    # Behind T a zone follows, behind a blank none.
    if found is None or (between is not None and (between[0] == " ") == bool(zone)):
        return None
    year, month, day, hour, minute, second = (int(found[i] or 0) for i in (1, 2, 3, 5, 6, 7))
    try:
        moment = datetime(year or 4, month, day, hour, minute, second)
    except ValueError:
        return None
    part = (found["part"] or "").rstrip("0")
    zone = "Z" if zone in (None, "Z", "+00:00", "-00:00") else zone
    return f"{year:04}-{moment:%m-%dT%H:%M:%S}{'.' + part if part else ''}{zone}"


def _short(number: float) -> str:
    """Return a float as Go writes it in as few digits as 32 bits need: FormatFloat(…, 'g', -1, 32)."""
    try:
        narrow: float = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        narrow = number * float("inf")
    if isnan(narrow) or isinf(narrow):
        return ".nan" if isnan(narrow) else ".inf" if narrow > 0 else "-.inf"
    digits = next(
        each for i in range(9) if struct.pack("f", float(each := f"{narrow:.{i}e}")) == struct.pack("f", narrow)
    )
    mantissa, _, exponent = digits.partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        return f"{float(digits):.{max(0, len(mantissa.partition('.')[2]) - power)}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02}"
