"""How distributions differ from those of a baseline: the population stability index, missing values, new levels.

Bins of a number are the deciles of the baseline, each edge once: sum of (now - then) * ln(now / then) over the bins,
where a share is at least 0.0001. Bins of a text are its levels. Missing values, and NaN, are in no bin.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Final, NamedTuple

from psycopg import Cursor, DataError, sql
from psycopg.types.json import Jsonb

from modelyard.request_log.dialect import percentiles
from modelyard.request_log.measures import inputs
from modelyard.request_log.measures.inputs import Column
from modelyard.request_log.measures.plan import Measure, Plan, Span, Version
from modelyard.request_log.measures.versions import part
from modelyard.score.replay.distribution import psi

_STRIDE: Final = 1_000_000
_PACKED: Final = 20_000  # combinations of bins that are counted together
_DECILES: Final = tuple(i / 10 for i in range(1, 10))
_TAIL: Final = (0.95, 0.975, 0.99, 1.0)  # for columns of which nearly all values are one
_KNOWN: Final = 1000  # levels that are known at most
_LEVELS: Final = sql.SQL(
    "select v from (select {value} as v from {scored}) x where v is not null group by v order by count(*) desc, v"
    " limit {most}"
)
# Of several columns the bins are one number: few groups, and a row is looked at once. In VALUES each row would cost the
# setting up of its expressions.
_COUNTS: Final = sql.SQL(
    "select part, b, count(*) from (select {part} as part, unnest(array[{bins}]) as b from {scored}) x group by 1, 2"
)
_QUANTILES: Final = sql.SQL(
    "select {quantiles} from (select {value} as v from {scored} offset 0) x"  # with offset a value is computed once
)
_STORED: Final = sql.SQL(
    "select name, kind, path, edges, levels, counts, missing from {table}"
    " where model = %s and since = %s and until = %s"
)
_STORE: Final = sql.SQL("insert into {table} values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing")


class Counted(NamedTuple):
    """A column with its counts. counts: of each bin; of texts the first is that of new levels."""

    column: Column
    counts: tuple[int, ...]
    missing: int

    @property
    def present(self) -> int:
        """How many rows have a value."""
        return sum(self.counts)


def drift(cursor: Cursor, plan: Plan, found: Sequence[Version]) -> list[Measure]:
    """Return what the window's distributions are like, beside those of the baseline."""
    try:
        with cursor.connection.transaction():
            return list(_drift(cursor, plan, found, careful=False))
    except DataError:  # a text that is no number, or a number that float8 does not have
        return list(_drift(cursor, plan, found, careful=True))


def _drift(cursor: Cursor, plan: Plan, found: Sequence[Version], *, careful: bool) -> Iterator[Measure]:
    stored = _baseline(cursor, plan, careful=careful) if plan.baseline else {}
    columns = [each.column for each in stored.values()] or inputs.found(cursor, plan, plan.seen)
    for number, counted in _counts(cursor, plan, plan.seen, columns, part(found), careful=careful):
        if number >= 0:
            yield from _measures(plan, found[number], counted, stored.get(counted.column.name))


def _measures(plan: Plan, version: Version, now: Counted, then: Counted | None) -> Iterator[Measure]:
    name, total = now.column.name or None, now.present + now.missing
    measure = Measure("missing_rate", version, plan.seen, now.missing / total, total, name)
    yield measure
    if then is None or now.column.kind == "many":
        return
    if now.column.kind == "text" and now.present:
        yield measure._replace(measure="new_levels", value=now.counts[0] / now.present, rows=now.present)
    if now.column.name == inputs.SCORE:
        yield from _shares(measure._replace(rows=now.present), now, then)
    own = measure._replace(measure="psi", value=None, rows=now.present)
    few = [
        f"{count} rows{where}, fewer than {plan.min_rows}"
        for count, where in ((then.present, " of the baseline"), (now.present, ""))
        if count < plan.min_rows
    ]
    if not now.present:
        yield own._replace(note="no row has a value")
    elif sum(1 for each in then.counts if each) < 2:
        yield own._replace(note="the baseline has one value alone" if then.present else "the baseline has no value")
    else:
        yield own._replace(value=psi(now.counts, then.counts), note=few[0] if few else None)


def _shares(measure: Measure, now: Counted, then: Counted) -> Iterator[Measure]:
    """Yield the share of each bin, now and in the baseline."""
    for name, counted in (("score_share", now), ("baseline_share", then)):
        for interval, count in zip(counted.column.intervals, counted.counts, strict=True):
            if counted.present:
                share = count / counted.present
                yield measure._replace(measure=name, detail=interval, value=share, rows=counted.present)


