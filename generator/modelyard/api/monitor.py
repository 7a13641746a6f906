"""The request log of a set: its tables, what became true, and what is to be forgotten.

from modelyard.api import monitor

outcome = monitor.actuals("outcomes.csv", key="WELL_ID", target="FAILURE", file="overlays/prod")
print(outcome.new, outcome.changed, outcome.unknown)

The database is that of MODELYARD_DATABASE: who migrates, loads and forgets owns the tables.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from modelyard.api.logs import Log, forgotten, in_database, in_log, retentions, upkeep
from modelyard.api.pipeline import load
from modelyard.api.request_log import DATABASE, missing
from modelyard.files import disk
from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.request_log import RequestLog
from modelyard.problems import Problem, has_errors, problem
from modelyard.request_log.columns import HASH_KEY, hashed
from modelyard.score import formats
from modelyard.score.options import Options, Stopped
from modelyard.score.table import Table, open_file

if TYPE_CHECKING:
    from modelyard.request_log.database.outcomes import Outcome

T = TypeVar("T")
__all__ = ["DATABASE", "Forgotten", "Loading", "Migrated", "actuals", "forget", "migrate", "monitored"]


def monitored(models: DeclaredSet, wanted: Sequence[str]) -> tuple[list[DeclaredModel], list[Problem]]:
    """Return models that are monitored: those that are named, else all. Problems: MY826 for none, MY110 for a name."""
    known = {each.name: each for each in models.models if _is_monitored(each.champion)}
    if not known:
        return [], [
            problem("MY826", "no model of this set is monitored", hint="add monitor: to a model with requestLog:")
        ]
    hint = f"name {names.one_of(known)}"
    unknown = [each for each in wanted if each not in known]
    found = [each for name, each in known.items() if not wanted or name in wanted]
    return found, [problem("MY110", f"no model {each} is monitored", hint=hint) for each in unknown]


def _is_monitored(served: Served) -> bool:
    return served.model.monitor is not None and served.model.requestLog is not None


class _Log(NamedTuple):
    """What the models file says of its log. days: of retention, for all and for each model where it has one.

    hashes: names of hashed columns that join outcomes.
    """

    at: Log
    days: int | None
    of_models: dict[str, int]
    hashes: frozenset[str]


@dataclass
class Migrated:
    """What became of the tables. versions: those that are new. dropped: of files, the days that are gone."""

    table: str = ""
    versions: list[int] = field(default_factory=list)
    dropped: int | None = None
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Loading:
    """What came of a file of outcomes. empty: rows without an id or an outcome. files: what lists ids."""

    new: int = 0
    same: int = 0
    changed: int = 0
    unknown: int = 0
    repeated: int = 0
    empty: int = 0
    files: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Forgotten:
    """How many rows of which table went."""

    rows: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def migrate(file: str | Path = ".") -> Migrated:
    """Bring the tables and roles of a set's log to the newest version, and its retention to what the file says.

    Files need neither: of them, days are dropped that are older than the retention of their model.
    """
    log, problems = _log(file)
    if log is None:
        return Migrated(problems=problems)
    if log.at.files is not None:
        dropped, found = upkeep(log.at, log.of_models)
        return Migrated(log.at.table, dropped=dropped, problems=[*problems, *found])
    from modelyard.request_log.database import tables

    versions, found = in_database(lambda connection: tables.migrate(connection, log.at.table, log.days))
    return Migrated(log.at.table, versions or [], problems=[*problems, *found])


def actuals(source: str | Path, *, key: str, target: str, file: str | Path = ".") -> Loading:
    """Load what became true: from CSV, packed or not, or Parquet. key, target: columns of the file.

    All or nothing, and it can be repeated. Ids that no row of the log has are listed beside the file, and so are those
    whose outcome was another: SOURCE.unknown.csv and SOURCE.changed.csv.
    """
    log, problems = _log(file)
    if log is None:
        return Loading(problems=problems)
    from modelyard.request_log.database import outcomes

    result = Loading()
    path = Path(source)
    try:
        with closing(_opened(path)) as table:
            at = [_column(table, each) for each in (key, target)]
            read = _read(table, at, result, _hashing(log, key))
            found, faults = in_log(
                log.at,
                lambda connection: outcomes.load(connection, log.at.table, target, read),
                parts=None,
                written=("outcomes",),
            )
    except Stopped as stopped:
        return Loading(problems=[*problems, *stopped.problems])
    if found is None:
        return Loading(problems=[*problems, *faults])
    result.new, result.same, result.repeated = found.new, found.same, found.repeated
    result.changed, result.unknown = len(found.changed), len(found.unknown)
    for what, keys in (("changed", found.changed), ("unknown", found.unknown)):
        result.problems += _listed(result, path.with_name(f"{path.name}.{what}.csv"), key, keys)
    result.problems = [*problems, *result.problems, *_said(result)]
    return result


def forget(keys: Iterable[str], file: str | Path = ".") -> Forgotten:
    """Delete the rows and outcomes of ids. It can be repeated, when sidecars have written what they still had."""
    log, problems = _log(file)
    if log is None:
        return Forgotten(problems=problems)
    every = list(keys)
    if log.hashes:
        secret = os.environ.get(HASH_KEY, "").encode()
        if not secret:
            return Forgotten(problems=[_no_key()])
        every += [hashed(each, secret) for each in every]
    found, faults = forgotten(log.at, every)
    return Forgotten(found or {}, [*problems, *faults])


def ids_of(path: Path) -> tuple[list[str], list[Problem]]:
    """Return the ids that a file lists, one in each line."""
    try:
        return [line for each in path.read_text("utf-8-sig").splitlines() if (line := each.strip())], []
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return [], [problem("MY825", f"cannot read {disk.shown(path)}: {why}", hint="list an id in each line")]


def _log(file: str | Path) -> tuple[_Log | None, list[Problem]]:
    if problems := missing():
        return None, problems
    loaded = load(file)
    found = [
        each.model.requestLog
        for model in (loaded.models.models if loaded.models else ())
        for each in model.served
        if each.model.requestLog is not None
    ]
    if has_errors(loaded.problems):
        return None, loaded.problems
    if not found:
        hint = "add requestLog: to a model"
        return None, [*loaded.problems, problem("MY826", "no model of this set has a request log", hint=hint)]
    of_models = retentions(loaded.models) if loaded.models else {}
    longest = max(of_models.values()) if all(each.retention for each in found) else None
    return _Log(Log(found[0].table, found[0].files), longest, of_models, frozenset(_hashes(found))), loaded.problems


def _hashes(logs: Iterable[RequestLog]) -> Iterator[str]:
    for each in logs:
        fields = each.columns.hash.fields if each.columns and each.columns.hash else []
        if each.id and each.id.casefold() in {name.casefold() for name in fields}:
            yield each.id.casefold()


def _hashing(log: _Log, key: str) -> Callable[[str], str]:
    """Return what makes a key of the log of an id. Raises Stopped."""
    if key.casefold() not in log.hashes:
        return lambda text: text
    secret = os.environ.get(HASH_KEY, "").encode()
    if not secret:
        raise Stopped(_no_key())
    return lambda text: hashed(text, secret)


def _no_key() -> Problem:
    hint = "set it to what the Secret of columns.hash has"
    return problem("MY822", f"the ids of the log are hashed, and {HASH_KEY} has no key", hint=hint)


def _opened(path: Path) -> Table:
    """Open a file of outcomes. Raises Stopped."""
    if path.suffix != formats.PARQUET:
        return open_file(path, Options())
    try:
        from modelyard.score.parquet import open_parquet
    except ImportError:
        hint = "pip install 'modelyard[parquet]'"
        raise Stopped(problem("MY817", "Parquet needs pyarrow", hint=hint)) from None
    return open_parquet(path, Options())


def _column(table: Table, name: str) -> int:
    if name not in table.header:
        hint = f"it has {names.one_of(table.header)}"
        raise Stopped(problem("MY825", f"{table.shown} has no column {name}", hint=hint))
    return table.header.index(name)


def _read(table: Table, at: list[int], result: Loading, key: Callable[[str], str]) -> "Iterator[Outcome]":
    from modelyard.request_log.database.outcomes import Outcome

    for row in table.rows:
        if row.error:
            raise Stopped(problem("MY825", f"{table.called(row)} {row.error}", hint="fix it: nothing was loaded"))
        own, value = (row.cells[i].strip() for i in at)
        if not own or not value:
            result.empty += 1
            continue
        yield Outcome(key(own), value, _number(value))


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return {"true": 1.0, "false": 0.0}.get(text.casefold())
    return found if math.isfinite(found) else None


def _listed(result: Loading, path: Path, column: str, keys: list[str]) -> list[Problem]:
    if not keys:
        return []
    result.files.append(path)
    lines = [column, *(f'"{each.replace(chr(34), chr(34) * 2)}"' for each in keys), ""]
    return disk.write(path, "\n".join(lines).encode())


def _said(result: Loading) -> list[Problem]:
    found = []
    if result.changed:
        message = f"{_ids(result.changed)} had another outcome before"
        found.append(problem("MY824", message, hint="the new one holds; the ids are listed beside the file"))
    if result.unknown:
        message = f"no row of the log has {_ids(result.unknown)} of the file"
        found.append(problem("MY824", message, hint="they join when their rows come; they are listed beside the file"))
    return found


def _ids(count: int) -> str:
    return f"{count} id{'' if count == 1 else 's'}"
