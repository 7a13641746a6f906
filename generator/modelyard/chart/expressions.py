"""Expressions of Helm's templates, and YAML that holds them: written as plain data with tokens, which then give way.

Source: Go, text/template; helm v4.3.2, pkg/engine.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from modelyard.chart.values import Path
from modelyard.files.yaml import write

Lines: TypeAlias = Callable[[str], Iterator[str]]  # from an indent to lines

_GROUP: Final = re.compile(r"\([^()]*\)")
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def quoted(text: str) -> str:
    """Return a text as a literal of Go."""
    return json.dumps(text, ensure_ascii=False)


def at(path: Path, model: str | None = None) -> str:
    """Return the expression of a value: below the variable $model, but of another model than this one."""
    own = path[:1] == ("models",) and model in (None, path[1])
    return below("$model", path[2:]) if own else below(".Values", path)


def below(root: str, path: Path) -> str:
    """Return the expression of what stands at a path below another."""
    found = root
    for part in path:
        if isinstance(part, str) and _FIELD.fullmatch(part):
            found = f"{grouped(found)}.{part}"
        else:
            found = f"index {grouped(found)} {quoted(part) if isinstance(part, str) else part}"
    return found


def grouped(expression: str) -> str:
    """Return an expression as an argument of another."""
    outside = expression
    while (inner := _GROUP.sub("", outside)) != outside:
        outside = inner
    return f"({expression})" if " " in outside else expression


def model_of(name: str) -> str:
    """Return the values of a model."""
    return below(".Values.models", (name,))


def enabled(name: str, text: str, *, also: str = "") -> str:
    """Return a template's text for a model that is enabled; it has the model's values as $model. also: a condition."""
    condition = f"and $model.enabled {grouped(also)}" if also else "$model.enabled"
    return f"{{{{- $model := {model_of(name)} }}}}\n{{{{- if {condition} }}}}\n{text}{{{{- end }}}}\n"


def escaped(text: str) -> str:
    """Return a text as a template that gives it: `{{` is the one thing that templates understand."""
    return text.replace("{{", '{{ "{{" }}')


class Tokens:
    """Words that stand for expressions in plain data, until it is written."""

    def __init__(self, taken: str) -> None:
        """Make words that do not occur in `taken`, a text with all that is written."""
        self.word = "helm-token"
        while self.word in taken:
            self.word += "x"
        self._inline: list[str] = []
        self._lines: list[Lines] = []
        self._line = re.compile(rf'^( *)(?:- )?{self.word}-line-([0-9]+)-(?:: "")?$')
        self._part = re.compile(rf"{self.word}-([0-9]+)-")

    def inline(self, expression: str) -> str:
        """Return the word for an expression, which is all of a scalar or a part of it."""
        self._inline.append(expression)
        return f"{self.word}-{len(self._inline) - 1}-"

    def lines(self, lines: Lines) -> str:
        """Return the word for whole lines: a key with the value "", or an item of a list."""
        self._lines.append(lines)
        return f"{self.word}-line-{len(self._lines) - 1}-"

    def written(self, body: dict[str, Any]) -> str:
        """Return an object as the text of a template."""
        return "".join(f"{line}\n" for each in escaped(write(body)).splitlines() for line in self._expanded(each))

    def _expanded(self, line: str) -> Iterator[str]:
        if found := self._line.match(line):
            yield from self._lines[int(found[2])](found[1])
        else:
            yield self._part.sub(lambda part: f"{{{{ {self._inline[int(part[1])]} }}}}", line)
