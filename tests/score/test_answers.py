"""Odd answers: each is the error of its row, and the run ends; an odd description is a problem."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.api.scoring import Options, score
from modelyard.score import contract
from modelyard.score.bodies import BadAnswer, Form
from modelyard.score.cells import columns
from modelyard.score.contract import Contract, Input, NotUnderstood
from modelyard.score.http import MAX_WAIT, _retry_after
from modelyard.score.options import Runtime
from modelyard.score.output import Columns
from tests.support.model_server import Server, answer, description, running
from tests.support.score_tables import QUICK, errors, read, rows, table

HALF = "\ud83d"  # half an emoji, as JSON can spell it
DEEP = "[" * 900 + "]" * 900
VALUES = {
    "half an emoji": json.dumps(HALF),
    "half an emoji in a list": json.dumps([HALF]),
    "5,000 digits": "9" * 5000,
    "5,000 digits in a list": f"[{'9' * 5000}]",
    "1e5000": "1e5000",
    "a deep list": DEEP,
    "a list too deep to read": "[" * 100_000 + "]" * 100_000,
    "a deep mapping": '{"a":' * 900 + "1" + "}" * 900,
    "not a number": "NaN",
    "infinity": "[Infinity]",
}


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("runtime", ["scr", "pcr", "tensorflow"])
def test_a_value_is_written_or_is_a_bad_answer(value: str, runtime: Runtime) -> None:
    form = Form(Contract(runtime, (Input("A", "number"),), ("P",), ("number",)), ("A",))
    text = VALUES[value]
    body = {
        "scr": f'{{"data":{{"P":{text}}}}}', "pcr": f'{{"data":[{{"P":{text}}}]}}',
        "tensorflow": f'{{"predictions":[{text}]}}',
    }[runtime]  # fmt: skip
    try:
        ((found,),) = form.scores(body.encode(), 1)
    except BadAnswer as wrong:
        str(wrong).encode()
    else:
        found.encode()


@pytest.mark.parametrize("value", ["half an emoji", "5,000 digits", "a list too deep to read"])
def test_an_odd_answer_is_the_error_of_its_row(server: Server, tmp_path: Path, value: str) -> None:
    async def odd(_server: Server, writer: asyncio.StreamWriter, number: int) -> bool:
        if number != 3:
            return False
        answer(writer, 200, f'{{"data":{{"P_BAD":{VALUES[value]},"I_BAD":"1"}}}}'.encode())
        return True

    server.fault = odd
    options = Options(QUICK.limits, concurrency=1, retries=2, total=5.0)
    source, out = table(tmp_path / "in.csv", rows(6)), tmp_path / "out.csv"
    assert [each.code for each in score(server.url(), source, out, options=options).problems] == ["MY808"]
    ((number, *_, error),) = errors(out)
    assert number == "3"
    assert "the answer" in error
    assert len(read(out)) == 6


def test_a_header_that_is_no_text_is_the_error_of_its_row(server: Server, tmp_path: Path) -> None:
    async def odd(_server: Server, writer: asyncio.StreamWriter, _number: int) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/\xff\xfe\r\nContent-Length: 0\r\n\r\n")
        return True

    server.fault = odd
    out = tmp_path / "out.csv"
    done = score(server.url(), table(tmp_path / "in.csv", rows(2)), out, options=QUICK)
    assert [each.code for each in done.problems] == ["MY808"]
    assert len(errors(out)) == 2


@pytest.mark.parametrize(
    "text",
    [
        *("inf", "nan", "-1", "1e9", "9" * 5000, "٣", "²", "", " ", "Wed, 21 Oct 9999 07:28:00 GMT", "0" * 5000),
        *("Wed, 21 Oct 99999 07:28:00 GMT", "Wed, 21 Oct 2015 99:28:00 GMT", "1 Jan", ":", "1 2 3 4 5 6 7", "\udcff"),
        *("Mon, 01 Jan 0001 00:00:00 +9999", "Mon, 31 Dec 9999 23:59:59 -9999"),
    ],
)
def test_a_retry_after_is_a_time_that_ends_or_none(text: str) -> None:
    seconds = _retry_after(text)
    assert seconds is None or 0 <= seconds <= MAX_WAIT


@pytest.mark.parametrize("wait", ["9" * 400, "99999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_server_that_asks_to_wait_for_ever_is_given_up(server: Server, tmp_path: Path, wait: str) -> None:
    async def refuse(_server: Server, writer: asyncio.StreamWriter, _number: int) -> bool:
        answer(writer, 503, {}, more=f"Retry-After: {wait}\r\n")
        return True

    server.fault = refuse
    start = time.monotonic()
    options = Options(QUICK.limits, concurrency=2, retries=2, total=1.0)
    done = score(server.url(), table(tmp_path / "in.csv", rows(3)), tmp_path / "out.csv", options=options)
    assert {each.code for each in done.problems} <= {"MY808", "MY815"}
    assert done.problems
    assert time.monotonic() - start < 30


def changed(runtime: str, old: object, new: str) -> bytes:
    """Return a description with something else in place of a JSON text."""
    text = json.dumps(description(runtime))
    assert json.dumps(old) in text
    return text.replace(json.dumps(old), new).encode()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[", b"[" * 100_000, b"9" * 5000, b"\xff", b'"\\ud83d"', b"{}", b"null"),
        changed("scr", "LOAN", '"\\ud83d"'),
        changed("scr", "P_BAD", '"\\ud83d"'),
        *(changed("tensorflow", "1", text) for text in ('"x"', "1.5", "[]", "true", '"' + "9" * 5000 + '"', "1e9")),
        changed("tensorflow", description("tensorflow")["metadata"], "[]"),
        b'{"model_spec": 1, "metadata": {"signature_def": {"signature_def": {"serving_default": {"inputs": 5}}}}}',
    ],
    ids=lambda content: content[:30].decode("latin-1"),
)
def test_an_odd_description_is_not_understood(content: bytes) -> None:
    with pytest.raises(NotUnderstood) as wrong:
        contract.read(content)
    str(wrong.value).encode()


def test_required_names_can_be_of_any_type() -> None:
    document = description("scr")
    document["components"]["schemas"]["SCRInput"]["properties"]["data"]["required"] = [["LOAN"], {}, None, "LOAN"]
    found = contract.read(json.dumps(document).encode())
    assert [each.name for each in found.inputs if each.required] == ["LOAN"]


@pytest.mark.slow
def test_many_columns_and_outputs_take_time_that_grows_with_them() -> None:
    many = 100_000
    names = [f"c{number}" for number in range(many)]
    properties = {name: {"type": "number"} for name in names}
    document = description("scr")
    for schema in document["components"]["schemas"].values():
        schema["properties"]["data"] = {"type": "object", "properties": properties, "required": names}
    start = time.process_time()
    model = contract.read(json.dumps(document).encode())
    found, lacking = columns(model, [*names[: many // 2], *(f"x{number}" for number in range(many // 2))], ())
    assert (len(found), len(lacking)) == (many // 2, many // 2)
    assert Columns(names, model).taken == []
    assert Columns(names, model).outputs[:2] == ["c0_out", "c1_out"]
    assert time.process_time() - start < 10
