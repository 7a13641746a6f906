"""The process that ships, as its parent sees it: begun, begun again when it has died, and ended when all is shipped."""

import asyncio
import contextlib
import json
import sys
from dataclasses import asdict
from typing import Final

from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.sidecar.settings import Settings

_PROGRAM: Final = ("-m", "modelyard.request_log.sidecar.shipping")
_END: Final = b"."
_AGAIN: Final = 1.0  # seconds until a process that has died is begun again


class Shipper:
    """It gets its settings by its standard input, and hears there that its parent ends, or is gone."""

    def __init__(self, settings: Settings, counters: Counters) -> None:
        self._counters = counters
        told = asdict(settings) | {"spool": str(settings.spool), "hash_key": settings.hash_key.hex()}
        self._told = json.dumps(told).encode() + b"\n"
        self._process: asyncio.subprocess.Process | None = None
        self._ending = False

    async def run(self) -> None:
        """Keep it running until it has shipped all after the end was said; one that dies on the way is begun again."""
        while True:
            await self.kill()
            with contextlib.suppress(OSError):  # no descriptor, process or memory is left: there may be one soon
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, *_PROGRAM, stdin=asyncio.subprocess.PIPE, start_new_session=True
                )
                await self._tell(self._told + (_END if self._ending else b""))
                if await self._process.wait() == 0 and self._ending:
                    return
            self._counters.add(Count.RESTARTS)
            self._counters[Count.CONNECTED] = 0
            await asyncio.sleep(_AGAIN)

    async def _tell(self, content: bytes) -> None:
        stdin = self._process.stdin if self._process is not None else None
        if stdin is not None and not stdin.is_closing():  # uvloop takes nothing for a process that is gone
            with contextlib.suppress(ConnectionError):
                stdin.write(content)
                await stdin.drain()

    async def end(self) -> None:
        """Let it ship what there is, and then end: `run` returns when it has."""
        self._ending = True
        await self._tell(_END)

    async def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
