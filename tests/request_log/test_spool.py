"""The spool: what goes in comes out once and in order, its size has a bound, and what a kill took away is counted."""

import errno
import os
from contextlib import closing
from pathlib import Path

import pytest

from modelyard.request_log import spool
from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.records import packed
from modelyard.request_log.spool import SEGMENT, Reader, Writer, held, segments


def calls(first: int, count: int, size: int = 10) -> list[bytes]:
    return [packed(first + i, 0, 0, 200, ["a"] * 6, [b"x" * size], []) for i in range(count)]


def write(writer: Writer, counters: Counters, count: int, size: int = 10) -> None:
    first = counters[Count.TAKEN] + 1
    counters[Count.TAKEN] += count
    writer.write(first, calls(first, count, size))


def left(folder: Path, counters: Counters) -> list[int]:
    """Return the numbers of the calls that another reader finds."""
    with closing(Reader(folder, counters)) as reader:
        return [each.sequence for each in reader.take(100, 1 << 20)]


def test_what_goes_in_comes_out_once_and_in_order(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    writer, reader = Writer(tmp_path, 1 << 30, counters), Reader(tmp_path, counters)
    assert reader.take(10, 1 << 20) == []
    found: list[int] = []
    for _ in range(20):
        write(writer, counters, 50, 20_000)
        taken = reader.take(33, 1 << 30)
        found += [each.sequence for each in taken]
        reader.shipped(found[-1])
    while taken := reader.take(33, 1 << 30):
        found += [each.sequence for each in taken]
        reader.shipped(found[-1])
    reader.close()
    assert found == list(range(1, 1001))
    assert len(segments(tmp_path)) == 1  # those that were read go
    assert held(tmp_path) <= SEGMENT + (1 << 20)
    writer.close()


def test_a_start_goes_on_where_the_last_was_stopped(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    writer = Writer(tmp_path, 1 << 30, counters)
    write(writer, counters, 10)
    reader = Reader(tmp_path, counters)
    reader.shipped(reader.take(4, 1 << 20)[-1].sequence)
    writer.close()
    reader.close()
    counters.close()
    counters = Counters(tmp_path)
    writer = Writer(tmp_path, 1 << 30, counters)
    write(writer, counters, 1)
    assert left(tmp_path, counters) == [5, 6, 7, 8, 9, 10, 11]
    assert counters[Count.LOST] == 0
    writer.close()


def test_what_a_kill_took_away_is_counted_once(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    writer = Writer(tmp_path, 1 << 30, counters)
    write(writer, counters, 10)
    (segment,) = segments(tmp_path)
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size - 3)  # the write that the kill came into
    counters[Count.HANDLED] -= 2  # it came before that could be noted
    counters[Count.TAKEN] += 5  # in memory
    writer.close()
    for _ in range(2):
        writer = Writer(tmp_path, 1 << 30, counters)
        assert counters[Count.LOST] == 6
        writer.close()
    write(writer, counters, 1)
    assert left(tmp_path, counters) == [*range(1, 10), 16]
    writer.close()


def test_a_full_spool_takes_calls_again_when_it_has_been_shipped(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    writer, reader = Writer(tmp_path, 6 << 20, counters), Reader(tmp_path, counters)
    for _ in range(10):
        write(writer, counters, 1, 1 << 20)
    assert held(tmp_path) <= 6 << 20
    dropped = counters[Count.DROPPED_SPOOL]
    assert dropped >= 4
    while taken := reader.take(100, 1 << 30):
        reader.shipped(taken[-1].sequence)
    write(writer, counters, 1, 1 << 20)
    write(writer, counters, 1, 1 << 20)
    while taken := reader.take(100, 1 << 30):
        reader.shipped(taken[-1].sequence)
    assert counters[Count.DROPPED_SPOOL] < dropped + 2
    assert counters[Count.SHIPPED] == counters[Count.TAKEN]
    reader.close()
    writer.close()


def test_counters_outlive_a_process(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    counters.add(Count.ROWS, 3)
    counters.close()
    again = Counters(tmp_path)
    assert again[Count.ROWS] == 3
    (tmp_path / "counters").write_bytes(b"something else" * 400)
    fresh = Counters(tmp_path)
    assert fresh[Count.ROWS] == 0


@pytest.mark.parametrize("fails", ["write", "ftruncate"])
def test_a_disk_that_is_full_for_long_gathers_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "")

    counters = Counters(tmp_path)
    writer = Writer(tmp_path, 1 << 30, counters)
    write(writer, counters, 1)
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        disk.setattr(os, fails, full)
        for _ in range(50):
            write(writer, counters, 2)
    assert counters[Count.DROPPED_DISK] == 100
    assert len(segments(tmp_path)) == 1
    write(writer, counters, 1)
    assert left(tmp_path, counters) == [1, 102]
    writer.close()


def test_a_moment_without_descriptors_drops_calls_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_: Path) -> int:
        raise OSError(errno.EMFILE, "")

    counters = Counters(tmp_path)
    writer = Writer(tmp_path, 1 << 30, counters)
    with monkeypatch.context() as moment:
        moment.setattr(spool, "held", none_left)
        write(writer, counters, 3)
    assert counters[Count.DROPPED_DISK] == counters[Count.HANDLED] == 3
    write(writer, counters, 1)
    assert left(tmp_path, counters) == [4]
    writer.close()


def test_a_segment_that_a_full_disk_took_away_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it go after it was seen, and before it is read."""
    counters = Counters(tmp_path)
    with closing(Writer(tmp_path, 1 << 30, counters)) as writer, closing(Reader(tmp_path, counters)) as reader:
        write(writer, counters, 2)
        gone = tmp_path / f"{0:020d}.log"
        monkeypatch.setattr(spool, "segments", lambda folder: [gone, *segments(folder)])
        assert [each.sequence for each in reader.take(10, 1 << 20)] == [1, 2]
