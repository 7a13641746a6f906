"""The server of /ping and /invocations, which runs beside TensorFlow Serving and calls it.

Bodies that are TensorFlow Serving's own already go through as they come; others are held until they are whole, and all
that are held are bounded. A call is sent once. What comes back goes on as it comes, with its status.

Sources: aws/sagemaker-tensorflow-serving-container da192561 (2023-09), docker/build_artifacts/sagemaker/
tensorflowServing.js and README.md: content types, what `Accept` does, the custom attributes.
"""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web

from modelyard.problems import printable
from modelyard.score.invocations import rows

HERE: Final = "127.0.0.1"
HELD: Final = 4  # bodies of the largest size that are held at once
_CONNECT: Final = 2.0  # seconds
_PING: Final = 0.9  # seconds; together with the proxy's own less than the 2 s that SageMaker waits
_IDLE: Final = 5.0  # seconds for which a connection to the server is kept
_LEAST: Final = 24 << 20  # bytes that may be held, however small a body must be
_INLINE: Final = 1 << 16  # bytes; a larger body is read in a thread, so that other calls go on
_ATTRIBUTES: Final = "X-Amzn-SageMaker-Custom-Attributes"
_KNOWN: Final = {
    "tfs-model-name": re.compile(r"[A-Za-z0-9_.-]{1,128}"),
    "tfs-model-version": re.compile(r"[0-9]{1,19}"),
    "tfs-method": re.compile(r"predict|classify|regress"),
}
_CHARSETS: Final = frozenset(["utf-8", "utf8", "us-ascii", "ascii"])
# Of one connection (RFC 9110 7.6.1), and what this server says itself.
_OWN: Final = frozenset(
    [
        "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect",
        "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]
)  # fmt: skip
_OF_ANSWER: Final = frozenset(["connection", "keep-alive", "trailer", "transfer-encoding", "upgrade"])
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is served. model: address of the model, without a verb. ready: what is asked whether it can score.

    port: of this machine alone. health_port: of all its addresses, where /healthz says that this server runs. seconds:
    until an answer begins, and what calls in flight get at the end. max_body: bytes.
    """

    model: str
    ready: str
    port: int
    health_port: int
    seconds: float
    max_body: int


class _Refused(Exception):  # noqa: N818 - an answer
    """A call that is answered here, with a status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


async def serve(settings: Settings, listening: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, and then until the calls in flight are answered. Raises OSError for a port."""
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=settings.seconds)
    with ThreadPoolExecutor(1) as pool:
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
            front = _Front(settings, session, pool)
            runners = [_runner(front.application(), settings.seconds), _runner(_health(), 1.0)]
            try:
                for runner, host, port in zip(
                    runners, (HERE, None), (settings.port, settings.health_port), strict=True
                ):
                    await runner.setup()
                    await web.TCPSite(runner, host, port).start()
                listening()
                await stopped.wait()
            finally:
                for runner in runners:
                    await runner.cleanup()


def _runner(application: web.Application, seconds: float) -> web.AppRunner:
    return web.AppRunner(application, access_log=None, shutdown_timeout=seconds, handler_cancellation=True)


def _health() -> web.Application:
    async def healthy(_: web.Request) -> web.Response:
        return web.Response()

    application = web.Application()
    application.router.add_get("/healthz", healthy)
    return application


@web.middleware
async def _errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer what goes wrong as TensorFlow Serving does: `{"error": text}`."""
    try:
        return await handler(request)
    except _Refused as refused:
        return _error(refused.status, str(refused))
    except web.HTTPException as error:
        response = _error(error.status, error.reason.lower())
        response.headers.extend({name: value for name, value in error.headers.items() if name == "Allow"})
        return response


def _error(status: int, text: str) -> web.Response:
    content = json.dumps({"error": text}, ensure_ascii=False).encode()
    return web.Response(status=status, body=content, content_type="application/json")


async def _nameless(_: web.Request, response: web.StreamResponse) -> None:
    """Leave out what this server is."""
    response.headers.popall("Server", None)


class _Front:
    def __init__(self, settings: Settings, session: aiohttp.ClientSession, pool: ThreadPoolExecutor) -> None:
        self._settings = settings
        self._session = session
        self._pool = pool
        self._held = 0

    def application(self) -> web.Application:
        """Return what answers SageMaker's two paths."""
        application = web.Application(middlewares=[_errors])
        application.on_response_prepare.append(_nameless)
        application.router.add_get("/ping", self._ping)
        application.router.add_post("/invocations", self._invoke)
        return application

    async def _ping(self, _: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_PING), self._session.get(self._settings.ready, allow_redirects=False) as answer:
                return web.Response(status=200 if answer.status == 200 else 503)
        except (aiohttp.ClientError, TimeoutError):
            return web.Response(status=503)

    async def _invoke(self, request: web.Request) -> web.StreamResponse:
        content_type, address = _content_type(request), _address(self._settings.model, request)
        length = request.content_length
        if length is not None and length > self._settings.max_body:
            raise _Refused(413, f"a body has {self._settings.max_body} bytes at most")
        first = await request.content.readany()
        as_it_comes = length is not None and "Content-Encoding" not in request.headers
        if as_it_comes and content_type != rows.CSV and rows.is_call(first):
            return await self._call(request, address, _rest(first, request), length)
        with self._holding() as hold:
            parts = []
            async for part in _rest(first, request):
                hold(len(part))
                parts.append(part)
            body = await self._read(content_type, b"".join(parts))
            parts.clear()
            return await self._call(request, address, body, len(body))

    @contextmanager
    def _holding(self) -> Iterator[Callable[[int], None]]:
        """Give a function that counts bytes of a body that is held, until the call is answered."""
        mine = 0

        def hold(size: int) -> None:
            nonlocal mine
            mine += size
            self._held += size
            if mine > self._settings.max_body:
                raise _Refused(413, f"a body has {self._settings.max_body} bytes at most")
            if self._held > max(HELD * self._settings.max_body, _LEAST):
                raise _Refused(503, "too many large bodies at once: send this one later")

        try:
            yield hold
        finally:
            self._held -= mine

    async def _read(self, content_type: str, content: bytes) -> bytes:
        try:
            if len(content) <= _INLINE:
                return rows.body(content_type, content)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, rows.body, content_type, content)
        except rows.BadRows as bad:
            raise _Refused(400, str(bad)) from None

    async def _call(
        self, request: web.Request, address: str, body: bytes | AsyncIterator[bytes], length: int | None
    ) -> web.StreamResponse:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _OWN]
        headers += [("Content-Type", "application/json"), ("Accept-Encoding", "identity")]
        headers += [("Content-Length", str(length))]
        try:
            answer = await self._session.post(address, data=body, headers=headers, allow_redirects=False)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError):
            raise _Refused(503, "the model does not take calls") from None
        except TimeoutError:
            raise _Refused(504, f"the model has not answered within {self._settings.seconds:g} s") from None
        except aiohttp.ClientError:
            raise _Refused(502, "the model has broken off the call") from None
        async with answer:
            return await _passed_on(request, answer)


