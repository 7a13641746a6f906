"""The sidecar as a whole: it listens, starts what ships to the log, and ends in an order that loses nothing.

At SIGTERM it goes on taking calls while endpoints forget the pod, with `Connection: close` in each answer; then calls
in flight are answered, what waits goes to the spool, and the spool to the log.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import uvloop

from modelyard.request_log.counters import Counters
from modelyard.request_log.sidecar import admin
from modelyard.request_log.sidecar.desk import Desk
from modelyard.request_log.sidecar.front import Front
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.sidecar.shipper import Shipper
from modelyard.request_log.spool import Writer

_BACKLOG: Final = 1024
_LOCK: Final = "lock"
_LOOK: Final = 0.02  # seconds between looks at whether all calls are answered
_AGAIN: Final = 1.0  # seconds until work that has failed is begun again


def serve(settings: Settings, listening: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, and then until all is answered and shipped. Raises OSError."""
    settings.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(settings), contextlib.closing(Counters(settings.spool)) as counters:
        uvloop.run(_serve(settings, counters, listening))


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    descriptor = os.open(settings.spool / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


async def _serve(settings: Settings, counters: Counters, listening: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    writer = Writer(settings.spool, settings.limit, counters)
    desk = Desk(settings, counters, writer)
    shipper = Shipper(settings, counters)
    server = await loop.create_server(lambda: Front(desk), None, settings.listen, backlog=_BACKLOG)
    try:
        async with admin.served(settings, counters, desk):
            writing, shipping = loop.create_task(_lasting(desk.write)), loop.create_task(_lasting(shipper.run))
            copying = [loop.create_task(_lasting(each.run)) for each in desk.mirrors]
            listening()
            await stopped.wait()
            await _drain(settings, desk, server)
            await _cancelled(copying)
            desk.ended = True
            await writing
            await desk.flush()
            await shipper.end()
            await asyncio.wait([shipping], timeout=settings.flush)
            await _cancelled([shipping])
    finally:
        server.close()
        await shipper.kill()
        desk.close()
        writer.close()


async def _lasting(work: Callable[[], Awaitable[None]]) -> None:
    """Do work until it is done. What it fails with, a bug, is told and it is begun again: calls go on all the same.

    Of the error its kind and line are told: its text may have what was called.
    """
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - of whatever kind
            found: BaseException = error
            while isinstance(found, BaseExceptionGroup):
                found = found.exceptions[0]
            last = traceback.extract_tb(found.__traceback__)[-1]
            where = f"{Path(last.filename).name}, line {last.lineno}"
            sys.stderr.write(f"modelyard request-log: a bug: {type(found).__name__} in {where}; it is begun again\n")
            sys.stderr.flush()
            await asyncio.sleep(_AGAIN)
        else:
            return


async def _cancelled(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for each in tasks:
        each.cancel()
    if tasks:
        await asyncio.wait(tasks)


async def _drain(settings: Settings, desk: Desk, server: asyncio.Server) -> None:
    """Take calls for a while yet, answer those in flight, and close all connections."""
    desk.closing = True
    await asyncio.sleep(settings.stays)
    server.close()
    for front in [each for each in desk.fronts if each.is_idle]:
        front.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(settings.drain):
            while desk.fronts:
                await asyncio.sleep(_LOOK)
    for front in list(desk.fronts):
        front.close()
