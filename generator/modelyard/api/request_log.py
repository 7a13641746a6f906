"""The program in front of a model that logs what is scored, as a server of its own."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec

from modelyard.problems import Problem, problem
from modelyard.request_log.columns import HASH_KEY
from modelyard.request_log.sidecar.settings import Settings

DATABASE = "MODELYARD_DATABASE"
NEEDS = ("httptools", "psycopg", "uvloop")
FILES = ("duckdb", "fsspec", "psycopg", "pyarrow")
_WRITES = ("pyarrow",)

__all__ = ["DATABASE", "HASH_KEY", "Settings", "digest", "run"]


def digest(image: str) -> str:
    """Return what the log says of an image: its digest, else its reference."""
    return image.rpartition("@")[2]


def missing(needs: Sequence[str] = NEEDS) -> list[Problem]:
    """Return what is said where the packages of the log are not installed."""
    if all(find_spec(each) for each in needs):
        return []
    of_files = "pyarrow" in needs
    what, extras = ("the request log in files", "sidecar,files") if of_files else ("the request log", "sidecar")
    return [problem("MY820", f"{what} needs modelyard[{extras}]", hint=f"pip install 'modelyard[{extras}]'")]


def run(settings: Settings, listening: Callable[[], None]) -> list[Problem]:
    """Serve until SIGTERM or SIGINT, and return why it cannot. listening: called when it takes calls."""
    if problems := [*missing(), *(missing(_WRITES) if settings.files else []), *_unset(settings)]:
        return problems
    from modelyard.request_log.sidecar.server import serve

    try:
        serve(settings, listening)
    except OSError as error:
        message = f"the request log cannot start: {error.strerror}"
        hint = "end what listens at its ports, or has its spool; or name others"
        return [problem("MY821", message, hint=hint)]
    return []


def _unset(settings: Settings) -> list[Problem]:
    found = []
    if not settings.uri and not settings.files:
        hint = "set it to postgresql://…, from a Secret"
        found.append(problem("MY822", f"{DATABASE} has no address of a database", hint=hint))
    if settings.hash and not settings.hash_key:
        found.append(problem("MY822", f"{HASH_KEY} has no key for the hash", hint="set it, from a Secret"))
    return found
