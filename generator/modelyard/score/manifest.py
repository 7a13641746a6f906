"""The manifest of a table that has been scored, and of one part of it: how many rows there are, and their checksum."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from modelyard import __version__
from modelyard.score.options import Row

MANIFEST: Final = "_modelyard.json"  # Spark takes no file for data whose name begins with _


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a table that has been scored. rows: of the input; scored and failed: of the output.

    model: its URL, or its name where it stood beside each part. checksum: does not depend on the order of rows. Spark
    sums `xxhash64(to_json(row))` over the rows of the output; of parts it is the sum of `checksum` below.
    """

    model: str
    rows: int
    scored: int
    failed: int
    checksum: str

    def text(self, parts: "Sequence[Part]" = ()) -> str:
        """Return the JSON document."""
        listed = {"parts": [each.document() for each in parts]} if parts else {}
        return json.dumps({"format": 1, "modelyard": __version__, **asdict(self), **listed}, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Part:
    """What is in one part: a shard of so many. part: its file. checksum: of all its rows, those that failed too."""

    part: str
    shard: int
    shards: int
    rows: int
    scored: int
    failed: int
    checksum: str

    def document(self) -> dict[str, object]:
        """Return what the document of the whole table says of it."""
        return {key: value for key, value in asdict(self).items() if key not in ("shard", "shards")}

    def text(self) -> str:
        """Return the JSON document, in one line: a message of Kubernetes has at most 4,096 bytes."""
        return json.dumps({"format": 1, "modelyard": __version__, **asdict(self)}) + "\n"


def part_of(text: str) -> Part | None:
    """Return the part that a text is the document of, if it is one."""
    try:
        document = json.loads(text)
        found = {name: document[name] for name in Part.__slots__}
        sound = all(isinstance(found[name], int) for name in ("shard", "shards", "rows", "scored", "failed"))
        return Part(**found) if sound and int(found["checksum"]) >= 0 else None
    except (ValueError, KeyError, TypeError):
        return None


def joined(model: str, parts: Sequence[Part]) -> Manifest:
    """Return what is in a table of parts."""
    rows, scored, failed = (sum(getattr(each, name) for each in parts) for name in ("rows", "scored", "failed"))
    return Manifest(model, rows, scored, failed, str(sum(int(each.checksum) for each in parts)))


def checksum(rows: Iterable[Row]) -> tuple[int, int]:
    """Return how many rows there are, and the sum of the BLAKE2b (64 bits) of their cells, in whatever order."""
    count = total = 0
    for row in rows:
        text = "\x1f".join(row.cells).encode("utf-8", "surrogatepass")
        total += int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
        count += 1
    return count, total
