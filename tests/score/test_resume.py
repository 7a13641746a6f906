"""A run that is killed at any moment loses and doubles nothing: --resume goes on, or says why it cannot."""

import errno
import fcntl
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.api.scoring import Options, Scored, score
from modelyard.score import output_file
from tests.conftest import Run
from tests.support.model_server import REFUSED, Server, running
from tests.support.score_kills import MOST, killed
from tests.support.score_tables import beside, errors, expected, read, rows, table

COUNT = 400
# Scores a file, and dies by SIGKILL before or after its Nth call that changes a file; it prints how many there were.
KILLED = """\
import itertools, os, pathlib, signal, sys
from modelyard.score import engine
engine._TICK = 0.02
url, source, output, at = *sys.argv[1:4], int(sys.argv[4])
calls = itertools.count()
def counted(call):
    def act(*args, **more):
        if next(calls) == at:
            if call is os.write and at % 4:
                call(args[0], args[1][: len(args[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **more)
    return act
for name in ("write", "fdatasync", "fsync", "truncate"):
    setattr(os, name, counted(getattr(os, name)))
for name in ("replace", "unlink"):
    setattr(pathlib.Path, name, counted(getattr(pathlib.Path, name)))
from modelyard.api.scoring import score
done = score(url, source, output, resume=True)
assert {each.code for each in done.problems} <= {"MY808"}, done.problems
print(next(calls))
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return table(tmp_path / "in.csv", rows(COUNT))


def _script(server: Server, source: Path, output: Path, at: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, server.url(), str(source), str(output), str(at)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _codes(done: Scored) -> list[str]:
    return [each.code for each in done.problems]


@pytest.mark.slow
@pytest.mark.parametrize("every", [0, 3], ids=["all rows are scored", "every third row fails"])
def test_a_kill_at_each_change_of_a_file_loses_and_doubles_nothing(server: Server, tmp_path: Path, every: int) -> None:
    server.delay = 0.004  # so that there is more than one checkpoint
    body = rows(COUNT)
    for row in body[::every] if every else []:
        row[1] = str(REFUSED) if int(row[1]) % 2 else "?"
    source = table(tmp_path / "in.csv", body)
    whole, failed = _whole(body)
    assert bool(failed) is bool(every)
    output, beside_it = tmp_path / "out.csv", tmp_path / "out.errors.csv"
    output.write_text("old")
    beside_it.write_text("row,line,old,error\n")
    kills = 0
    for at in range(80):  # each run goes on from the last; one call further at every kill, they all come by
        done = _script(server, source, output, at)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        stale = beside_it.exists() and beside_it.read_text() == "row,line,old,error\n"
        if output.read_text() != "old":
            assert read(output) == whole
            assert not stale
        assert stale or not beside_it.exists() or errors(output) == failed
        kills += 1
    assert kills >= 8
    assert _codes(score(server.url(), source, output, resume=True)) == (["MY808"] if failed else [])
    assert read(output) == whole
    assert (errors(output) if failed else []) == failed
    assert beside_it.exists() is bool(failed)
    assert beside(output) == []


def _whole(body: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """Return what the output and the failed rows must be."""
    reasons = {"?": "column LOAN: '?' is not a number", str(REFUSED): 'status 400: {"error": "not scored"}'}
    # A row of these tables takes two lines.
    failed = [[str(i), str(2 * i), *row, reasons[row[1]]] for i, row in enumerate(body, 1) if row[1] in reasons]
    return expected(row for row in body if row[1] not in reasons), failed


@pytest.mark.parametrize("gone", [("out.errors.csv",), ("out.errors.csv", "out.csv")])
def test_a_kill_between_the_last_steps_is_gone_on_with(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: tuple[str, ...]
) -> None:
    body = rows(60)
    body[5][1] = "?"
    source, output = table(tmp_path / "in.csv", body), tmp_path / "out.csv"
    replace, moved = Path.replace, list[str]()

    def until(path: Path, target: Path) -> Path:
        if len(moved) == len(gone):
            raise OSError(5, "killed")
        moved.append(target.name)
        return replace(path, target)

    def stays(*_: object, **__: object) -> None:
        raise OSError(5, "killed")

    monkeypatch.setattr(Path, "replace", until)
    monkeypatch.setattr(Path, "unlink", stays)
    assert _codes(score(server.url(), source, output)) == ["MY809"]
    monkeypatch.undo()
    assert tuple(moved) == gone
    posts = server.posts
    for other in (rows(60), [*body, *rows(1)]):
        done = score(server.url(), table(tmp_path / "other.csv", other), output, resume=True)
        assert _codes(done) == ["MY811"]
    if len(gone) == 1:
        assert _codes(score(server.url(), source, output)) == ["MY810"]
    assert _codes(score(server.url(), source, output, resume=True)) == ["MY808"]
    assert server.posts == posts
    assert (read(output), errors(output)) == _whole(body)
    assert beside(output) == []


@pytest.mark.slow
def test_a_kill_at_any_time_loses_and_doubles_nothing(server: Server, source: Path, tmp_path: Path) -> None:
    server.delay = 0.25
    output = tmp_path / "out.csv"
    command = [sys.executable, "-m", "modelyard", "score", server.url(), source, "-o", output, "--resume"]
    kept = []
    for wait in (0.5, 0.9, 1.1, 0.7):
        before = server.posts
        with subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE) as process:
            while server.posts == before and process.poll() is None:
                time.sleep(0.01)
            time.sleep(wait)
            process.kill()
        kept.append(len(_part(output)))
    assert max(kept) > 20
    assert sorted(kept) == kept
    server.delay = 0
    done = score(server.url(), source, output, resume=True)
    assert done.problems == []
    assert done.measures is not None
    assert done.measures.before >= 20
    assert read(output) == expected(rows(COUNT))


def test_a_kill_costs_few_rows(tmp_path: Path) -> None:
    found = killed(tmp_path, 2000, 3)
    assert found.whole
    assert len(found.twice) == 3
    assert max(found.twice) <= MOST, found


def _part(output: Path) -> list[str]:
    part = output.with_name(f".{output.name}.modelyard-part")
    return part.read_text("utf-8").splitlines() if part.exists() else []


def _begun(server: Server, source: Path, output: Path) -> None:
    """Leave an unfinished run behind: the server goes down in its middle."""

    async def down(_server: Server, writer: object, number: int) -> bool:
        if number > COUNT // 2:
            writer.transport.abort()  # type: ignore[attr-defined]
        return number > COUNT // 2

    server.fault = down
    assert _codes(score(server.url(), source, output, options=Options(retries=0, on_error="stop"))) == ["MY807"]
    server.fault = None


def test_an_unfinished_run_is_not_thrown_away(server: Server, source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    _begun(server, source, output)
    done = score(server.url(), source, output)
    assert _codes(done) == ["MY810"]
    assert "--resume" in done.problems[0].hint
    assert score(server.url(), source, output, resume=True).problems == []
    assert read(output) == expected(rows(COUNT))


def test_resume_refuses_another_input_and_other_options(server: Server, source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    _begun(server, source, output)
    done = score(server.url(), source, output, options=Options(missing=("NA",)), resume=True)
    assert _codes(done) == ["MY811"]
    assert "options differ" in done.problems[0].message
    changed = rows(COUNT)
    changed[3][2] = "9"
    done = score(server.url(), table(tmp_path / "other.csv", changed), output, resume=True)
    assert _codes(done) == ["MY811"]
    assert score(server.url(), source, output, resume=True).problems == []


def test_two_runs_to_one_output_exclude_each_other(server: Server, source: Path, tmp_path: Path) -> None:
    journal = tmp_path / ".out.csv.modelyard-journal"
    with journal.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert _codes(score(server.url(), source, tmp_path / "out.csv")) == ["MY812"]
    assert server.posts == 0


def test_an_output_that_is_no_plain_file_is_refused(server: Server, source: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(source)
    for name in ("link.csv", ".", "missing/out.csv"):
        assert _codes(score(server.url(), source, tmp_path / name)) == ["MY809"], name
    assert server.posts == 0
    assert source.read_text("utf-8").startswith("ID,")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_ends_the_run_with_a_problem(
    server: Server, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(os, "write", lambda fd, content: write(full if _holds_rows(content) else fd, content))
    done = score(server.url(), source, tmp_path / "out.csv")
    os.close(full)
    assert _codes(done) == ["MY809"]
    assert "No space left on device" in done.problems[0].message
    assert not (tmp_path / "out.csv").exists()


def test_what_comes_after_a_write_that_failed_is_not_counted(
    server: Server, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, output = os.write, tmp_path / "out.csv"
    writes = itertools.count()

    def failing(fd: int, content: memoryview) -> int:
        if _holds_rows(content) and next(writes) == 3:
            write(fd, content[: len(content) // 2])
            raise OSError(errno.EIO, "Input/output error")
        return write(fd, content)

    monkeypatch.setattr(os, "write", failing)
    assert _codes(score(server.url(), source, output)) == ["MY809"]
    monkeypatch.undo()
    done = score(server.url(), source, output, resume=True)
    assert done.problems == []
    assert done.measures is not None
    assert 0 < done.measures.before < COUNT
    assert read(output) == expected(rows(COUNT))


def test_what_the_disk_has_not_kept_is_scored_again(server: Server, source: Path, tmp_path: Path) -> None:
    """After a machine has gone down, the journal may say more than the part holds, which may hold zeros."""
    output = tmp_path / "out.csv"
    _begun(server, source, output)
    journal = tmp_path / ".out.csv.modelyard-journal"
    head, *lines = journal.read_bytes().splitlines(keepends=True)
    flushed = [line for line in lines if len(line.split(b" ")) == 7]
    assert len(flushed) >= 3
    part = tmp_path / ".out.csv.modelyard-part"
    journal.write_bytes(head + b"".join(flushed))  # no checkpoint: nothing is known to be on disk
    content = bytearray(part.read_bytes())
    before, end = int(flushed[-2].split(b" ")[2]), int(flushed[-1].split(b" ")[2])
    content[before:end] = bytes(end - before)
    part.write_bytes(content)
    done = score(server.url(), source, output, resume=True)
    assert done.problems == []
    assert done.measures is not None
    assert done.measures.before == int(flushed[-2].split(b" ")[0])
    assert read(output) == expected(rows(COUNT))


def test_a_long_journal_is_read_from_its_end(
    server: Server, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.csv"
    _begun(server, source, output)
    lines = (tmp_path / ".out.csv.modelyard-journal").read_bytes().splitlines()
    monkeypatch.setattr(output_file, "_TAIL", len(lines[-1]) + 30)
    done = score(server.url(), source, output, resume=True)
    assert done.problems == []
    assert done.measures is not None
    assert done.measures.before == int(lines[-1].split(b" ")[0])
    assert read(output) == expected(rows(COUNT))


def _holds_rows(content: bytes | memoryview) -> bool:
    return b"Sales" in bytes(content)


def test_an_interrupt_keeps_what_is_scored(server: Server, source: Path, tmp_path: Path, modelyard: Run) -> None:
    server.delay = 2  # so that the signal comes before the end on a busy machine too
    output = tmp_path / "out.csv"
    command = [sys.executable, "-m", "modelyard", "score", server.url(), str(source), "-o", str(output)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while server.posts < 30 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    server.delay = 0
    done = modelyard("score", server.url(), source, "-o", output, "--resume")
    assert done.returncode == 0, done.stderr
    assert read(output) == expected(rows(COUNT))
