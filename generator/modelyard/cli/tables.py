"""What is served, as text that fits a terminal of 80 columns."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from modelyard.api.cluster import Model, Revision
from modelyard.api.sources import Standing

WIDTH: Final = 80
_GAP: Final = "  "
_READY: Final = {True: "yes", False: "NO", None: "not yet"}
_STAR: Final = "* not deployed by modelyard"


def of_models(found: Sequence[Model], now: datetime, *, why: bool = True) -> str:
    """Return a line per variant, and below each model its address and, with why, what is wrong with it."""
    head = ("MODEL", "VARIANT", "CALLS", "READY", "AGE", "IMAGE")
    rows: list[tuple[str, ...]] = []
    notes: dict[int, list[str]] = {}
    for model in found:
        name = model.name if model.part_of else f"{model.name}*"
        for index, each in enumerate(model.variants):
            share = "" if each.percent is None else f"{each.percent}%"
            first = (name, _READY[model.ready], age(model.created, now)) if index == 0 else ("", "", "")
            rows.append((first[0], each.name or "-", share, first[1], first[2], short(each.image)))
        by = f"by Helm, release {model.release}" if model.release else ""
        notes[len(rows) - 1] = [text for text in (model.url, by, model.why if why else "") if text]
    lines = _table(head, rows)
    text = [lines[0]]
    for index, line in enumerate(lines[1:]):
        text.append(line)
        text += [wrapped for note in notes.get(index, []) for wrapped in _indented(note)]
    if any(not model.part_of for model in found):
        text.append(_STAR)
    return "\n".join(text) + "\n"


def of_sources(found: Sequence[Standing]) -> str:
    """Return a line per variant, and below each model what is out of step."""
    rows: list[tuple[str, ...]] = []
    notes: dict[int, list[str]] = {}
    for each in found:
        champion = f"{each.champion.model} {each.champion.version}".strip() if each.champion else "?"
        running = {pin.variant: short(pin.image) for pin in each.runs or ()}
        pinned = {pin.variant: pin.version.removeprefix("sha256:")[:12] for pin in each.pins}
        for number, variant in enumerate(sorted({*running, *pinned}) or [""]):
            first = (each.model, champion, each.source) if number == 0 else ("", "", "")
            own = (variant or "-", pinned.get(variant) or "-", running.get(variant) or "-")
            rows.append((first[0], first[1], *own, first[2]))
        notes[len(rows) - 1] = [line for text in each.out_of_step for line in _indented(text)]
    head, *lines = _table(("MODEL", "CHAMPION", "VARIANT", "PINS", "RUNS", "SOURCE"), rows)
    below = [text for number, line in enumerate(lines) for text in (line, *notes.get(number, []))]
    return "\n".join([head, *below]) + "\n"


def of_status(found: Sequence[Model], reasons: Sequence[str], now: datetime) -> str:
    """Return the models, and `OBJECT: why` of what is not ready as the object and indented lines."""
    lines = [of_models(found, now, why=not reasons).removesuffix("\n")]
    for each in reasons:
        subject, _, words = each.partition(": ")
        lines += [f"{subject}:", *_indented(words)]
    return "\n".join(lines) + "\n"


def of_revisions(found: Iterable[Revision], now: datetime) -> str:
    """Return a line per revision."""
    head = ("REVISION", "CALLS", "READY", "AGE", "IMAGE")
    rows = [
        (each.name, f"{each.percent}%", _READY[each.ready], age(each.created, now), short(each.image)) for each in found
    ]
    return "\n".join(_table(head, rows)) + "\n"


def age(created: str, now: datetime) -> str:
    """Return the time since an RFC 3339 time, in its largest unit: 45s, 3m, 7h, 12d."""
    seconds = int((now - datetime.fromisoformat(created)).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def short(image: str) -> str:
    """Return the last segment of an image, a digest cut to 12 digits."""
    name, at, digest = image.rpartition("/")[2].partition("@sha256:")
    return f"{name}{at}{digest[:12]}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return aligned lines of at most WIDTH characters; what is too long for the last column is cut on the left."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head) - 1)]
    room = max(WIDTH - sum(widths) - len(_GAP) * len(widths), 12)
    lines = []
    for row in (head, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        last = row[-1] if len(row[-1]) <= room else "…" + row[-1][1 - room :]
        lines.append(_GAP.join([*cells, last]).rstrip())
    return lines


def _indented(note: str) -> list[str]:
    import textwrap

    return textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
