"""A server that imitates the three runtimes, and fails as it is told; `python -m tests.support.model_server` runs one.

SAS Container Runtime: POST PATH with `{"data": …}`, one row; GET PATH/apiMeta/api. SAS Python Container Runtime:
columns. TensorFlow Serving: instances. The score is computed from the row, so that each answer can be checked.
"""

import asyncio
import json
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

NUMBERS: Final = ("LOAN", "VALUE")
_TYPES: Final = {"LOAN": "number", "VALUE": "number", "JOB": "string"}
_PCR: Final = "PCR"
REFUSED: Final = 1_000_666  # no model scores a loan of this

Fault = Callable[["Server", asyncio.StreamWriter, int], Awaitable[bool]]


def score(row: dict[str, Any]) -> dict[str, Any]:
    """Return what the model gives for a row: a number that only this row has, and a padded class level."""
    loan = row["LOAN"]
    return {"P_BAD": None if loan is None else loan * 2 + 0.5, "I_BAD": "           1" if (loan or 0) > 500 else "0 "}


def description(runtime: str) -> dict[str, Any]:
    """Return the document that the runtime describes a model with."""
    if runtime == "tensorflow":
        one = {"dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}], "unknown_rank": False}
        tensor = {"dtype": "DT_FLOAT", "tensor_shape": one, "name": "x:0"}
        signature = {"inputs": dict.fromkeys(NUMBERS, tensor), "outputs": {"P_BAD": tensor}}
        signatures = {"serving_default": signature, "doubled": signature, "__saved_model_init_op": {}}
        model = {"name": "churn", "version": "1", "signature_name": ""}
        return {
            "model_spec": model,
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
    kinds = {name: {"type": kind} for name, kind in _TYPES.items()}
    outputs = {"P_BAD": {"type": "number"}, "I_BAD": {"type": "string"}}
    if runtime == "pcr":
        lists = {name: {"type": "array", "items": kind} for name, kind in kinds.items()}
        schemas = {f"{_PCR}Input": _data(lists), f"{_PCR}Output": _data(outputs)}
        return {"swagger": "2.0", "definitions": schemas}
    return {"openapi": "3.0.1", "components": {"schemas": {"SCRInput": _data(kinds), "SCROutput": _data(outputs)}}}


def _data(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"data": {"type": "object", "properties": properties}}}


@dataclass
class Server:
    """One server. calls: rows that it scored, by LOAN; requests: heads of the last calls; delay: seconds of each.

    signatures: that calls named. fault: is called before a call is scored; True if it has answered, or has closed the
    connection.
    """

    port: int = 0
    fault: Fault | None = None
    delay: float = 0.0
    calls: Counter[float] = field(default_factory=Counter)
    requests: list[str] = field(default_factory=list)
    signatures: set[str] = field(default_factory=set)
    posts: int = 0
    active: int = 0
    most: int = 0
    listener: asyncio.Server | None = None

    def url(self, path: str = "/credit_risk") -> str:
        """Return the URL of a model on this server."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def listen(self) -> None:
        """Accept connections, on a free port or again on the one it had."""
        self.listener = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        self.port = self.listener.sockets[0].getsockname()[1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lowered = head.lower()
                length = int(lowered.split("content-length:")[1].split()[0]) if "content-length:" in lowered else 0
                body = await reader.readexactly(length)
                if not await self._answer(head, body, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # the caller has gone, or the server ends
        finally:
            writer.close()

    async def _answer(self, head: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False if the connection is to be closed."""
        method, path, _ = head.split(" ", 2)
        self.requests.append(head)
        del self.requests[:-100]
        if method == "GET":
            return self._describe(path, writer)
        self.posts += 1
        number = self.posts
        self.active += 1
        self.most = max(self.most, self.active)
        try:
            await asyncio.sleep(self.delay)
            if self.fault is not None and await self.fault(self, writer, number):
                return not writer.is_closing()
            self._score(path, body, writer)
        finally:
            self.active -= 1
        return True

    def _describe(self, path: str, writer: asyncio.StreamWriter) -> bool:
        runtime = "tensorflow" if "/v1/models/" in path else "pcr" if path.startswith("/pcr") else "scr"
        known = path.endswith(("/apiMeta/api", "/metadata")) and not path.startswith("/nothing")
        answer(writer, 200 if known else 404, description(runtime))
        return True

    def _score(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        sent = json.loads(body)
        if path.startswith("/pcr"):
            columns = sent["data"]
            rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        elif "/v1/models/" in path:
            self.signatures.add(sent.get("signature_name", ""))
            rows = [{name: value[0] for name, value in row.items()} for row in sent["instances"]]
        else:
            rows = [sent["data"]]
        if any(row["LOAN"] == REFUSED for row in rows):
            answer(writer, 422 if path.startswith("/pcr") else 400, {"error": "not scored"})
            return
        self.calls.update(row["LOAN"] for row in rows)
        answer(writer, 200, _scores(path, rows))


def _scores(path: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    scores = [score(row) for row in rows]
    if "/v1/models/" in path:
        return {"predictions": [[each["P_BAD"]] for each in scores]}
    if path.startswith("/pcr"):
        return {"version": "2", "metadata": {}, "data": {key: [each[key] for each in scores] for key in scores[0]}}
    return {"metadata": {"module_id": "m", "elapsed_nanos": 1}, "version": 1, "data": scores[0]}


def answer(
    writer: asyncio.StreamWriter, status: int, content: object, *, kind: str = "application/json", more: str = ""
) -> None:
    """Write an answer."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    first = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\n"
    writer.write(f"{first}Content-Length: {len(body)}\r\n{more}\r\n".encode() + body)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Serve in a thread of this process, on a free port."""
    from tests.support.scr_stub import stop  # noqa: PLC0415 - in images of tests this file stands alone

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.listen(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(server.listener), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Quick(asyncio.Protocol):
    """The SAS Container Runtime alone, as fast as Python can: for measuring the client. delay: seconds of a row."""

    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer each complete request."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            found = description("scr") if head.startswith(b"get") else _scores("/", [json.loads(body)["data"]])
            text = json.dumps(found).encode()
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text)
            write: Callable[[bytes], None] = self.transport.write  # type: ignore[attr-defined]
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, write, head + text)
            else:
                write(head + text)


async def main() -> None:
    """Serve on a free port, print it, and end with standard input. The argument is the delay in seconds."""
    Quick.delay = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    loop = asyncio.get_running_loop()
    served = await loop.create_server(Quick, "127.0.0.1", 0)
    print(served.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the port is what its caller waits for
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
