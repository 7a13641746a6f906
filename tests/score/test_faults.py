"""Whatever a server does, every row ends exactly once: scored, or among the failed rows with the reason why not."""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from modelyard.api.scoring import Limits, Options, Route, score
from tests.support.model_server import Server, answer, running
from tests.support.score_tables import QUICK, beside, errors, expected, read, rows, table

COUNT = 150
NTH = 7
Act = Callable[[Server, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


def every(nth: int, act: Act) -> Callable[[Server, asyncio.StreamWriter, int], Awaitable[bool]]:
    """Return a fault of each nth call."""

    async def fault(server: Server, writer: asyncio.StreamWriter, number: int) -> bool:
        if number % nth:
            return False
        await act(server, writer)
        return True

    return fault


async def reset(_server: Server, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def refuse(server: Server, writer: asyncio.StreamWriter) -> None:
    """Close the connection and take no new ones for a while."""
    writer.transport.abort()
    if server.listener is not None:
        server.listener.close()
        server.listener = None
        await asyncio.sleep(0.3)
        await server.listen()


async def hang(_server: Server, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)
    writer.close()


async def hang_in_body(_server: Server, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"data":')
    await asyncio.sleep(5)
    writer.close()


async def drip(_server: Server, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await asyncio.sleep(0.05)
    writer.close()


async def truncate(_server: Server, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"data":{}}')
    writer.close()


async def garbage(_server: Server, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    writer.close()


def says(status: int, content: object = b"{}", **more: str) -> Act:
    async def say(_server: Server, writer: asyncio.StreamWriter) -> None:
        answer(writer, status, content, **more)

    return say


PASSING = {
    "reset": reset,
    "refused": refuse,
    "hangs at headers": hang,
    "hangs in the body": hang_in_body,
    "slow drip": drip,
    "truncated": truncate,
    "not HTTP": garbage,
    "429": says(429, more="Retry-After: 0\r\n"),
    "503": says(503),
    "500 every nth": says(500, {"error": "now and then"}),
    "502": says(502, b"<html>", kind="text/html"),
}
LASTING = {
    "another content type": (says(200, b"<html>", kind="text/html"), "the answer is text/html, not JSON"),
    "not JSON": (says(200, b'{"data": {"P_BAD"'), "the answer is not JSON"),
    "not an object": (says(200, []), "the answer is not a JSON object"),
    "no data": (says(200, {"version": 1}), "the answer has no data"),
    "lacks an output": (says(200, {"data": {"P_BAD": 1}}), "the answer lacks I_BAD"),
    "redirect": (says(302, more="Location: http://169.254.169.254/\r\n"), "status 302: redirects are not followed"),
    "400": (says(400, {"error": "no"}), 'status 400: {"error": "no"}'),
    "too large": (says(200, b" " * 3000), "the answer is larger than 2000 bytes"),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again_and_every_row_is_scored(server: Server, tmp_path: Path, fault: str) -> None:
    server.fault = every(NTH if fault != "refused" else 40, PASSING[fault])
    body = rows(COUNT)
    done = score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.csv", options=QUICK)
    assert done.problems == []
    assert read(tmp_path / "out.csv") == expected(body)
    assert done.measures is not None
    assert done.measures.retries >= (COUNT // NTH if fault != "refused" else 3)


@pytest.mark.parametrize("fault", LASTING)
def test_what_does_not_pass_is_the_reason_of_its_row(server: Server, tmp_path: Path, fault: str) -> None:
    act, reason = LASTING[fault]
    server.fault = every(NTH, act)
    body = rows(COUNT)
    options = replace(QUICK, limits=replace(QUICK.limits, max_body=2000))
    done = score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.csv", options=options)
    assert [each.code for each in done.problems] == ["MY808"]
    assert reason in done.problems[0].message
    failed = errors(tmp_path / "out.csv")
    assert len(failed) == COUNT // NTH
    assert {row[-1] for row in failed} == {reason}
    numbers = [int(row[0]) for row in failed]
    assert [row[2:-1] for row in failed] == [body[number - 1] for number in numbers]
    assert read(tmp_path / "out.csv") == expected(row for i, row in enumerate(body, 1) if i not in numbers)
    assert server.posts == COUNT
    assert server.calls.total() == len(server.calls) == COUNT - COUNT // NTH


def test_without_retries_a_row_is_sent_once(server: Server, tmp_path: Path) -> None:
    server.fault = every(NTH, says(500))
    options = replace(QUICK, retries=0)
    score(server.url(), table(tmp_path / "in.csv", rows(COUNT)), tmp_path / "out.csv", options=options)
    assert server.posts == COUNT


def test_retry_after_is_honoured_by_all_calls(server: Server, tmp_path: Path) -> None:
    times: list[float] = []

    async def once(_server: Server, writer: asyncio.StreamWriter, number: int) -> bool:
        times.append(time.monotonic())
        if number == 40:
            answer(writer, 429, {}, more="Retry-After: 1\r\n")
        return number == 40

    server.fault = once
    server.delay = 0.01
    body = rows(COUNT)
    assert score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.csv").problems == []
    assert read(tmp_path / "out.csv") == expected(body)
    # Calls that were on their way arrive; then nothing comes for a second.
    pauses = [after - before for before, after in pairwise(times)]
    assert max(pauses) > 0.9


def test_a_retry_after_beyond_the_limit_fails_at_once(server: Server, tmp_path: Path) -> None:
    server.fault = every(1, says(503, more="Retry-After: 3600\r\n"))
    done = score(server.url(), table(tmp_path / "in.csv", rows(3)), tmp_path / "out.csv", options=QUICK)
    assert {row[-1] for row in errors(tmp_path / "out.csv")} == {"status 503: {}; it asks to wait 3600 s"}
    assert [each.code for each in done.problems] == ["MY808"]


def test_a_server_that_takes_few_calls_gets_few(server: Server, tmp_path: Path) -> None:
    async def busy(one: Server, writer: asyncio.StreamWriter, _number: int) -> bool:
        if one.active <= 3:
            return False
        answer(writer, 429, {})
        return True

    server.fault = busy
    server.delay = 0.005
    body = rows(COUNT)
    done = score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.csv", options=QUICK)
    assert read(tmp_path / "out.csv") == expected(body)
    assert done.measures is not None
    assert done.measures.retries < COUNT


def test_the_first_row_that_fails_ends_the_run_and_resume_goes_on(server: Server, tmp_path: Path) -> None:
    body = rows(1200)
    source, output = table(tmp_path / "in.csv", body), tmp_path / "out.csv"
    output.write_text("old")

    async def down(one: Server, writer: asyncio.StreamWriter, number: int) -> bool:
        return number > 300 and await every(1, says(500, {"error": "down"}))(one, writer, number)

    server.fault = down
    done = score(server.url(), source, output, options=replace(QUICK, retries=1, on_error="stop"))
    assert [each.code for each in done.problems] == ["MY807"]
    assert 'status 500: {"error": "down"}' in done.problems[0].message
    assert output.read_text() == "old"
    server.fault = None
    scored_before = server.calls.total()
    done = score(server.url(), source, output, options=QUICK, resume=True)
    assert done.problems == []
    assert done.measures is not None
    assert 0 < done.measures.before <= scored_before
    assert read(output) == expected(body)
    assert beside(output) == []


def test_one_row_takes_no_longer_than_its_limit(server: Server, tmp_path: Path) -> None:
    server.fault = every(1, hang)
    options = Options(Limits(0.3, 0.2, 0.2), retries=1000, total=1.0)
    began = time.monotonic()
    score(server.url(), table(tmp_path / "in.csv", rows(3)), tmp_path / "out.csv", options=options)
    assert time.monotonic() - began < 3
    assert {row[-1] for row in errors(tmp_path / "out.csv")} == {"no answer within 1 s, with all retries"}


def test_a_server_that_does_not_connect_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (first, second):  # they fill the queue that nobody accepts from
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/m"
        options = replace(QUICK, retries=1)
        done = score(url, table(tmp_path / "in.csv", []), tmp_path / "out.csv", options=options)
    assert [each.code for each in done.problems] == ["MY802"]
    assert done.problems[0].message.endswith("no connection within 0.3 s")


def test_a_server_that_is_not_there_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/m"
    done = score(url, table(tmp_path / "in.csv", []), tmp_path / "out.csv", options=replace(QUICK, retries=1))
    assert "cannot connect: " in done.problems[0].message


def test_a_missing_ca_file_is_a_problem(tmp_path: Path) -> None:
    route = Route(ca_file=str(tmp_path / "none.pem"))
    done = score("https://x.invalid/m", table(tmp_path / "in.csv", []), tmp_path / "out.csv", route=route)
    assert [each.code for each in done.problems] == ["MY802"]
    assert "cannot be used: No such file" in done.problems[0].message


def test_a_certificate_is_verified(tmp_path: Path, server: Server) -> None:
    url = server.url().replace("http:", "https:")
    done = score(url, table(tmp_path / "in.csv", []), tmp_path / "out.csv", options=replace(QUICK, retries=0))
    assert [each.code for each in done.problems] == ["MY802"]


def falls_silent(after: int, act: Act | None) -> Callable[[Server, asyncio.StreamWriter, int], Awaitable[bool]]:
    """Return a fault of all calls after so many; None: the server is gone, and takes no connection."""

    async def fault(one: Server, writer: asyncio.StreamWriter, number: int) -> bool:
        if number <= after:
            return False
        if act is not None:
            await act(one, writer)
            return True
        if one.listener is not None:
            one.listener.close()
            one.listener = None
        writer.transport.abort()
        return True

    return fault


SILENT: dict[str, Act | None] = {
    "gone": None, "reset": reset, "hangs": hang, "503": says(503), "502": says(502, b"<html>", kind="text/html"),
}  # fmt: skip
# A row may take half a second, so a server is given up after a quarter without a sign of life.
HASTY = replace(QUICK, limits=Limits(0.1, 0.1, 0.1), total=0.5, retries=1, concurrency=4)


@pytest.mark.parametrize("fault", SILENT)
def test_a_server_that_dies_ends_the_run_which_can_go_on(tmp_path: Path, fault: str) -> None:
    body = rows(3000)
    source, output = table(tmp_path / "in.csv", body), tmp_path / "out.csv"
    with running(Server(fault=falls_silent(200, SILENT[fault]))) as server:
        began = time.monotonic()
        done = score(server.url(), source, output, options=HASTY)
    assert time.monotonic() - began < 10
    assert [each.code for each in done.problems] == ["MY815"]
    assert "go on with --resume" in done.problems[0].hint
    assert done.measures is not None
    assert 200 - 4 <= done.measures.scored <= 200
    with running(Server(server.port)) as server:
        done = score(server.url(), source, output, options=QUICK, resume=True)
    failed = [int(row[0]) for row in errors(output)] if done.problems else []
    assert read(output) == expected(row for i, row in enumerate(body, 1) if i not in failed)
    # Rows whose calls did not reach the server have not failed; of the others those that were given up have.
    assert len(failed) <= (4 if fault == "gone" else 40)


def test_a_server_that_comes_back_soon_costs_no_row(server: Server, tmp_path: Path) -> None:
    body = rows(600)

    async def restart(one: Server, writer: asyncio.StreamWriter, number: int) -> bool:
        if number == 300:
            await refuse(one, writer)
        return number == 300

    server.fault = restart
    options = replace(QUICK, retries=0)  # a call that could not connect has sent nothing
    done = score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.csv", options=options)
    assert done.measures is not None
    assert done.measures.failed <= 1
    assert done.measures.scored >= 599


def test_bad_rows_alone_do_not_end_a_run(server: Server, tmp_path: Path) -> None:
    server.fault = every(2, reset)
    done = score(server.url(), table(tmp_path / "in.csv", rows(60)), tmp_path / "out.csv", options=HASTY)
    assert [each.code for each in done.problems] in ([], ["MY808"])


def test_a_data_frame_keeps_what_was_scored_before_the_server_died(server: Server) -> None:
    server.fault = falls_silent(200, None)
    frame = pd.DataFrame({"LOAN": range(1000), "VALUE": 1, "JOB": "x"})
    done = score(server.url(), frame, options=HASTY)
    assert [each.code for each in done.problems] == ["MY815"]
    assert isinstance(done.frame, pd.DataFrame)
    scored = done.frame["P_BAD"].dropna()
    assert 196 <= len(scored) <= 200
    assert scored.tolist() == [index * 2 + 0.5 for index in scored.index]
    assert done.frame["error"].isna().sum() == len(scored)
    assert done.frame["error"].iloc[-1] == "not scored: the run ended before this row"
