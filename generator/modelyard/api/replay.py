"""Yesterday's requests asked of a challenger, before it gets a call: how far its answers are from the champion's.

from modelyard.api import replay

outcome = replay.run("churn", "challenger", file="overlays/prod")
if outcome.replayed:
    print(outcome.replayed.agreement, [each.name for each in outcome.replayed.columns if each.differing])

The log's database is that of MODELYARD_DATABASE. Calls are marked, so that no request log has them.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api import attempt, containers, gate, logs
from modelyard.api.addresses import looked_up
from modelyard.api.image import Named
from modelyard.api.pipeline import load
from modelyard.api.request_log import DATABASE, FILES, missing
from modelyard.cluster import Connection
from modelyard.files import disk
from modelyard.manifests.names import image, offer
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, has_errors, problem
from modelyard.score import loops
from modelyard.score.addresses import UNLOGGED, is_url, name_of
from modelyard.score.http import Address
from modelyard.score.options import Options, Route
from modelyard.score.replay.comparison import Comparison
from modelyard.score.replay.run import Outcome, Replay
from modelyard.score.replay.run import replay as _replay
from modelyard.score.replay.sources import Source, TableSource
from modelyard.score.replay.values import TOLERANCE

__all__ = ["LOG", "Column", "Replayed", "Result", "Rows", "run"]

LOG: Final = "log"
_DAY: Final = 86_400.0


class Rows(NamedTuple):
    """Which rows are asked again.

    source: `log`, or a file that has the champion's answers. key: column of a file with ids; requestLog.id if absent.
    window: seconds of the log up to `at`, now if None. most: of the log, the newest.
    """

    source: str = LOG
    key: str | None = None
    window: float = _DAY
    at: datetime | None = None
    most: int | None = None


class Column(NamedTuple):
    """One output. differing: rows; largest: distance of two numbers; psi, ks: of numbers, the champion's first."""

    name: str
    differing: int
    largest: float
    psi: float | None
    ks: float | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay has measured. p50, p95: milliseconds of a call. skipped: rows that could not be asked again.

    lacking: outputs of the challenger that the champion does not have. limits: what the gate demands, none without one.
    """

    model: str
    against: str
    source: str
    rows: int
    agreed: int
    differing: int
    failed: int
    skipped: int
    calls: int
    p50: float
    p95: float
    columns: tuple[Column, ...]
    lacking: tuple[str, ...] = ()
    limits: tuple[gate.Limit, ...] = ()

    @property
    def agreement(self) -> float | None:
        """The share of the rows whose answers are the champion's."""
        return self.agreed / self.rows if self.rows else None

    @property
    def errors(self) -> float | None:
        """The share of the rows that have no answer."""
        return self.failed / self.rows if self.rows else None


@dataclass(slots=True)
class Result:
    """A replay, or why there is none."""

    replayed: Replayed | None = None
    problems: list[Problem] = field(default_factory=list)


class _Challenger(NamedTuple):
    """Who is asked. called: in messages, without what a URL may hold."""

    models: DeclaredSet
    model: DeclaredModel
    served: Served
    called: str


def run(  # noqa: PLR0913 - all but two are seldom needed, and named
    name: str,
    against: str,
    rows: Rows | None = None,
    *,
    file: str | Path = ".",
    differences: str | Path | None = None,
    tolerance: float = TOLERANCE,
    route: Route | None = None,
    options: Options | None = None,
    where: Connection | None = None,
) -> Result:
    """Ask a challenger what the champion has answered, and hold what is measured against the model's gate.

    against: a variant, a URL, or an image, which podman or docker starts. differences: file that lists the rows which
    differ. tolerance: numbers that are no farther apart agree (see score.replay.values). Problems: those of
    `scoring.score`; MY840 for each limit of the gate that is not met; MY841 and MY842 where rows cannot be compared;
    MY843 where there are too few; MY844 where an image cannot be started.
    """
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems):
        return Result(problems=loaded.problems)
    found, problems = _challenger(loaded.models, name, against)
    chosen = rows or Rows()
    source, more = _source(found, chosen) if found else (None, [])
    problems = [*loaded.problems, *problems, *more]
    if found is None or source is None:
        return Result(problems=problems)
    own = _marked(route or Route())
    with ExitStack() as stack:
        server, wrong = _server(found, against, file, own, where, stack)
        problems += wrong
        if server is None:
            return Result(problems=problems)
        wanted = Replay(source, options or Options(batch=1), tolerance, own.step, own.signature)
        outcome = loops.run(_replay(server, wanted, ca_file=own.ca_file))
    return _result(found, chosen, outcome, differences, [*problems, *outcome.problems])


def _marked(route: Route) -> Route:
    """Return how the challenger is reached, with calls that no request log has."""
    return replace(route, headers=(*route.headers, UNLOGGED))


def _result(
    found: _Challenger, rows: Rows, outcome: Outcome, differences: str | Path | None, problems: list[Problem]
) -> Result:
    if outcome.comparison is None:
        return Result(problems=problems)
    try:
        if differences is not None:
            problems += disk.write(Path(differences), outcome.comparison.listed())
        replayed = _replayed(found, rows, outcome, outcome.comparison)
    finally:
        outcome.comparison.close()
    return Result(replayed, [*problems, *_judged(found, replayed)])


