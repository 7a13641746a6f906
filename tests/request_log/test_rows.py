"""Bodies as rows: the forms of each runtime, and anything else without a fault."""

import gzip
import json
import math
import zlib
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.request_log.columns import Columns
from modelyard.request_log.records import FRAME, Record, packed, records, unpacked
from modelyard.request_log.rows import Row, rows

JSON: Final = "application/json"
VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def record(inputs: bytes, outputs: bytes = b"", **fields: Any) -> Record:
    made = Record(1, 1_700_000_000_000_000, 1500, 200, "id", "/churn", JSON, "", JSON, "", inputs, outputs)
    return made._replace(**fields)


def read(inputs: object, outputs: object = None, **fields: Any) -> list[tuple[Any, Any]]:
    """Return inputs and outputs of the rows of a call."""
    found, _ = rows(record(json.dumps(inputs).encode(), json.dumps(outputs).encode(), **fields), Columns(), None, None)
    return [(_value(each.inputs), _value(each.outputs)) for each in found]


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        ({"data": {"A": 1, "B": "x"}}, {"data": {"P": 0.5}}, [({"A": 1, "B": "x"}, {"P": 0.5})]),
        ({"inputs": [{"name": "A", "value": 1}, {"name": "B"}]}, {"outputs": [{"name": "P", "value": 2}]},
         [({"A": 1, "B": None}, {"P": 2})]),
        ({"data": {"A": [1, 2], "B": ["x", "y"]}}, {"data": {"P": [0.1, 0.2]}},
         [({"A": 1, "B": "x"}, {"P": 0.1}), ({"A": 2, "B": "y"}, {"P": 0.2})]),
        ({"data": {"A": [1, 2]}}, {"data": [{"P": 1}, {"P": 2}]}, [({"A": 1}, {"P": 1}), ({"A": 2}, {"P": 2})]),
        ({"data": {"A": 1, "LIST": [1, 2]}}, None, [({"A": 1, "LIST": [1, 2]}, None)]),
        ({"instances": [{"A": 1}, {"A": 2}]}, {"predictions": [[0.1], [0.2]]}, [({"A": 1}, [0.1]), ({"A": 2}, [0.2])]),
        ({"instances": [[1, 2], [3, 4]]}, {"predictions": [{"P": 1}, {"P": 2}]},
         [([1, 2], {"P": 1}), ([3, 4], {"P": 2})]),
        ({"inputs": {"A": [[1], [2]]}}, {"outputs": [[0.1], [0.2]]}, [({"A": [1]}, [0.1]), ({"A": [2]}, [0.2])]),
        ({"examples": [{"A": 1}]}, {"results": [[["a", 0.5]]]}, [({"A": 1}, [["a", 0.5]])]),
        ([{"A": 1}, {"A": 2}], [3, 4], [({"A": 1}, 3), ({"A": 2}, 4)]),
        ({"A": 1}, {"P": 2}, [({"A": 1}, {"P": 2})]),
        ({"instances": [1, 2, 3]}, {"predictions": [1, 2]}, [(1, [1, 2]), (2, None), (3, None)]),
    ],
)  # fmt: skip
def test_forms_of_the_runtimes_are_rows(inputs: object, outputs: object, expected: list[tuple[Any, Any]]) -> None:
    assert read(inputs, outputs) == expected


def test_csv_with_a_header_is_rows() -> None:
    made = record(b'\xef\xbb\xbfA,B\r\n1,"x,y"\r\n2,\r\n', b"{}", input_type="text/csv")
    found, unread = rows(made, Columns(), "A", None)
    assert [json.loads(each.inputs or "") for each in found] == [{"A": "1", "B": "x,y"}, {"A": "2", "B": ""}]
    assert [each.key for each in found] == ["1", "2"]
    assert unread == 0


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_bodies_are_read(pack: Any) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"
    made = record(pack(b'{"A": 1}'), pack(b'{"P": 2}'), input_encoding=encoding, output_encoding=encoding)
    ((found,), unread) = rows(made, Columns(), None, "P")
    assert (found.inputs, found.outputs, found.score, unread) == ('{"A":1}', '{"P":2}', 2.0, 0)


