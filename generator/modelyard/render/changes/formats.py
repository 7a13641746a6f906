"""Differences as text, as Markdown for a pull request, and as JSON."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from modelyard.manifests.names import repository
from modelyard.problems import printable
from modelyard.render.changes.change import Change, Difference

_SET: Final = "the set"
_NONE: Final = "none"
_TICKS: Final = re.compile("`+")
_PLAIN: Final = re.compile(r"[A-Za-z0-9 .-]*")  # shows as it is in Markdown


def shown(found: Sequence[Difference], form: str) -> str:
    """Return the differences in one of FORMATS; empty text and Markdown where there are none."""
    return FORMATS[form](found)


def _text(found: Sequence[Difference]) -> str:
    """Return a line a model: `credit-risk: image 1.4.0 -> 1.5.0, minScale 0 -> 1`."""
    return "".join(printable(_line(each)) + "\n" for each in found)


def _line(each: Difference) -> str:
    subject = (f"{each.file}: " if each.file else "") + (each.model or _SET)
    if each.what == "changed":
        return f"{subject}: {', '.join(_words(change) for change in each.changes)}"
    details = ", ".join(f"{_name(change)} {_values(change)[1]}" for change in each.changes)
    return f"{subject}: {each.what}" + (f" ({details})" if details else "")


def _words(change: Change) -> str:
    before, after = _values(change)
    return f"{_name(change)} {before} -> {after}"


def _name(change: Change) -> str:
    return f"{change.variant} {change.field}".strip()


def _markdown(found: Sequence[Difference]) -> str:
    """Return a table with a row a change."""
    if not found:
        return ""
    of_files = any(each.file for each in found)
    rows = [(each.file, *row) if of_files else row for each in found for row in _rows(each)]
    head = "| file | model | field |" if of_files else "| model | field |"
    lines = [f"{head} before | after |", f"{'|---' * (5 if of_files else 4)}|"]
    return "".join(f"{line}\n" for line in [*lines, *(f"| {' | '.join(map(_cell, row))} |" for row in rows)])


def _rows(each: Difference) -> Iterable[tuple[str, str, str, str]]:
    subject = each.model or _SET
    if each.what != "changed":
        yield subject, each.what, "", ""
    for change in each.changes:
        yield subject, _name(change), *_values(change)


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is, with nothing in it that could be a link, a mention or HTML."""
    plain = printable(text).replace("\t", " ")
    if _PLAIN.fullmatch(plain):
        return plain
    fence = "`" * (1 + max(map(len, _TICKS.findall(plain)), default=0))
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}".replace("|", "\\|")


def _json(found: Sequence[Difference]) -> str:
    """Return a list with an object a model; before and after are plain values, null where absent.

    file is there where several models files are compared.
    """
    data = [
        {
            **({"file": each.file} if each.file else {}),
            "model": each.model,
            "what": each.what,
            "changes": [change._asdict() for change in each.changes],
        }
        for each in found
    ]
    return json.dumps(data, indent=2) + "\n"


def _values(change: Change) -> tuple[str, str]:
    """Return both values in short: of two images from one repository only what differs."""
    before, after = change.before, change.after
    if change.field.rpartition(".")[2] == "image" and isinstance(before, str) and isinstance(after, str):
        name = repository(before)
        versions = before[len(name) + 1 :], after[len(name) + 1 :]
        if repository(after) == name and all(versions):
            return versions
    return _value(before), _value(after)


def _value(value: object) -> str:
    if value is None:
        return _NONE
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


FORMATS: Final[Mapping[str, Callable[[Sequence[Difference]], str]]] = {
    "text": _text,
    "markdown": _markdown,
    "json": _json,
}