def _counts(
    cursor: Cursor, plan: Plan, span: Span, columns: Sequence[Column], number: sql.Composable, *, careful: bool
) -> Iterator[tuple[int, Counted]]:
    """Yield the counts of each column, for each part, in one pass over the rows."""
    if not columns:
        return
    packs = list(_packs(columns))
    bins = sql.SQL(", ").join(_packed(i, pack, careful=careful) for i, pack in enumerate(packs))
    query = _COUNTS.format(part=number, bins=bins, scored=inputs.scored(plan, span))
    cursor.execute("set local enable_sort = off")  # few groups come of many rows, which the planner cannot know
    found: dict[tuple[int, Column], Counter[int]] = {}
    for own, key, count in cursor.execute(query):
        i, rest = divmod(key, _STRIDE)
        for column in packs[i]:
            rest, at = divmod(rest, column.bins)
            found.setdefault((own, column), Counter())[at] += count
    cursor.execute("set local enable_sort = on")
    for (own, column), counts in found.items():
        yield own, Counted(column, *column.counted(counts))


def _packs(columns: Iterable[Column]) -> Iterator[list[Column]]:
    """Yield columns by few, of which the combinations of bins are not many."""
    pack: list[Column] = []
    for each in columns:
        if pack and prod(one.bins for one in (*pack, each)) > _PACKED:
            yield pack
            pack = []
        pack.append(each)
    yield pack


def _packed(i: int, pack: Sequence[Column], *, careful: bool) -> sql.Composable:
    parts, weight = [sql.SQL("{}").format(sql.Literal(i * _STRIDE))], 1
    for each in pack:
        parts.append(sql.SQL("{} * {}").format(sql.Literal(weight), each.bin(careful=careful)))
        weight *= each.bins
    return sql.SQL(" + ").join(parts)


def _baseline(cursor: Cursor, plan: Plan, *, careful: bool) -> dict[str, Counted]:
    """Return the baseline's distributions: as they were kept, else as they are; kept when their time is over."""
    table, span = sql.Identifier(f"{plan.table}_baselines"), plan.baseline
    if span is None:
        raise AssertionError
    cursor.execute(_STORED.format(table=table), (plan.model, *span))
    kept = {
        name: Counted(Column(name, kind, tuple(path), tuple(edges or ()), tuple(levels or ())), tuple(counts), missing)
        for name, kind, path, edges, levels, counts, missing in cursor
    }
    if kept:
        return kept
    columns = _with_bins(cursor, plan, span, inputs.found(cursor, plan, span), careful=careful)
    counted = _counts(cursor, plan, span, columns, sql.SQL("0"), careful=careful)
    found = {each.column.name: each for _, each in counted}
    enough = any(each.present >= plan.min_rows for each in found.values())
    if span.until <= plan.seen.until and enough:
        for name, (column, counts, missing) in found.items():
            shape = (column.kind, Jsonb(list(column.path)), list(column.edges), Jsonb(list(column.levels)))
            cursor.execute(_STORE.format(table=table), (plan.model, *span, name, *shape, list(counts), missing))
    return found


def _with_bins(cursor: Cursor, plan: Plan, span: Span, columns: Sequence[Column], *, careful: bool) -> list[Column]:
    """Return columns with the edges or levels that they have in a window."""
    made = {each.name: each for each in _edges(cursor, plan, span, columns, careful=careful)}
    for each in columns:
        if each.kind == "text":
            query = _LEVELS.format(
                value=each.value(careful=careful), scored=inputs.scored(plan, span), most=sql.Literal(_KNOWN + 1)
            )
            levels = tuple(level for (level,) in cursor.execute(query))
            made[each.name] = each._replace(kind="many") if len(levels) > _KNOWN else each._replace(levels=levels)
    return [made[each.name] for each in columns]


def _edges(cursor: Cursor, plan: Plan, span: Span, columns: Sequence[Column], *, careful: bool) -> Iterator[Column]:
    """Yield the columns that are numbers, with the edges of their bins."""
    quantiles = percentiles([*_DECILES, *_TAIL], "v", "v between -1e300 and 1e300")
    for each in columns:
        if each.kind == "number":
            query = _QUANTILES.format(
                quantiles=quantiles, value=each.value(careful=careful), scored=inputs.scored(plan, span)
            )
            row = cursor.execute(query).fetchone()
            yield each._replace(edges=_distinct((row and row[0]) or ()))


def _distinct(quantiles: Sequence[float]) -> tuple[float, ...]:
    """Return edges of bins: the deciles, and where these are all one, what is beyond them."""
    edges = sorted(set(quantiles[: len(_DECILES)]))
    return tuple(edges if len(edges) > 1 else sorted(set(quantiles)))
