"""The register as JSON and as Markdown."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from modelyard.api.register import Entry

_VERSION: Final = 1  # of the document
_HEAD: Final = ("Environment", "Model", "Variant", "Target", "Version", "Share", "From", "To", "Image", "Source",
                "Proposed by", "Approved by", "Signature", "Commit")  # fmt: skip
_SHORT: Final = 12  # digits of a commit


def as_json(entries: Iterable[Entry]) -> str:
    """Return the register as a JSON document; times are RFC 3339 in UTC, and `until` is null for what is served."""
    return json.dumps({"version": _VERSION, "entries": [_plain(each) for each in entries]}, indent=2) + "\n"


def _plain(entry: Entry) -> dict[str, Any]:
    return {
        "environment": entry.environment,
        "model": entry.model,
        "variant": entry.variant or None,
        "target": entry.target,
        "version": entry.version,
        "percent": entry.percent,
        "image": entry.image,
        "digest": entry.digest or None,
        "source": entry.source or None,
        "since": time(entry.since),
        "until": None if entry.until is None else time(entry.until),
        "commit": entry.commit,
        "endedBy": entry.ended or None,
        "subject": entry.subject,
        "proposedBy": entry.people.proposed,
        "approvedBy": list(entry.people.approved),
        "signature": entry.people.signature or None,
    }


def as_markdown(entries: Sequence[Entry]) -> str:
    """Return the register as a table of Markdown."""
    lines = [f"| {' | '.join(_HEAD)} |", f"|{'---|' * len(_HEAD)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(_cell, _row(each)))} |" for each in entries)]) + "\n"


def _row(entry: Entry) -> tuple[str, ...]:
    until = "" if entry.until is None else time(entry.until)
    people = entry.people
    return (
        entry.environment, entry.model, entry.variant, entry.target, entry.version, f"{entry.percent} %",
        time(entry.since), until, entry.image, entry.source, people.proposed, ", ".join(people.approved),
        people.signature, entry.commit[:_SHORT],
    )  # fmt: skip


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is: names of people and messages are anybody's."""
    escaped = "".join(f"&#{ord(each)};" if each in "|<>&`*_[]\\~" else each for each in text)
    return " ".join(escaped.split())


def time(seconds: int) -> str:
    """Return a time as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
