"""One at a time, in a store that has no locks: who writes that it comes, and then sees nobody else, may go on.

Stores show a file to all as soon as it is written (Amazon S3, Data consistency model; Cloud Storage, Consistency). Of
two who come at once, the later sees the other; both may, and then both step back for a time that is not the same.
"""

import random
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from modelyard.request_log.files.folder import Folder, Unreachable

LEASE: Final = 3600.0  # seconds, after which who was killed is no longer waited for
_PATIENCE: Final = 900.0  # seconds
_STEP: Final = 0.5
_NAME: Final = re.compile(r".*/([0-9]{14})-[0-9a-f]{16}")


@contextmanager
def alone(folder: Folder, table: str, scratch: Path) -> Iterator["Held"]:
    """Wait until nobody else changes what is kept beside a log. Raises Unreachable."""
    own = Held(folder, f"{table}_lock", scratch)
    own.take()
    try:
        yield own
    finally:
        own.leave()


class Held:
    """A turn. It ends with its lease."""

    def __init__(self, folder: Folder, where: str, scratch: Path) -> None:
        self._folder = folder
        self._where = where
        self._file = scratch / "lock"
        self._path = ""
        self._until = 0.0

    def take(self) -> None:
        """Wait for it. Raises Unreachable."""
        self._file.write_bytes(b"")
        end = time.monotonic() + _PATIENCE
        while True:
            self._until = time.monotonic() + LEASE
            self._path = f"{self._where}/{datetime.now(UTC):%Y%m%d%H%M%S}-{secrets.token_hex(8)}"
            self._folder.put(self._file, self._path)
            if not [each for each in self._folder.files(self._where) if each != self._path and not _is_over(each)]:
                return
            self.leave()
            if time.monotonic() > end:
                raise Unreachable(TimeoutError())
            time.sleep(random.uniform(_STEP / 5, _STEP))  # noqa: S311 - no secret

    def check(self) -> None:
        """Raise Unreachable where it has ended, for another may have its turn."""
        if time.monotonic() > self._until or self._path not in self._folder.files(self._where):
            raise Unreachable(TimeoutError())

    def leave(self) -> None:
        """Let others go on."""
        with suppress(Unreachable):  # its lease ends
            self._folder.remove(self._path)


def _is_over(path: str) -> bool:
    found = _NAME.fullmatch(path)
    if found is None:
        return True
    began = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return (datetime.now(UTC) - began).total_seconds() > LEASE
