"""The one door to HTTP: calls with limits on time and size, no redirects, and faults in words that hold no secret."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import aiohttp
from yarl import URL

MEBIBYTE: Final = 1024 * 1024
LOCAL: Final = frozenset(["localhost", "127.0.0.1", "::1"])
MAX_WAIT: Final = 86_400.0  # seconds; no server is waited for longer, whatever its Retry-After says
_TUNNELS: Final = 64  # connections over a Unix socket: behind it each may take a thread
_JSON: Final = "application/json"  # SAS Python Container Runtime compares it exactly: no charset


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one call. Times in seconds: to connect (with TLS), until the headers came, until the body came.

    max_body: bytes of an answer's body.
    """

    connect: float = 5.0
    headers: float = 60.0
    body: float = 60.0
    max_body: int = 16 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, without any secret in `url`.

    host: what the Host header says where no DNS knows the name, and whom TLS must prove. headers: sent with each
    call; their values are secrets. socket: path of a Unix socket to connect to, in place of the URL's host.
    """

    url: str
    host: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    socket: str = ""

    def at(self, path: str) -> "Address":
        """Return the address of a path on the same server."""
        parts = urlsplit(self.url)
        return replace(self, url=urlunsplit(parts._replace(path=path)))

    @property
    def path(self) -> str:
        """The path without a slash at its end."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def is_open(self) -> bool:
        """Tell whether others on the way could read what is sent."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in LOCAL and not self.socket


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. seconds: from the call to the end of the body; retry_after: seconds, if it named any."""

    status: int
    content_type: str
    body: bytes
    seconds: float
    retry_after: float | None = None

    @property
    def is_json(self) -> bool:
        """Tell whether the content type says JSON."""
        return self.content_type == _JSON or self.content_type.endswith("+json")


class Fault(Exception):  # noqa: N818 - what the network did, not an error of the program
    """A call without an answer; its text holds no secret. again: whether another try may help.

    connected: whether the call may have reached the server.
    """

    def __init__(self, message: str, *, again: bool = True, connected: bool = True) -> None:
        super().__init__(message)
        self.again = again
        self.connected = connected


