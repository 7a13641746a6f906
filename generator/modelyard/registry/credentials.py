"""Credentials as docker keeps them: in its config.json, or in the program that it names.

Source: docker/cli v29, cli/config/configfile (auths, credsStore, credHelpers, DOCKER_CONFIG), and
docker/docker-credential-helpers v0.9, client and credentials (`docker-credential-NAME get`).
"""

import base64
import binascii
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from modelyard.files import disk, regular
from modelyard.problems import Problem, problem
from modelyard.problems.patterns import pattern
from modelyard.registry.problems import RegistryProblem

_HUB: Final = "registry-1.docker.io"
_HUB_KEY: Final = "https://index.docker.io/v1/"
_SECONDS: Final = 20.0  # of a helper, which may ask a cloud
_MOST: Final = 1 << 20  # bytes of a config.json
_HELPER: Final = pattern("[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_FOUND: Final = b"credentials not found"
_TOKEN_USER: Final = "<token>"  # noqa: S105 - says that the secret is a token for getting tokens


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and password, or a token that is exchanged for others. None of them is shown."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    identity: str = field(default="", repr=False)


def of(endpoint: str, environment: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return the credentials of a registry; None if there are none. Raises RegistryProblem MY757."""
    file = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    if not regular.exists(file):
        return None
    config = _config(file)
    keys = _keys(endpoint)
    helpers = _mapping(config.get("credHelpers"))
    if named := next((helpers[key] for key in keys if key in helpers), None):
        return _asked(str(named), keys[0], file)
    auths = _mapping(config.get("auths"))
    for key in keys:
        if found := _written(_mapping(auths.get(key)), file):
            return found
    store = config.get("credsStore")
    return _asked(str(store), keys[0], file) if store else None


def _keys(endpoint: str) -> list[str]:
    """Return what a registry may be called in the file, and first what a helper knows it as."""
    if endpoint == _HUB:
        return [_HUB_KEY, "docker.io", "index.docker.io", _HUB]
    return [endpoint, f"https://{endpoint}", f"https://{endpoint}/", f"http://{endpoint}", f"https://{endpoint}/v1/"]


def _config(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(regular.content(file, _MOST))
    except (OSError, ValueError, RecursionError):
        raise RegistryProblem(_unusable(file, "cannot be read as JSON")) from None
    return _mapping(found)


def _written(entry: Mapping[str, Any], file: Path) -> Credentials | None:
    """Return what an entry of the file holds; of one without a secret, the store has it."""
    user, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if auth := entry.get("auth"):
        try:
            user, _, password = base64.b64decode(str(auth), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise RegistryProblem(_unusable(file, "has an auth that is not base64")) from None
    identity = str(entry.get("identitytoken") or "")
    return Credentials(user, password, identity) if identity or (user and password) else None


def _asked(name: str, key: str, file: Path) -> Credentials | None:
    """Return what a helper has; what it says about an error may hold a secret, and is not shown."""
    program = f"docker-credential-{name}"
    if not _HELPER.fullmatch(name):
        raise RegistryProblem(_unusable(file, "names a helper that cannot be a program"))
    try:
        done = subprocess.run([program, "get"], input=key.encode(), capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise RegistryProblem(_failed(program, f"has not answered in {_SECONDS:.0f} s")) from None
    except OSError:
        raise RegistryProblem(_failed(program, f"cannot be run; {disk.shown(file)} names it")) from None
    if done.returncode:
        if _NOT_FOUND in done.stdout.lower():
            return None
        raise RegistryProblem(_failed(program, f"has ended with {done.returncode} for {key}"))
    try:
        answer = _mapping(json.loads(done.stdout))
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, RecursionError):
        raise RegistryProblem(_failed(program, "gives no JSON with Username and Secret")) from None
    return Credentials("", "", secret) if user == _TOKEN_USER else Credentials(user, secret)


def _unusable(file: Path, why: str) -> Problem:
    return problem("MY757", f"{disk.shown(file)} {why}", hint="mend it, or run docker login again")


def _failed(program: str, why: str) -> Problem:
    return problem("MY757", f"{program} {why}", hint="install it, or run it by hand: it reads a registry's name")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
