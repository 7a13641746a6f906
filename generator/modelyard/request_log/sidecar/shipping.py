"""From the spool to the log: a process of its own, so that reading bodies takes nothing from calls.

It says on standard error when the database or bucket is lost and found again, by codes: nothing of a row stands there.
"""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

from modelyard.request_log.counters import Counters
from modelyard.request_log.sidecar.destinations import PARENT, Destination, Parent
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.spool import Reader

_CALLS: Final = 2_000  # of a batch
_BYTES: Final = 4 << 20
_PAUSE: Final = 0.2  # seconds between batches that are not full
_NICE: Final = 5  # calls come first


def main() -> None:
    """Ship until the parent is gone, or has said that it ends and the spool is empty."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # the parent says when
    os.nice(_NICE)
    told = b""
    while not told.endswith(b"\n"):
        if not (byte := os.read(PARENT, 1)):
            return
        told += byte
    settings = Settings(**_read(json.loads(told)))
    with contextlib.closing(Counters(settings.spool)) as counters:
        try:
            with contextlib.closing(Reader(settings.spool, counters)) as spool:
                parent = Parent()
                _ship(spool, parent, _destination(settings, counters, spool, parent))
        except Exception as error:  # noqa: BLE001 - its traceback, or its message, may hold a row
            sys.exit(f"what ships the log has ended: {type(error).__name__}")


def _read(told: dict[str, Any]) -> dict[str, Any]:
    lists = {name: tuple(told[name]) for name in ("drop", "hash", "mirrors")}
    return told | lists | {"spool": Path(told["spool"]), "hash_key": bytes.fromhex(told["hash_key"])}


def _destination(settings: Settings, counters: Counters, spool: Reader, parent: Parent) -> Destination:
    if settings.files:
        from modelyard.request_log.sidecar.to_files import Files

        return Files(settings, counters, spool, parent)
    from modelyard.request_log.sidecar.to_database import Database

    return Database(settings, counters, spool, parent)


def _ship(spool: Reader, parent: Parent, to: Destination) -> None:
    while not parent.gone:
        found = spool.take(_CALLS, _BYTES)
        if found:
            to.take(found)
        elif parent.ending:
            to.end()
            return
        to.tend()
        if len(found) < _CALLS:
            parent.listen(0 if parent.ending else _PAUSE)


if __name__ == "__main__":
    main()
