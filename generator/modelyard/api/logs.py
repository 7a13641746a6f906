"""Where the request log of a set is, and work that is done there: in PostgreSQL, or in files by DuckDB."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from modelyard.api.request_log import DATABASE, FILES, missing
from modelyard.manifests import names
from modelyard.models.declared import DeclaredSet
from modelyard.problems import Problem, problem

T = TypeVar("T")
_DAY: Final = 86_400  # seconds
_HINTS: Final = {  # PostgreSQL 18, appendix A
    "42P01": "run `modelyard monitor migrate` first",
    "42501": "use the login that owns the tables, and may create roles",
}
_FILES: Final = "look at the folder of requestLog.files, and at the login that this process has in its environment"

__all__ = ["Log", "begin", "forgotten", "in_database", "in_log", "log_of", "retentions", "upkeep"]


class Log(NamedTuple):
    """A log. files: the folder that has it; none, and it is in the database of MODELYARD_DATABASE."""

    table: str
    files: str | None


def log_of(models: DeclaredSet) -> Log:
    """Return the log of a set, of which one model or more has one: a set has one log."""
    found = (each.model.requestLog for model in models.models for each in model.served)
    own = next(each for each in found if each is not None)
    return Log(own.table, own.files)


def in_log(
    log: Log,
    work: Callable[[Any], T],
    *,
    parts: Iterable[tuple[str, datetime, datetime]] | None = (),
    written: Collection[str] = (),
) -> tuple[T | None, list[Problem]]:
    """Return what comes of work with a connection to a log, or why there is none.

    Of files: parts: the rows that are read, as models with times from and until; None for all, none if absent. written:
    what is kept beside the log and changed, such as outcomes.
    """
    if log.files is None:
        return in_database(work)
    if problems := missing(FILES):
        return None, problems
    from modelyard.request_log.database.connecting import Refused
    from modelyard.request_log.files import opened

    wanted = None if parts is None else [opened.Part(*each) for each in parts]
    try:
        return opened.done(log.files, log.table, work, parts=wanted, written=written), []
    except Refused as refused:
        return None, [_unusable(refused)]


def _unusable(refused: Exception) -> Problem:
    """Return the problem of a log in files that does not do what it is asked."""
    return problem("MY823", f"the log in files cannot be used: {refused}", hint=_FILES)


def in_database(work: Callable[[Any], T]) -> tuple[T | None, list[Problem]]:
    """Return what comes of work with a connection to the database, or why there is none."""
    from modelyard.request_log.database.connecting import Refused, done

    uri = os.environ.get(DATABASE, "")
    if not uri:
        hint = "set it to postgresql://…, from a Secret"
        return None, [problem("MY822", f"{DATABASE} has no address of a database", hint=hint)]
    try:
        return done(uri, work), []
    except Refused as refused:
        hint = _HINTS.get(refused.code, f"look at {DATABASE}, and at the server's own log")
        return None, [problem("MY823", f"the database refuses: {refused}", hint=hint)]


def begin(log: Log, part: tuple[str, datetime, datetime]) -> Callable[[], Any]:
    """Return what connects to a log, until the connection is closed. part: as in `in_log`."""
    if log.files is None:
        from modelyard.request_log.database.connecting import connect

        return partial(connect, os.environ.get(DATABASE, ""), statement=0)
    from modelyard.request_log.files import opened

    return partial(opened.begun, log.files, log.table, [opened.Part(*part)])


def forgotten(log: Log, keys: Sequence[str]) -> tuple[dict[str, int] | None, list[Problem]]:
    """Delete the rows and outcomes of keys, and return how many of each table went."""
    if log.files is None:
        from modelyard.request_log.database import outcomes

        return in_database(lambda connection: outcomes.forget(connection, log.table, keys))
    if problems := missing(FILES):
        return None, problems
    from modelyard.request_log.database.connecting import Refused
    from modelyard.request_log.files.removal import forget as forget_in

    try:
        return forget_in(log.files, log.table, keys), []
    except Refused as refused:
        return None, [_unusable(refused)]


def retentions(models: DeclaredSet) -> dict[str, int]:
    """Return the days for which rows of models are kept; of those that are kept for ever none."""
    found: dict[str, int] = {}
    for model in models.models:
        own = [each.model.requestLog.retention for each in model.served if each.model.requestLog is not None]
        days = [names.seconds(each) // _DAY for each in own if each is not None]
        if days and len(days) == len(own):
            found[model.name] = max(days)
    return found


def upkeep(log: Log, of_models: Mapping[str, int]) -> tuple[int, list[Problem]]:
    """Drop the days of models that are older than so many days, and return how many went; join measures of past days.

    Only a log in files needs it: in a database the sidecars drop days.
    """
    if log.files is None:
        return 0, []
    if problems := missing(FILES):
        return 0, problems
    from modelyard.request_log.database.connecting import Refused
    from modelyard.request_log.files.joined import join_days
    from modelyard.request_log.files.removal import drop_days

    try:
        dropped = sum(drop_days(log.files, log.table, model, days) for model, days in of_models.items())
        join_days(log.files, log.table)
    except Refused as refused:
        return 0, [_unusable(refused)]
    return dropped, []
