"""What runs have kept beside a log in files, when there were many."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard.request_log.files import joined, lock, opened
from modelyard.request_log.files.folder import Folder, Unreachable

TABLE: Final = "scoring_log"
NOW: Final = datetime.now(UTC)
_ADD: Final = (
    f'insert into "{TABLE}_quality" ("at", model, measure, detail, since, until, "rows") values'
    " ($1, 'churn', 'ks', null, now(), now(), 1), ($1, 'churn', 'psi', 'AGE', now(), now(), 1)"
)


def kept(log: Path, at: datetime) -> None:
    """Keep a run of a time."""
    opened.done(str(log), TABLE, lambda each: each.execute(_ADD, [at]), parts=(), written=("quality",))
    (new,) = [each for each in (log / f"{TABLE}_quality").iterdir() if not each.name.endswith("-run.parquet")]
    new.rename(new.with_name(f"{at:%Y%m%d%H%M%S}-run.parquet"))


def runs(log: Path, *written: str, measure: str = "ks") -> list[Any]:
    """Return the times of the runs that who writes sees, by those of a measure."""
    query = f'select "at" from "{TABLE}_quality" where measure = \'{measure}\' order by 1'
    return [
        at
        for (at,) in opened.done(
            str(log), TABLE, lambda each: each.execute(query).fetchall(), parts=(), written=written
        )
    ]


def test_a_run_reads_the_last_runs_and_a_report_all(tmp_path: Path) -> None:
    times = [NOW - timedelta(days=365), NOW - timedelta(days=2), NOW - timedelta(minutes=1)]
    for each in times:
        kept(tmp_path, each)
    assert runs(tmp_path) == times
    assert runs(tmp_path, "alerts") == times[2:]


def test_past_days_are_a_file_each_with_the_inputs_of_their_last_run(tmp_path: Path) -> None:
    noon = (NOW - timedelta(days=3)).replace(hour=12, minute=0)
    days = [[noon - timedelta(days=day, hours=hour) for hour in (2, 1, 0)] for day in (1, 0)]
    recent = [NOW - timedelta(hours=1), NOW]
    for each in [*days[0], *days[1], *recent]:
        kept(tmp_path, each)
    assert joined.join_days(str(tmp_path), TABLE) == 2
    names = sorted(path.name for path in (tmp_path / f"{TABLE}_quality").iterdir())
    assert len(names) == 4
    assert [name[:14] for name in names] == [f"{each:%Y%m%d%H%M%S}" for each in (days[0][-1], days[1][-1], *recent)]
    assert runs(tmp_path) == [*days[0], *days[1], *recent]
    assert runs(tmp_path, measure="psi") == [days[0][-1], days[1][-1], *recent]
    assert joined.join_days(str(tmp_path), TABLE) == 0
    assert list((tmp_path / f"{TABLE}_lock").iterdir()) == []


def held(log: Path, scratch: Path) -> lock.Held:
    """Return a turn that was taken."""
    scratch.mkdir()
    own = lock.Held(Folder(str(log)), "log_lock", scratch)
    own.take()
    return own


def test_one_at_a_time_and_who_was_killed_is_waited_for_no_longer_than_its_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_PATIENCE", 0.2)
    (tmp_path / "log_lock").mkdir()
    killed = tmp_path / "log_lock" / "killed"
    killed.touch()
    with pytest.raises(Unreachable):
        held(tmp_path, tmp_path / "a")
    assert list(killed.parent.iterdir()) == [killed]
    past = time.time() - lock.LEASE.total_seconds() - 1
    os.utime(killed, (past, past))
    own = held(tmp_path, tmp_path / "b")
    assert not killed.exists()
    with pytest.raises(Unreachable):
        held(tmp_path, tmp_path / "c")
    own.check()
    own.leave()
    held(tmp_path, tmp_path / "d").leave()


def test_a_turn_lasts_as_long_as_its_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEWAL", 0.1)
    monkeypatch.setattr(lock, "LEASE", timedelta(seconds=4))
    monkeypatch.setattr(lock, "_PATIENCE", 6.0)
    own = held(tmp_path, tmp_path / "a")
    with pytest.raises(Unreachable):
        held(tmp_path, tmp_path / "b")
    own.check()
    (tmp_path / own._path).unlink()  # as by who has found its lease ended
    monkeypatch.setattr(own, "_write", lambda: None)
    with pytest.raises(Unreachable):
        own.check()
    own.leave()