def _challenger(models: DeclaredSet, name: str, against: str) -> tuple[_Challenger | None, list[Problem]]:
    model = next((each for each in models.models if each.name == name_of(name)), None)
    if model is None:
        hint = offer(name, (each.name for each in models.models))
        return None, [problem("MY723", f"there is no model {name}", hint=hint)]
    variant = next((each for each in model.variants if each.variant == against), None)
    if variant is not None:
        return _Challenger(models, model, variant, f"{model.name} {against}"), []
    if is_url(against):
        return _Challenger(models, model, model.champion, f"{model.name} at that URL"), []
    if not any(mark in against for mark in "/:@"):
        known = [each.variant or "" for each in model.variants]
        hint = offer(against, known) or "name a variant, a URL, or an image with its tag"
        return None, [problem("MY723", f"{model.name} has no variant {against}", hint=hint)]
    if wrong := image(against):
        return None, [problem("MY723", f"{against} {wrong}", hint="name a variant, a URL, or an image with its tag")]
    served = model.champion._replace(model=model.champion.model.model_copy(update={"image": against}))
    return _Challenger(models, model, served, f"{model.name} {against}"), []


def _source(found: _Challenger, rows: Rows) -> tuple[Source | None, list[Problem]]:
    champion = found.model.champion
    log = champion.model.requestLog
    if rows.source != LOG:
        return TableSource(Path(rows.source), rows.key, log.id if log else None), []
    if log is None:
        place = found.models.place(champion.name_mark)
        hint = "add requestLog: to it, or give a file with --from"
        return None, [problem("MY826", f"{found.model.name} has no request log", hint=hint, place=place)]
    if problems := missing():
        return None, problems
    uri = os.environ.get(DATABASE, "")
    if not uri and log.files is None:
        hint = "set it to postgresql://…, from a Secret"
        return None, [problem("MY822", f"{DATABASE} has no address of a database", hint=hint)]
    if log.files is not None and (problems := missing(FILES)):
        return None, problems
    from modelyard.request_log.database.logged import LogSource, Window

    until = rows.at or datetime.now(UTC)
    since = until - timedelta(seconds=rows.window)
    window = Window(log.table, found.model.name, champion.variant, since, until, rows.most)
    hashed = log.columns.hash.fields if log.columns and log.columns.hash else []
    dropped = (log.columns.drop if log.columns else None) or []
    begin = logs.begin(logs.Log(log.table, log.files), (window.model, since, until))
    return LogSource(begin, window, frozenset(each.casefold() for each in (*hashed, *dropped))), []


def _server(
    found: _Challenger, against: str, file: str | Path, route: Route, where: Connection | None, stack: ExitStack
) -> tuple[Address | None, list[Problem]]:
    """Return where the challenger answers; what is started for it lasts as long as the stack."""
    if is_url(against):
        server, _, problems = looked_up(against, file, route, where, stack)
        return server, problems
    if found.served.variant == against:
        server, _, problems = looked_up(found.model.name, file, replace(route, variant=against), where, stack)
        return server, problems
    address, problems = stack.enter_context(_started(found))
    if address is None:
        return None, problems
    server, _, more = looked_up(address, file, route, where, stack)
    return server, [*problems, *more]


@contextmanager
def _started(found: _Challenger) -> Iterator[tuple[str | None, list[Problem]]]:
    """Start an image on this machine, as `try` does, and give its URL."""
    program, silent = containers.find(containers.RUNNERS)
    if program is None:
        hint = (
            "or deploy it, `kubectl port-forward` to its Service, and name http://localhost:PORT/PATH in place of the "
            "image"
        )
        message = f"{found.served.model.image} cannot be started here: {silent[0].message}"
        yield None, [problem("MY844", message, hint=f"{silent[0].hint}; {hint}")]
        return
    own, problems = attempt.prepare(Named(found.models, found.model, found.served))
    if own is None:
        yield None, problems
        return
    with attempt.started(program, own) as running:
        if wrong := attempt.ready(running):
            yield None, [*problems, *wrong]
            return
        yield f"{running.address}{attempt.path(Named(found.models, found.model, found.served))}", problems


def _replayed(found: _Challenger, rows: Rows, outcome: Outcome, comparison: Comparison) -> Replayed:
    columns = tuple(
        Column(each.name, each.differing, each.largest, each.after.psi(each.before), each.after.ks(each.before))
        for each in comparison.columns
    )
    measures = outcome.measures
    p50, p95 = (measures.latency(percent) * 1000 for percent in (50, 95))
    made = Replayed(
        found.model.name, found.called.removeprefix(f"{found.model.name} "), "log" if rows.source == LOG else "file",
        comparison.rows, comparison.agreed, comparison.differing, comparison.failed, outcome.skipped, measures.calls,
        p50, p95, columns, outcome.lacking,
    )  # fmt: skip
    own = found.served.model.gate
    if own is None:
        return made
    monitor = found.served.model.monitor
    numbers: dict[str, float | None] = {each.name: each.psi for each in columns if each.psi is not None}
    if monitor and monitor.score:
        numbers = {monitor.score: numbers.get(monitor.score)}  # a challenger that gives no such number has not passed
    limits = gate.limits(own, errors=made.errors, p95=p95, agreement=made.agreement, psi=numbers)
    return replace(made, limits=tuple(limits))


def _judged(found: _Challenger, replayed: Replayed) -> list[Problem]:
    if found.served.model.gate is None:
        return []
    if replayed.rows < gate.enough(found.served):
        return [gate.too_few(found.models, found.served, found.called, replayed.rows)]
    return list(gate.unmet(found.models, found.served, found.called, list(replayed.limits)))