# What it is -> the bytes, made when they are wanted.
UNREADABLE: Final[dict[str, Callable[[], bytes]]] = {
    "nothing": lambda: b"",
    "JSON that is cut": lambda: b"{",
    "no text": lambda: b"\xff",
    "too deep": lambda: b"[" * 100_000,
    "gzip that is cut": lambda: gzip.compress(b"x")[:10],
    "a bomb": lambda: gzip.compress(b"0" * (80 << 20)),
    "a long number": lambda: b"1" * 5000,
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_gives_a_row_without_it(what: str) -> None:
    inputs = UNREADABLE[what]()
    encoding = "gzip" if inputs.startswith(b"\x1f") else ""
    ((found,), unread) = rows(record(inputs, b'{"P": 1}', input_encoding=encoding), Columns(), "A", None)
    assert (found.inputs, found.outputs, found.key, unread) == (None, '{"P":1}', "id", 1)


def test_errors_have_no_outputs() -> None:
    ((found,), unread) = rows(record(b'{"A": 1}', b"no JSON", status=500), Columns(), None, None)
    assert (found.inputs, found.outputs, unread) == ('{"A":1}', None, 0)


def test_what_jsonb_does_not_take_is_written_otherwise() -> None:
    made = record(b'{"A": [NaN, Infinity, -Infinity, 1e999], "B\\u0000": "\\ud800x\\u0000", "C": "\\\\u0000"}', b"{}")
    ((found,), _) = rows(made, Columns(), None, None)
    expected = {"A": ["NaN", "Infinity", "-Infinity", "Infinity"], "B�": "�x�", "C": "\\u0000"}
    assert json.loads(found.inputs or "") == expected


@pytest.mark.parametrize(
    ("outputs", "score"),
    [({"P": 0.25}, 0.25), ({"P": [0.25]}, 0.25), ({"P": "0.25"}, None), ({"P": True}, None), ({}, None), ([0.5], 0.5)],
)
def test_the_measured_output_is_a_number(outputs: object, score: float | None) -> None:
    made = record(b"{}", json.dumps({"predictions": [outputs]}).encode())
    assert rows(made, Columns(), None, "P")[0][0].score == score


def test_keys_join_outcomes_whatever_the_form_of_a_number() -> None:
    keys = [
        rows(record(json.dumps({"instances": [{"Well_Id": each}]}).encode()), Columns(), "WELL_ID", None)[0][0].key
        for each in (7, 7.0, "7", [7])
    ]
    assert keys == ["7"] * 4


@given(VALUES, VALUES)
def test_any_json_gives_rows_that_are_json(inputs: object, outputs: object) -> None:
    made = record(json.dumps(inputs).encode(), json.dumps(outputs).encode())
    found, _ = rows(made, Columns(["a"], ["b"], b"key"), "k", "s")
    assert found
    for each in found:
        for text in (each.inputs, each.outputs):
            if text is not None:
                json.loads(text, parse_constant=_refuse)
                assert "\x00" not in text
                text.encode()
        assert each.score is None or math.isfinite(each.score)


def _refuse(name: str) -> None:
    raise AssertionError(name)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_give_rows(inputs: bytes, outputs: bytes) -> None:
    found, _ = rows(record(inputs, outputs), Columns(), None, None)
    assert all(isinstance(each, Row) for each in found)


@given(st.lists(st.binary(max_size=50), max_size=5), st.binary(max_size=60))
def test_records_are_read_up_to_where_they_were_cut_off(bodies: list[bytes], torn: bytes) -> None:
    made = [packed(i, 0, 0, 200, ["a"] * 6, [each], []) for i, each in enumerate(bodies)]
    content = b"".join(made)
    whole = [each.inputs for each, _ in records(content)]
    assert whole == bodies
    assert [each.inputs for each, _ in records(content + torn)][: len(bodies)] == bodies
    assert [each.inputs for each, _ in records(content[:-1])] == bodies[:-1]


def test_a_record_that_a_disk_has_changed_is_none() -> None:
    made = bytearray(packed(1, 0, 0, 200, ["a"] * 6, [b"body"], [b"answer"]))
    assert unpacked(bytes(made[FRAME.size :])) is not None
    made[-1] ^= 1
    assert list(records(bytes(made))) == []
