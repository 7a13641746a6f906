"""What runs have kept beside a log in files, when there were many."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from modelyard.request_log.files import opened

TABLE: Final = "scoring_log"
NOW: Final = datetime.now(UTC)
_ADD: Final = (
    f'insert into "{TABLE}_quality" ("at", model, measure, since, until, "rows") values'
    " (%s, 'churn', 'ks', now(), now(), 1)"
)


def kept(log: Path, at: datetime) -> None:
    """Keep a run of a time."""
    opened.done(str(log), TABLE, lambda each: each.execute(_ADD, [at]), parts=(), written=("quality",))
    (new,) = [each for each in (log / f"{TABLE}_quality").iterdir() if not each.name.startswith("run-")]
    new.rename(new.with_name(f"run-{at:%Y%m%d%H%M%S}"))


def runs(log: Path, *written: str) -> list[Any]:
    """Return the times of the runs that who writes sees."""
    query = f'select "at" from "{TABLE}_quality" order by 1'
    return opened.done(str(log), TABLE, lambda each: each.execute(query).fetchall(), parts=(), written=written)


def test_a_run_reads_the_last_runs_and_a_report_all(tmp_path: Path) -> None:
    times = [NOW - timedelta(days=365), NOW - timedelta(days=2), NOW - timedelta(minutes=1)]
    for each in times:
        kept(tmp_path, each)
    for path in (tmp_path / f"{TABLE}_quality").iterdir():
        path.rename(path.with_name(f"{path.name.removeprefix('run-')}-0.parquet"))
    assert [at for (at,) in runs(tmp_path)] == times
    assert [at for (at,) in runs(tmp_path, "alerts")] == times[2:]
