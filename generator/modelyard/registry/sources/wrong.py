"""What goes wrong between here and a source, as Problems. No text of a server is shown: it may hold secrets."""

import errno
from collections.abc import Iterator
from typing import Final

import requests

from modelyard.problems import printable, problem
from modelyard.registry.sources.version import SourceProblem

_REFUSED: Final = (401, 403)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def missing_extra(extra: str, what: str) -> SourceProblem:
    """Return that a library is not installed. extra: of modelyard, which brings it."""
    hint = f"install modelyard[{extra}], as with pip install 'modelyard[{extra}]'"
    return SourceProblem(problem("MY771", f"{what} needs a package that is not installed", hint=hint))


def not_configured(variable: str, what: str) -> SourceProblem:
    """Return that an address is not known."""
    return SourceProblem(problem("MY776", f"{variable} is not set", hint=f"set it to {what}"))


def absent(what: str, hint: str = "check its name, and that this login may see it") -> SourceProblem:
    """Return that something is not there."""
    return SourceProblem(problem("MY774", printable(what), hint=hint))


def unusable(what: str, hint: str = "try again later, or ask who runs it") -> SourceProblem:
    """Return that an answer is of no use."""
    return SourceProblem(problem("MY775", printable(what), hint=hint))


def unreachable(host: str, why: str = "cannot be reached") -> SourceProblem:
    """Return that there is no answer."""
    hint = "check the address, the network, and HTTPS_PROXY"
    return SourceProblem(problem("MY772", f"{printable(host)} {why}", hint=hint))


def refused(host: str, login: str) -> SourceProblem:
    """Return that a login is not let in. login: what the user sets."""
    return SourceProblem(problem("MY773", f"{printable(host)} does not let this login in", hint=f"check {login}"))


def of_status(status: int, host: str, what: str, login: str) -> SourceProblem:
    """Return what an answer with an error says."""
    if status in _REFUSED:
        return refused(host, login)
    if status == 404:
        return absent(f"{host} has no {what}")
    if 300 <= status < 400:
        return elsewhere(host)
    return unusable(f"{host} answers with HTTP {status} for {what}")


def elsewhere(host: str) -> SourceProblem:
    """Return that an answer leads to another address, which is not followed: a login is for its own host."""
    hint = "name the address that it leads to, if you trust it"
    return unusable(f"{host} redirects to another address, which gets no login", hint)


def of_connection(error: BaseException, host: str) -> SourceProblem | None:
    """Return what an error of the network or of this machine's disk says; None for any other."""
    for each in _chain(error):
        if isinstance(each, OSError) and each.errno in _FULL:
            return no_room()
        if isinstance(each, requests.exceptions.SSLError):
            return unreachable(host, "has a certificate that is not trusted, or speaks no TLS")
        if isinstance(each, requests.exceptions.Timeout):
            return unreachable(host, "has not answered in time")
        if isinstance(each, requests.exceptions.TooManyRedirects):
            return elsewhere(host)
    is_network = any(isinstance(each, requests.exceptions.ConnectionError | ConnectionError) for each in _chain(error))
    return unreachable(host) if is_network else None


def no_room() -> SourceProblem:
    """Return that the disk is full."""
    return SourceProblem(problem("MY407", "no space is left for the files", hint="make room, and run it again"))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    for each in waiting:  # grows while it is read
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            more = [each.__cause__, each.__context__, *(one for one in each.args if isinstance(one, BaseException))]
            waiting += [one for one in more if one is not None]
