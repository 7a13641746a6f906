"""The callers' side: a connection of a caller, whose calls go to the model one after the other."""

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from modelyard.request_log.counters import Count
from modelyard.request_log.sidecar import heads
from modelyard.request_log.sidecar.back import Back
from modelyard.request_log.sidecar.calls import UNSENT, Call
from modelyard.request_log.sidecar.heads import Headers
from modelyard.request_log.sidecar.requests import Requests

if TYPE_CHECKING:
    from modelyard.request_log.sidecar.desk import Desk

LEFT: Final = 499  # the caller has gone before the answer was whole; nginx's number for it
_AHEAD: Final = 8  # requests that a caller may send before the first is answered
# Where only this port can be asked: whether the model takes calls, and whether this process lives.
READY: Final = b"/-/modelyard/ready"
LIVE: Final = b"/-/modelyard/live"


class Front(asyncio.Protocol):
    """A connection of a caller."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._requests = Requests(self)
        self._transport: asyncio.Transport | None = None
        self._calls: deque[Call] = deque()  # the first is the one that is answered
        self._out: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._full = self._held = self._blocked = False

    @property
    def is_idle(self) -> bool:
        """Tell whether no call is on its way."""
        return not self._calls and self._requests.is_idle

    @property
    def asks_head(self) -> bool:
        """Tell whether the answer has no body, whatever its headers say."""
        return bool(self._calls) and self._calls[0].head_only

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._desk.fronts.add(self)

    def data_received(self, data: bytes) -> None:
        """Pass on what the caller says."""
        if refusal := self._requests.feed(data):
            self._refuse_all(*refusal)
        else:
            self._send_on()

    def connection_lost(self, _: Exception | None) -> None:
        """Let the model's side go; a call that is not answered was made all the same.

        A caller that has closed its half alone is taken for one that has gone, as nginx does.
        """
        self._desk.fronts.discard(self)
        self._transport = None
        if self._task is not None:
            self._task.cancel()
        if self._calls and (call := self._calls[0]).back is not None:
            call.back.close()
            if call.whole:
                call.status = LEFT
                self._desk.done(call, kept=False)
        self._forget_all()

    def close(self) -> None:
        """Close the connection, with what is on its way."""
        if self._transport is not None:
            (self._transport.close if self.is_idle else self._transport.abort)()

    def pause_writing(self) -> None:
        """Let the model wait: the caller does not keep up."""
        self._blocked = True
        if self._calls and self._calls[0].back is not None:
            self._calls[0].back.hold()

    def resume_writing(self) -> None:
        """Let the model go on."""
        self._blocked = False
        if self._calls and self._calls[0].back is not None:
            self._calls[0].back.go_on()

    def hold(self) -> None:
        """Read no more of the caller: the model does not keep up."""
        self._full = True
        self._read_or_not()

    def go_on(self) -> None:
        """Read again."""
        self._full = False
        self._read_or_not()

    def _read_or_not(self) -> None:
        waiting = sum(each.waiting for each in self._calls)
        hold = self._full or waiting > UNSENT or len(self._calls) > _AHEAD
        if hold != self._held and self._transport is not None and not self._transport.is_closing():
            self._held = hold
            (self._transport.pause_reading if hold else self._transport.resume_reading)()

    # What the requests call.

    def asked(self, call: Call, method: bytes) -> None:
        """Take a call whose head is whole."""
        call.logged = self._desk.wants(call, method)
        self._calls.append(call)
        if len(self._calls) == 1:
            self._start(call)

    def keep(self, call: Call, content: bytes) -> None:
        """Keep a part of a call's body."""
        self._desk.keep(call, call.inputs, content)

    # Towards the model.

    def _start(self, call: Call) -> None:
        if call.url == READY:
            self._task = asyncio.get_running_loop().create_task(self._say_ready())
            return
        if call.url == LIVE:
            self._refuse(b"200 OK", "")
            return
        call.back = self._desk.pool.free()
        if call.back is not None:
            call.back.serve(self)
        else:
            self._task = asyncio.get_running_loop().create_task(self._connect(call))

    async def _say_ready(self) -> None:
        ready = await self._desk.is_ready()
        self._refuse(*((b"200 OK", "") if ready else (b"503 Service Unavailable", "the model takes no calls")))

    async def _connect(self, call: Call) -> None:
        try:
            back = await self._desk.pool.connect()
        except (OSError, TimeoutError):
            self._desk.counters.add(Count.ERRORS)
            self._desk.forget(call)  # it was not scored
            call.status = 503
            self._desk.count(call, elapsed(call))
            self._refuse(b"503 Service Unavailable", "the model takes no calls")
            return
        call.back = back
        back.serve(self)
        self._send_on()

    def _send_on(self) -> None:
        """Send what waits to the model."""
        if self._calls:
            call = self._calls[0]
            if call.back is not None and call.unsent:
                call.back.send(b"".join(call.unsent))
                call.unsent.clear()
                call.waiting = 0
        if self._held or self._calls:
            self._read_or_not()

    # Towards the caller.

    def informed(self, status: int, reason: bytes, headers: Headers) -> None:
        """Pass on an answer before the answer, such as 100 Continue."""
        self._write(heads.head(b"HTTP/1.1 %d %b" % (status, reason), headers.passed_on()))

    def begun(self, status: int, reason: bytes, headers: Headers, *, framed: bool) -> None:
        """Pass on the head of an answer. framed: it says how long it is, or has no body."""
        call = self._calls[0]
        call.begun, call.status = True, status
        call.output_type, call.output_encoding = headers.media_type(), headers.encoding()
        call.close |= self._desk.closing or (call.old and not framed)
        call.answer_chunked = not framed and not call.old
        more = [b"X-Request-Id: " + call.identity]
        more += [b"Connection: close"] if call.close else []
        more += [b"Transfer-Encoding: chunked"] if call.answer_chunked else []
        kept = headers.passed_on(but=heads.REQUEST_ID)
        self._out.append(heads.head(b"HTTP/1.1 %d %b" % (status, reason), kept, *more))

    def more(self, content: bytes) -> None:
        """Pass on a part of an answer's body."""
        call = self._calls[0]
        self._out.append(heads.chunk(content) if call.answer_chunked else content)
        self._desk.keep(call, call.outputs, content)

    def flush(self) -> None:
        """Send what has come of an answer."""
        if self._out:
            self._write(b"".join(self._out))
            self._out.clear()
            if self._blocked and self._calls and self._calls[0].back is not None:
                self._calls[0].back.hold()

    def answered(self, back: Back, *, keeps: bool) -> None:
        """End a call whose answer is whole, and begin the next. keeps: the model keeps the connection open."""
        call = self._calls[0]
        call.back = None
        if call.answer_chunked:
            self._out.append(heads.LAST_CHUNK)
        self.flush()
        if keeps and call.whole and not call.unsent:
            back.go_on()
            self._desk.pool.give(back)
        else:
            back.close()
        self._desk.done(call)
        self._next(call)

    def failed(self) -> None:
        """End a call that the model has broken off."""
        call = self._calls[0]
        call.back = None
        self._desk.counters.add(Count.ERRORS)
        if call.begun:  # the caller must not take the part for the whole
            self.flush()
            call.status = call.status if call.status >= 400 else 502
            self._desk.done(call, kept=False)
            self._forget_all()
            if self._transport is not None:
                self._transport.abort()
        else:
            call.status = 502
            self._desk.done(call, kept=False)
            self._refuse(b"502 Bad Gateway", "the model has broken off the call")

    def _next(self, call: Call) -> None:
        self._calls.popleft()
        self._desk.forget(call)
        self._full = False
        if call.close or not call.whole:
            self._forget_all()
            if self._transport is not None:
                self._transport.close()
        elif self._calls:
            self._start(self._calls[0])
            self._send_on()
        elif self._held:
            self._read_or_not()

    def _forget_all(self) -> None:
        for call in self._calls:
            self._desk.forget(call)
        self._calls.clear()
        self._requests.drop()

    def _refuse(self, status: bytes, text: str) -> None:
        """Answer a call here."""
        call = self._calls[0]
        call.close |= self._desk.closing
        self._write(heads.refusal(status, text, call.identity, close=call.close or not call.whole))
        self._next(call)

    def _refuse_all(self, status: bytes, text: str) -> None:
        """Answer what is no request, and close the connection; the calls before it are not answered any more."""
        if self._transport is None:
            return
        if not self._calls or not self._calls[0].begun:
            self._write(heads.refusal(status, text, b"", close=True))
        self._transport.close()

    def _write(self, content: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(content)


def elapsed(call: Call) -> int:
    """Return the microseconds since a call began."""
    return (time.perf_counter_ns() - call.started) // 1000
