"""A stand-in for SAS Container Runtime that does what a call's header X-Stub says: answer, fail, hang, break off.

In a test it runs in a thread and records what reaches it; `python scr_stub.py --server.port=PORT` runs it alone.
"""

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

PATH: Final = "/credit_risk"
FOREVER: Final = 120.0  # seconds; longer than any test waits


@dataclass(frozen=True, slots=True)
class Call:
    """What reached the model: headers with names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Model:
    """The stand-in. delay: seconds before every answer; path: what the paths that it knows begin with."""

    delay: float = 0.0
    path: str = PATH
    calls: list[Call] = field(default_factory=list)
    connections: int = 0

    def posts(self, key: str) -> list[Call]:
        """Return the calls to score whose header X-Key has this value."""
        return [each for each in self.calls if each.method == "POST" and each.headers.get("x-key") == key]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection."""
        self.connections += 1
        try:
            while (call := await _read(reader)) is not None:
                self.calls.append(call)
                if not await self.answer(call, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller has gone
        finally:
            writer.close()

    async def answer(self, call: Call, writer: asyncio.StreamWriter) -> bool:
        """Do what the call asks for, and tell whether the connection goes on."""
        what, _, value = call.headers.get("x-stub", "").partition("=")
        if self.delay:
            await asyncio.sleep(self.delay)
        if what == "slow":
            await asyncio.sleep(float(value))
        if what == "hang":
            await asyncio.sleep(FOREVER)
        if what == "reset":
            writer.transport.abort()
            return False
        if what in _PARTS:
            await _PARTS[what](writer)
            return what in ("lines", "stream")
        status = int(value) if what == "status" else 200 if call.path.startswith(self.path) else 404
        body = (
            b"x" * int(value) if what == "large" else json.dumps({"path": call.path, "length": len(call.body)}).encode()
        )
        head = f"HTTP/1.1 {status} Stub\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        head += "Location: http://elsewhere.example.com/\r\n" if 300 <= status < 400 else ""
        head += "Retry-After: 7\r\n" if status == 429 else ""
        if attribute := call.headers.get("x-amzn-sagemaker-custom-attributes"):
            head += f"X-Amzn-SageMaker-Custom-Attributes: {attribute}\r\n"
        writer.write(f"{head}\r\n".encode() + (b"" if call.method == "HEAD" else body))
        await writer.drain()
        return what != "close"  # without a word of it in the answer


async def _read(reader: asyncio.StreamReader) -> Call | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        return Call(method, path, headers, await _chunks(reader))
    return Call(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += await reader.readexactly(size)
        await reader.readuntil(b"\r\n")
    await reader.readuntil(b"\r\n")
    return body


async def _hang_in_body(writer: asyncio.StreamWriter) -> None:
    await _half(writer)
    await asyncio.sleep(FOREVER)


async def _drip(writer: asyncio.StreamWriter) -> None:
    await _half(writer)
    for _ in range(int(FOREVER * 5)):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.2)


async def _half(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"outputs":')
    await writer.drain()


async def _stream(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
    await writer.drain()
    await asyncio.sleep(0.7)
    writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
    await writer.drain()


async def _lines(writer: asyncio.StreamWriter) -> None:
    body = b'{\n    "predictions": [1]\n}'
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()


_PARTS: Final = {"lines": _lines, "hang-body": _hang_in_body, "drip": _drip, "truncate": _half, "stream": _stream}


@contextlib.contextmanager
def running(port: int, *, delay: float = 0.0, path: str = PATH) -> Iterator[Model]:
    """Run the stand-in on a port of this host, in a thread."""
    model = Model(delay, path)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(model.serve, "127.0.0.1", port, limit=1 << 24))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def stop(server: asyncio.Server | None) -> None:
    """End a server and all that its loop still does, so that no socket of it stays open."""
    if server is not None:
        server.close()
    for _ in range(10):  # turns of the loop: a connection that it has just accepted gets its transport and its task
        await asyncio.sleep(0)
    tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.02)  # until the connections are closed


async def _alone(port: int, start: float) -> None:
    await asyncio.sleep(start)
    server = await asyncio.start_server(Model().serve, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Run alone; STUB_START: seconds until the port is open, as SCR takes 12 to 15."""
    port = next(word.partition("=")[2] for word in sys.argv if word.startswith("--server.port="))
    sys.stderr.write(f"stub {os.getpid()} {time.time()} {os.environ.get('_JAVA_OPTIONS', '')}\n")
    sys.stderr.flush()
    asyncio.run(_alone(int(port), float(os.environ.get("STUB_START", "0"))))


if __name__ == "__main__":
    main()
