"""The tables of hostile input in this folder. They say of a file `ok`, or code and place of its problems."""

import codecs
import re
from pathlib import Path
from typing import Final

from modelyard.files.yaml import MAX_BYTES, Document, Sources, read

FOLDER: Final = Path(__file__).parent
_SHOWN: Final = 8  # problems of one file that a table lists
_HEAD: Final = b"apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata:\n  name: risk\nspec:\n  hostile:\n"
_TAIL: Final = b"  models: []\n"


def table(name: str) -> list[dict[str, str]]:
    head, *rows = (FOLDER / name).read_text("utf-8").splitlines()
    return [dict(zip(head.split("\t"), row.split("\t"), strict=True)) for row in rows]


def document(content: str | bytes) -> Document:
    return read(content.encode() if isinstance(content, str) else content, Sources(), "models.yaml")


def verdict(content: str | bytes) -> str:
    return summary([f"{p.code}@{p.place.line}:{p.place.column}" for p in document(content).problems if p.place])


def summary(found: list[str]) -> str:
    return f"{found[0]} … {found[-1]} ({len(found)})" if len(found) > _SHOWN else " ".join(found) or "ok"


def inside(content: bytes) -> bytes:
    """Return a models file in which the content is the value of a key, each line six blanks deeper."""
    lines = re.sub(rb"(?:\A|(?<=\n)|(?<=\r)(?!\n))(?=[^\r\n])", b"      ", content)
    end = b"" if not lines or lines.endswith((b"\n", b"\r")) else b"\n"
    return _HEAD + lines + end + _TAIL


def attack(row: dict[str, str]) -> bytes:
    """Return the file of a row: head, then unit as often as it says or up to the largest size, then tail."""
    head, unit, tail = (
        codecs.decode(row[part], "unicode_escape").encode("latin-1") for part in ("head", "unit", "tail")
    )
    times = (MAX_BYTES - len(head) - len(tail)) // len(unit) if row["times"] == "fill" else int(row["times"])
    if b"{n}" in unit:
        return head + b"".join(unit.replace(b"{n}", b"%d" % n) for n in range(times)) + tail
    return head + unit * times + tail
