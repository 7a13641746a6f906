"""Whatever a server does, every row ends exactly once in the output: scored, or with the reason why not."""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from modelyard.api.scoring import Limits, Options, Route, score
from tests.model_server import Server, answer, running
from tests.scoring import QUICK, beside, expected, read, rows, table

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
    options = replace(QUICK, on_error="skip", limits=replace(QUICK.limits, max_body=2000))
    done = score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.csv", options=options)
    assert [each.code for each in done.problems] == ["MY808"]
    output = read(tmp_path / "out.csv")[1:]
    whole = expected(body)[1:]
    failed = [row for row in output if row[-1]]
    assert len(failed) == COUNT // NTH
    assert {tuple(row[4:]) for row in failed} == {("", "", reason)}
    assert [row if not row[-1] else [*row[:4], *good[4:]] for row, good in zip(output, whole, strict=True)] == whole
    assert server.posts == COUNT
    assert server.calls.total() == len(server.calls) == COUNT - COUNT // NTH


def test_without_retries_a_row_is_sent_once(server: Server, tmp_path: Path) -> None:
    server.fault = every(NTH, says(500))
    options = replace(QUICK, retries=0, on_error="skip")
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
    assert [each.message for each in done.problems] == ["row 1: status 503: {}; it asks to wait 3600 s"]


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
    done = score(server.url(), source, output, options=replace(QUICK, retries=1))
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
    options = Options(Limits(0.3, 0.2, 0.2), retries=1000, total=1.0, on_error="skip")
    began = time.monotonic()
    score(server.url(), table(tmp_path / "in.csv", rows(3)), tmp_path / "out.csv", options=options)
    assert time.monotonic() - began < 3
    assert {row[-1] for row in read(tmp_path / "out.csv")[1:]} == {"no answer within 1 s, with all retries"}


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
