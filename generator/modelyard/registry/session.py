"""Calls over HTTP as a registry gets them: bounded in time and size, and with a secret for its own host alone."""

import io
import time
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as ReadTimedOut

MAX_BYTES: Final = 4 << 20  # of an answer: what manifests have at most (opencontainers/distribution-spec v1.1.1)
CONNECT: Final = 10.0  # seconds
READ: Final = 15.0  # seconds until the next bytes
WHOLE: Final = 60.0  # seconds of an answer
_REDIRECTS: Final = 5
_CHUNK: Final = 1 << 16


class TooLarge(requests.exceptions.RequestException):
    """An answer of more than MAX_BYTES."""


class Broken(requests.exceptions.RequestException):
    """An answer that ends too early, or that cannot be decoded."""


class _Adapter(HTTPAdapter):
    """Reads the whole of an answer, and no more than it may have; streams are their reader's."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        options["timeout"] = options.get("timeout") or (CONNECT, READ)
        response = super().send(request, *arguments, **options)
        if not options.get("stream"):
            response.raw = io.BytesIO(b"".join(chunks(response, MAX_BYTES)))
        return response


def chunks(response: requests.Response, most: int, seconds: float = WHOLE) -> list[bytes]:
    """Return the parts of a body. Raises TooLarge, or requests' ReadTimeout or ConnectionError."""
    found, left, deadline = [], most, time.monotonic() + seconds
    try:
        while part := response.raw.read1(_CHUNK, decode_content=True):
            found.append(part)
            left -= len(part)
            if left < 0:
                raise TooLarge(request=response.request)
            if time.monotonic() > deadline:
                raise requests.exceptions.ReadTimeout(request=response.request)
    except ReadTimedOut:
        raise requests.exceptions.ReadTimeout(request=response.request) from None
    except HTTPError:
        raise Broken(request=response.request) from None
    return found


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class Session(requests.Session):
    """A session without what else has credentials: ~/.netrc, cookies, and what is kept over a redirect elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = _as_it_is  # else requests puts what ~/.netrc has in place of the token
        self.max_redirects = _REDIRECTS
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter())

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Take the secret off what goes to another host, or over a plainer connection."""
        before, after = str(response.request.url), str(prepared_request.url)
        if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("Authorization", None)