def address(text: str) -> tuple[Address | None, str]:
    """Return (the address that a URL names, "") or (None, what is wrong with it); user:password becomes a header."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None, "is not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None, "is not a URL such as https://models.example.com/credit_risk"
    if parts.query or parts.fragment:
        return None, "must end with its path: no query and no fragment"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    bare = SplitResult(parts.scheme, f"{host}:{port}" if port else host, parts.path, "", "")
    return Address(urlunsplit(bare), headers=_basic(parts)), ""


def _basic(parts: SplitResult) -> tuple[tuple[str, str], ...]:
    if parts.username is None:
        return ()
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return (("Authorization", "Basic " + b64encode(pair.encode()).decode()),)


class Client:
    """Calls one server over at most `connections` kept connections. Used as an asynchronous context.

    ca_file: PEM of the authorities that TLS trusts, in place of the system's; ca_data: the same, by its content.
    """

    def __init__(
        self,
        server: Address,
        *,
        limits: Limits | None = None,
        connections: int = 1,
        ca_file: str = "",
        ca_data: str = "",
    ) -> None:
        self.server = server
        self._limits = limits or Limits()
        self._connections = connections
        self._ca_file = ca_file
        self._ca_data = ca_data
        self._headers = {"Accept": _JSON, "Content-Type": _JSON, "Accept-Encoding": "identity", **dict(server.headers)}
        if server.host:
            self._headers["Host"] = server.host
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}

    async def __aenter__(self) -> Self:
        """Open the pool; nothing is connected yet. Raises Fault for a CA file that cannot be read."""
        try:
            context = ssl.create_default_context(cafile=self._ca_file or None, cadata=self._ca_data or None)
        except OSError as error:
            raise Fault(f"the CA file {self._ca_file} cannot be used: {_reason(error)}", again=False) from error
        self._session = aiohttp.ClientSession(
            connector=self._connector(context),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),  # a cookie would keep all calls on one pod
            auto_decompress=False,  # a small answer must not become a large one
        )
        return self

    def _connector(self, context: ssl.SSLContext) -> aiohttp.BaseConnector:
        if self.server.socket:
            return aiohttp.UnixConnector(self.server.socket, limit=min(self._connections, _TUNNELS))
        return aiohttp.TCPConnector(limit=self._connections, ssl=context)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str) -> Answer:
        """Get a path of the server. Raises Fault."""
        return await self._call("GET", path, None)

    async def post(self, path: str, body: bytes) -> Answer:
        """Post JSON to a path of the server. Raises Fault."""
        return await self._call("POST", path, body)

    async def _call(self, method: str, path: str, body: bytes | None) -> Answer:
        if self._session is None:
            raise RuntimeError("the client is not open")
        if path not in self._urls:
            self._urls[path] = URL(self.server.at(path).url, encoded=True)
        clock = asyncio.get_running_loop().time
        start = clock()
        limits = self._limits
        part = f"connection or headers within {limits.connect + limits.headers:g} s"
        try:
            async with asyncio.timeout(limits.connect + limits.headers) as timer:
                response = await self._session.request(
                    method,
                    self._urls[path],
                    data=body,
                    allow_redirects=False,
                    server_hostname=self.server.host or None,
                )
            try:
                part = f"body within {limits.body:g} s"
                if response.content.is_eof():  # a small one has come with the headers: it needs no timer
                    content = await _body(response, limits.max_body)
                else:
                    async with asyncio.timeout(limits.body) as timer:
                        content = await _body(response, limits.max_body)
            finally:
                response.release()
        except TimeoutError as error:
            # aiohttp's own limit is that of connecting; the others are ours.
            if timer.expired():
                raise Fault(f"no {part}") from error
            raise Fault(f"no connection within {limits.connect:g} s", connected=False) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _fault(error) from error
        retry = _retry_after(response.headers.get("Retry-After"))
        return Answer(response.status, response.content_type, content, clock() - start, retry)


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    length = response.content_length
    if length is not None and length <= most:
        return await response.read()
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > most:
            break
        parts.append(part)
    else:
        return b"".join(parts)
    response.close()
    raise Fault(f"the answer is larger than {most} bytes", again=False)


def _fault(error: Exception) -> Fault:
    """Say what happened, in words of our own: the library's may hold the URL, and so a password."""
    for kind, say, again in _FAULTS:
        if isinstance(error, kind):
            return Fault(say(error), again=again, connected=not isinstance(error, aiohttp.ClientConnectorError))
    return Fault(f"the connection failed ({type(error).__name__})")


def _reason(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return (error.strerror if isinstance(error, OSError) and number and error.strerror else "") or type(error).__name__


_FAULTS: Final[tuple[tuple[type[Exception], Callable[[Exception], str], bool], ...]] = (
    (aiohttp.ClientConnectorCertificateError, lambda _: "the server's certificate is not trusted", False),
    (aiohttp.ClientConnectorSSLError, lambda _: "TLS failed", False),
    (aiohttp.ClientConnectorDNSError, lambda _: "the host name is not known", True),
    (aiohttp.ClientConnectorError, lambda error: f"cannot connect: {_reason(error)}", True),
    (aiohttp.ServerDisconnectedError, lambda _: "the server closed the connection", True),
    (aiohttp.ClientOSError, lambda error: f"the connection broke: {_reason(error)}", True),
    (aiohttp.ClientPayloadError, lambda _: "the answer is cut off", True),
    (aiohttp.ClientResponseError, lambda _: "the answer is not HTTP", True),
    (aiohttp.InvalidURL, lambda _: "the URL is not valid", False),
)


def _retry_after(text: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    if text.isascii() and text.strip().isdecimal():
        return min(float(text), MAX_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), MAX_WAIT)
    except (ValueError, TypeError, LookupError, OverflowError):  # whatever the parser does not foresee
        return None
