"""What `monitor run` has kept: all numbers of each run, and of the newest run those of inputs and bins too."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from psycopg import Connection, sql

from modelyard.request_log.dialect import PLACE
from modelyard.request_log.measures.plan import Plan, Span, Version

_KEPT: Final = sql.SQL(
    # Where a time was measured again the later row holds; rows are only ever added, so it lies behind.
    'select distinct on ("at", variant, image, measure, detail)'
    ' "at", variant, image, measure, detail, since, until, value, low, high, rows, note, alert'
    ' from {quality} q where model = {model} and "at" >= {since} and (detail is null or'
    ' "at" = (select max("at") from {quality} where model = {model}))'
    ' order by "at", variant, image, measure, detail, {place} desc'
)
_NEWEST: Final = sql.SQL('select max("at") from {quality} where model = {model}')


class Kept(NamedTuple):
    """One number of a run. at: when it was taken; the rest as in a Measure."""

    at: datetime
    version: Version
    measure: str
    detail: str | None
    span: Span
    value: float | None
    low: float | None
    high: float | None
    rows: int
    note: str | None
    alert: bool | None


class Runs(NamedTuple):
    """The runs of a model, the oldest first."""

    kept: Sequence[Kept]
    champion: str | None

    @property
    def last(self) -> datetime | None:
        """When the newest run was."""
        return self.kept[-1].at if self.kept else None

    def of(self, measure: str) -> list[Kept]:
        """Return the numbers of one measure that are of no input and no bin."""
        return [each for each in self.kept if each.measure == measure and each.detail is None]

    def newest(self, *measures: str) -> list[Kept]:
        """Return numbers of the newest run."""
        return [each for each in self.kept if each.at == self.last and each.measure in measures]

    def versions(self) -> dict[Version, datetime]:
        """Return the versions that were measured, each with its first run, in that order."""
        found: dict[Version, datetime] = {}
        for each in self.kept:
            if each.version != Version(None, None) or each.measure == "calls":
                found.setdefault(each.version, each.at)
        return found

    def by_variant(self, measure: str) -> dict[str | None, list[Kept]]:
        """Return one number of each run for each variant: that of the version which came last."""
        age = {version: i for i, version in enumerate(self.versions())}
        found: dict[str | None, dict[datetime, Kept]] = {}
        for each in self.of(measure):
            own = found.setdefault(each.version.variant, {})
            other = own.get(each.at)
            if other is None or age.get(each.version, -1) >= age.get(other.version, -1):
                own[each.at] = each
        return {variant: list(found[variant].values()) for variant in self._first(found)}

    def _first(self, variants: Iterable[str | None]) -> list[str | None]:
        """Return variants in the order of a page: the champion first, so that it is drawn alike everywhere."""
        return sorted(variants, key=lambda each: (each != self.champion, each or ""))

    def summed(self, measure: str) -> dict[str | None, dict[datetime, float]]:
        """Return one number of each run for each variant: the sum of its versions."""
        found: dict[str | None, dict[datetime, float]] = {}
        for each in self.of(measure):
            own = found.setdefault(each.version.variant, {})
            own[each.at] = own.get(each.at, 0.0) + (each.value or 0.0)
        return {variant: found[variant] for variant in self._first(found)}


def kept(connection: Connection, plan: Plan, since: datetime) -> Runs:
    """Return what was kept of a model from a time on. Raises psycopg.Error."""
    quality = sql.Identifier(f"{plan.table}_quality")
    query = _KEPT.format(place=PLACE, quality=quality, model=sql.Literal(plan.model), since=sql.Literal(since))
    return Runs(list(_read(connection, query)), plan.champion)


def newest(connection: Connection, plan: Plan) -> datetime | None:
    """Return when a model was measured last. Raises psycopg.Error."""
    query = _NEWEST.format(quality=sql.Identifier(f"{plan.table}_quality"), model=sql.Literal(plan.model))
    found = connection.execute(query).fetchone()
    moment: datetime | None = found[0] if found else None
    return moment


def _read(connection: Connection, query: sql.Composed) -> Iterator[Kept]:
    for at, variant, image, measure, detail, since, until, *rest in connection.execute(query):
        yield Kept(at, Version(variant, image), measure, detail, Span(since, until), *rest)