async def _passed_on(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Send an answer on as it comes; one that breaks off breaks off here too."""
    wanted = _wanted(request.headers.get("Accept", ""))
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in _OF_ANSWER and not (wanted and name.lower() in ("content-length", "content-type")):
            response.headers.add(name, value)
    if wanted:
        response.content_type = wanted
    await response.prepare(request)
    try:
        async for part in answer.content.iter_any():
            await response.write(part.replace(b"\n", b"") if wanted else part)
    except (aiohttp.ClientError, TimeoutError):
        if request.transport:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


def _wanted(accept: str) -> str | None:
    """Return the content type that a caller asks for by name: then the answer is one line, for files of such lines."""
    types = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    return next((each for each in types if each in rows.JSON[:2]), None)


async def _rest(first: bytes, request: web.Request) -> AsyncIterator[bytes]:
    """Yield a body of which the beginning has been read."""
    yield first
    async for part in request.content.iter_any():
        yield part


def _content_type(request: web.Request) -> str:
    if "Content-Type" not in request.headers:
        return rows.JSON[0]  # the README's default
    found = request.content_type
    if found not in (rows.CSV, *rows.JSON):
        raise _Refused(415, f"{printable(found)} is not taken: send {', '.join(rows.JSON[:2])} or {rows.CSV}")
    if (request.charset or "utf-8").lower() not in _CHARSETS:
        raise _Refused(415, "only UTF-8 is taken")
    return found


def _address(model: str, request: web.Request) -> str:
    """Return what is called: the model, its version and method, unless the custom attributes say others."""
    said = {}
    for part in request.headers.get(_ATTRIBUTES, "").split(","):
        name, _, value = part.strip().partition("=")
        if name in _KNOWN:
            if not _KNOWN[name].fullmatch(value):
                raise _Refused(400, f"{name} cannot be {printable(value)}")
            said[name] = value
    folder, _, name = model.rpartition("/")
    version = f"/versions/{said['tfs-model-version']}" if "tfs-model-version" in said else ""
    return f"{folder}/{said.get('tfs-model-name', name)}{version}:{said.get('tfs-method', 'predict')}"
