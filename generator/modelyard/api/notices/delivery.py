"""Messages on their way: with patience, and without a word of where they go.

An address is a credential: no error repeats it, no redirect is followed with it, and it goes over TLS alone.
"""

import smtplib
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import requests

from modelyard.api.notices.messages import signed
from modelyard.registry.session import Session

TRIES: Final = 4
_PAUSE: Final = 1.0  # seconds before the second try; doubled for each further one
_MOST_PAUSE: Final = 30.0  # seconds, whatever a server asks for
_SECONDS: Final = 15.0  # of one answer
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_AGAIN: Final = 429
_PORTS: Final = {"smtps": 465, "smtp": 587}


class Undelivered(Exception):  # noqa: N818 - it is caught by who sends, and becomes a problem
    """A message did not arrive; says why, without the address. pause: seconds after which another try may succeed."""

    def __init__(self, why: str, pause: float | None = None) -> None:
        super().__init__(why)
        self.pause = pause


def patiently(send: Callable[[], None], sleep: Callable[[float], None] = time.sleep) -> None:
    """Send, and try again what may succeed later. Raises Undelivered."""
    for number in range(1, TRIES + 1):
        try:
            send()
        except Undelivered as error:
            if error.pause is None or number == TRIES:
                raise
            sleep(min(max(error.pause, _PAUSE * 2 ** (number - 1)), _MOST_PAUSE))
        else:
            return


def post(url: str, content: bytes, key: str = "") -> Callable[[], None]:
    """Return what posts JSON; key: signs it. Raises Undelivered, when it is called or at once for a faulty address."""
    _check(url)
    message = f"msg_{uuid.uuid4().hex}"

    def send() -> None:
        headers: Mapping[str, str] = {"Content-Type": "application/json"}
        if key:
            try:
                headers = {**headers, **signed(content, key, message, int(time.time()))}
            except ValueError:
                raise Undelivered("the key that signs is not base64 after whsec_") from None
        try:
            with Session() as session:
                answer = session.post(url, data=content, headers=headers, timeout=_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise Undelivered(f"it does not answer ({type(error).__name__})", 0) from None
        _judge(answer)

    return send


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host:
        raise Undelivered("its address is no URL")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise Undelivered("its address does not begin with https://")


def _judge(answer: requests.Response) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        return
    if status == _AGAIN or status >= 500:
        raise Undelivered(f"it answers {status}", _asked(answer.headers.get("Retry-After", "")))
    what = ", and redirects are not followed" if 300 <= status < 400 else ""
    raise Undelivered(f"it answers {status}{what}")


def _asked(header: str) -> float:
    """Return the seconds that a server asks for; a date is not read, the usual pause does."""
    return float(header) if header.isascii() and header.isdecimal() and len(header) < 6 else 0


def smtp(url: str, made: Callable[[str], EmailMessage], context: ssl.SSLContext | None = None) -> Callable[[], None]:
    """Return what mails; made: returns the mail by the user's name on the server. Raises Undelivered as `post`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise Undelivered("its address is no URL") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Undelivered("its address begins with neither smtps:// nor smtp://, or names no host")
    host, user, password = parts.hostname, unquote(parts.username or ""), unquote(parts.password or "")
    trust = context or ssl.create_default_context()

    def send() -> None:
        try:
            with _connection(parts.scheme, host, port, trust) as server:
                if user:
                    server.login(user, password)
                server.send_message(made(user))
        except smtplib.SMTPNotSupportedError:
            raise Undelivered("it offers no STARTTLS, or no login") from None
        except smtplib.SMTPResponseException as error:
            code = error.smtp_code
            raise Undelivered(f"it answers {code}", 0 if 400 <= code < 500 else None) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise Undelivered(f"it refuses the recipients ({codes[0]})", 0 if max(codes) < 500 else None) from None
        except ssl.SSLError:
            raise Undelivered("its certificate is not trusted, or it speaks no TLS") from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise Undelivered(f"it does not answer ({type(error).__name__})", 0) from None

    return send


def _connection(scheme: str, host: str, port: int, trust: ssl.SSLContext) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=trust)
    server = smtplib.SMTP(host, port, timeout=_SECONDS)
    try:
        server.starttls(context=trust)
    except BaseException:
        server.close()
        raise
    return server
