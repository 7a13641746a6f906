"""A replay in the forms that people and machines read. None of them holds a value of a row, or its id."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final
from xml.sax.saxutils import quoteattr

from modelyard.api.gate import percent
from modelyard.api.replay import Replayed
from modelyard.problems import printable

__all__ = ["ENDINGS", "FORMATS", "shown"]

ENDINGS: Final = {".txt": "text", ".json": "json", ".md": "markdown", ".xml": "junit"}


def shown(own: Replayed, form: str) -> str:
    """Return a replay in one of FORMATS."""
    return FORMATS[form](own)


def _facts(own: Replayed) -> Iterator[tuple[str, str]]:
    yield "rows", f"{own.rows:,}"
    if own.agreement is not None and own.errors is not None:
        yield "agreement", percent(own.agreement)
        yield "differing", f"{own.differing:,}"
        yield "errors", f"{own.failed:,} ({percent(own.errors, up=True)})"
    if own.skipped:
        yield "not asked again", f"{own.skipped:,}, whose bodies the log could not read"
    if own.calls:
        yield "latency", f"p50 {own.p50:.1f} ms, p95 {own.p95:.1f} ms of {own.calls:,} calls"
    if own.lacking:
        yield "only the challenger gives", ", ".join(own.lacking)


def _columns(own: Replayed) -> Iterator[Sequence[str]]:
    yield ("output", "differing", "largest", "PSI", "KS")
    for each in own.columns:
        numbers = ["-" if value is None else f"{value:.4g}" for value in (each.psi, each.ks)]
        yield (each.name, f"{each.differing:,}", f"{each.largest:.4g}" if each.largest else "-", *numbers)


def _text(own: Replayed) -> str:
    lines = [f"{own.model}: {own.against} against the champion's answers"]
    lines += [f"  {name:<26}{value}" for name, value in _facts(own)]
    rows = list(_columns(own))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        first, *others = (each.ljust(widths[0]) if i == 0 else each.rjust(widths[i]) for i, each in enumerate(row))
        lines.append("  " + "  ".join([first, *others]))
    lines += [f"  {'passes' if each.met else 'FAILS '}  {each.text}" for each in own.limits]
    return "\n".join([*map(printable, lines), ""])


def _json(own: Replayed) -> str:
    data = asdict(own) | {"agreement": own.agreement, "errors": own.errors}
    data["columns"] = [each._asdict() for each in own.columns]
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def _markdown(own: Replayed) -> str:
    lines = [f"### Replay: {_cell(own.model)}, {_cell(own.against)} against the champion's answers", ""]
    lines += _rows([("", ""), *_facts(own)])
    lines += ["", *_rows(list(_columns(own)))]
    if own.limits:
        held = [(each.text, "passes" if each.met else "**fails**") for each in own.limits]
        lines += ["", *_rows([("gate", ""), *held])]
    return "\n".join([*lines, ""])


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f"| {' | '.join(map(_cell, row))} |"
        if number == 0:
            yield f"|{'---|' * len(row)}"


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|").replace("<", "&lt;")


def _junit(own: Replayed) -> str:
    """Return a test case for each limit of the gate; without a gate one that passes."""
    failed = sum(not each.met for each in own.limits)
    cases = [
        f"    <testcase classname={_attribute(own.model)} name={_attribute(f'{each.name} {each.detail}'.strip())}>"
        + ("" if each.met else f"<failure message={_attribute(each.text)}/>")
        + f"<system-out>{_escaped(each.text)}</system-out></testcase>"
        for each in own.limits
    ] or [f'    <testcase classname={_attribute(own.model)} name="replay"/>']
    counts = f'tests="{len(cases)}" failures="{failed}" errors="0" skipped="0"'
    head = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="modelyard" {counts}>']
    suite = f"  <testsuite name={_attribute(f'modelyard replay {own.against}')} {counts}>"
    return "\n".join([*head, suite, *cases, "  </testsuite>", "</testsuites>", ""])


def _attribute(text: str) -> str:
    return quoteattr(printable(text))


def _escaped(text: str) -> str:
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FORMATS: Final[Mapping[str, Callable[[Replayed], str]]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "junit": _junit,
}
