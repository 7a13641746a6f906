"""One at a time, in a store that has no locks: who writes that it comes, and then sees nobody else, may go on.

Stores show a file to all as soon as it is written (Amazon S3, Data consistency model; Cloud Storage, Consistency). Of
two who come at once, the later sees the other; both may, and then both step back for a time that is not the same. Who
has its turn writes it anew each minute, so a killed one is waited for no longer than its lease. All ages are by the
store's clock: those of machines may differ.
"""

import random
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from modelyard.request_log.files.folder import Folder, Unreachable

LEASE: Final = timedelta(minutes=5)
RENEWAL: Final = 60.0  # seconds
_PATIENCE: Final = 900.0  # seconds
_STEP: Final = 0.5


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
    """A turn. It ends with its lease, which is renewed until it is left."""

    def __init__(self, folder: Folder, where: str, scratch: Path) -> None:
        self._folder = folder
        self._path = ""
        self._where = where
        self._file = scratch / "lock"
        self._until = 0.0
        self._left = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True)

    def take(self) -> None:
        """Wait for it. Raises Unreachable."""
        self._file.write_bytes(b"")
        end = time.monotonic() + _PATIENCE
        while True:
            self._path = f"{self._where}/{secrets.token_hex(8)}"
            try:
                self._write()
                if not self._others():
                    self._renewing.start()
                    return
            except BaseException:
                self._remove()
                raise
            self._remove()
            if time.monotonic() > end:
                raise Unreachable(TimeoutError())
            time.sleep(random.uniform(_STEP / 5, _STEP))  # noqa: S311 - no secret

    def check(self) -> None:
        """Raise Unreachable where it has ended, for another may have its turn."""
        if time.monotonic() > self._until or self._path not in self._folder.files(self._where):
            raise Unreachable(TimeoutError())

    def leave(self) -> None:
        """Let others go on."""
        self._left.set()
        self._renewing.join()  # it would come again
        self._remove()

    def _write(self) -> None:
        until = time.monotonic() + LEASE.total_seconds()
        self._folder.put(self._file, self._path)
        self._until = until

    def _remove(self) -> None:
        with suppress(Unreachable):  # its lease ends
            self._folder.remove(self._path)

    def _renew(self) -> None:
        while not self._left.wait(RENEWAL):
            if time.monotonic() > self._until:
                return
            with suppress(Unreachable):  # it is tried again while there is a lease
                self._write()

    def _others(self) -> bool:
        """Tell whether somebody else comes, or has its turn; those whose lease has ended are removed."""
        times = self._folder.times(self._where)
        own = times.pop(self._path, None)
        if own is None:
            return True
        for path, written in list(times.items()):
            if own - written > LEASE:
                self._folder.remove(path)
                del times[path]
        return bool(times)
