"""What another tool says, in one form for all of them, and the paths that they write."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from modelyard.problems import Severity
from modelyard.problems.patterns import pattern

# A key, an index, or of a list's item `key=value`, as server-side apply names it.
Part: TypeAlias = str | int

MAX_TEXT: Final = 2000  # characters of a message: policies can write pages

_DOTTED: Final = pattern(r"\[([^\[\]]{0,320})\]|([^.\[\]]{1,320})")
_INDEX: Final = pattern(r"\[?([0-9]{1,6})\]?")
_CONTAINER: Final = pattern(r"""container\(?s?\)? {0,2}["'<]([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)["'>]""", re.IGNORECASE)
_BLANKS: Final = pattern(r"\s+")


class Reference(NamedTuple):
    """An object as a tool names it. What it does not tell is empty; group is None where it is not told."""

    kind: str
    name: str = ""
    namespace: str = ""
    group: str | None = None

    def __str__(self) -> str:
        """Return kind, group and name, as messages call it."""
        return " ".join(part for part in (f"{self.kind}.{self.group}" if self.group else self.kind, self.name) if part)


class Field(NamedTuple):
    """A field of an object. within: where the path begins. container: the name of that one; its model's if empty."""

    path: tuple[Part, ...] = ()
    within: Literal["object", "pod", "container"] = "object"
    container: str = ""


POD: Final = "pod"
CONTAINER: Final = "container"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFinding:
    """What another tool found.

    about: the object that it names. file, line, column: its place in what the tool read, line and column from 1, or 0.
    field: what it is about. image: the container image that it is about.
    """

    tool: str
    rule: str
    severity: Severity
    message: str
    hint: str = ""
    about: Reference | None = None
    file: str = ""
    line: int = 0
    column: int = 0
    field: Field | None = None
    image: str = ""


def shortened(text: str) -> str:
    """Return a text in one line, of MAX_TEXT characters at most."""
    line = _BLANKS.sub(" ", text[: 4 * MAX_TEXT]).strip()
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"


def dotted(path: str) -> tuple[Part, ...]:
    """Return the parts of a path as Kubernetes writes it: `spec.containers[0].image`, `metadata.labels[a.b/c]`."""
    return tuple(_bracketed(each[1]) if each[1] is not None else each[2] for each in _DOTTED.finditer(path))


def _bracketed(text: str) -> Part:
    if text.isascii() and text.isdigit() and len(text) < 7:
        return int(text)
    key, equals, value = text.partition("=")
    return f"{key}={value.strip(chr(34))}" if equals and value.startswith('"') else text.strip(chr(34))


def slashed(path: str) -> tuple[Part, ...]:
    """Return the parts of a path with slashes: a JSON pointer, or `spec/containers/[0]/image` as checkov writes it."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in path.strip("/").split("/"))
    return tuple(int(found[1]) if (found := _INDEX.fullmatch(part)) else part for part in parts if part)


def container_of(message: str) -> str:
    """Return the name of the container that a message speaks of; empty if it names none."""
    found = _CONTAINER.search(message)
    return found[1] if found else ""


def mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for anything else: reports can hold anything."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> Sequence[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text as it is, and an empty one for anything else."""
    return value if isinstance(value, str) else ""


def number(value: object) -> int:
    """Return a positive integer as it is, and 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else 0


def named_space(value: object) -> str:
    """Return a namespace; empty where there is none, which kube-linter writes as `<no namespace>`."""
    return "" if text(value).startswith("<") else text(value)


def graded(word: object) -> Severity:
    """Return what a tool's own severity is here. Source: trivy 0.69, pkg/report/sarif.go, toSarifErrorLevel."""
    known = {"medium": Severity.WARNING, "moderate": Severity.WARNING, "low": Severity.NOTE, "info": Severity.NOTE}
    return {**known, "unknown": Severity.NOTE}.get(text(word).lower(), Severity.ERROR)
