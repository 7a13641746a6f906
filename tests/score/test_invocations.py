"""Rows as callers of SageMaker send them, read into bodies of TensorFlow Serving: whatever the rows are."""

import csv
import io
import json
import math
from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.score.invocations import rows

TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS: Final = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))

VALUES: Final = st.recursive(st.none() | st.booleans() | NUMBERS | TEXTS, st.lists)


def read(content_type: str, body: bytes) -> Any:
    """Return the instances that a body becomes."""
    made = json.loads(rows.body(content_type, body))
    assert made.keys() == {"instances"}
    return made["instances"]


def written(table: list[list[Any]], **how: Any) -> bytes:
    """Return a table as Python writes CSV."""
    file = io.StringIO()
    csv.writer(file, **how).writerows(table)
    return file.getvalue().encode()


@given(st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(TEXTS, min_size=width, max_size=width), min_size=1)))
def test_texts_between_quotes_arrive_as_they_were(table: list[list[str]]) -> None:
    assert read(rows.CSV, written(table, quoting=csv.QUOTE_ALL)) == table


@given(st.lists(st.tuples(NUMBERS, TEXTS, NUMBERS), min_size=1))
def test_numbers_and_texts_stand_beside_each_other(table: list[tuple[Any, ...]]) -> None:
    cells = [list(each) for each in table]
    assert read(rows.CSV, written(cells, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")) == cells


@given(st.lists(NUMBERS, min_size=1))
def test_one_cell_in_a_row_is_a_value(values: list[float]) -> None:
    assert read(rows.CSV, written([[each] for each in values])) == values


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", "1"), ("-0.50", "-0.50"), ("1E+05", "1E+05"), ("12345678901234567890", "12345678901234567890"),
        ("+1", "1"), ("-007", "-7"), (".5", "0.5"), ("5.", "5.0"), ("+.5e1", "5.0"), ("\t+2 ", "2"),
        ("nan", "NaN"), ("-NaN", "NaN"), ("Inf", "Infinity"), ("-inf", "-Infinity"), ("+Infinity", "Infinity"),
        ("-1.e999", "-Infinity"), ("1e999", "1e999"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_tensorflow_serving_reads_it(text: str, number: str) -> None:
    assert rows.body(rows.CSV, f"0,{text}".encode()).decode() == f'{{"instances":[[0,{number}]]}}'


@pytest.mark.parametrize("text", ["", " ", "0x1", "1_000", "true", "٣", "1e", "--1", "1 2", "infinit"])
def test_what_is_no_number_is_said_with_its_cell(text: str) -> None:
    words = "is no number: put texts between quotes" if text.strip() else "is empty: write NaN"
    with pytest.raises(rows.BadRows, match=f"^row 2, cell 2 {words}$"):
        rows.body(rows.CSV, f"0,1,2\n3,{text},4".encode())


def test_the_first_cell_says_whether_cells_without_quotes_are_texts() -> None:
    assert read(rows.CSV, b"a,1\n2,b") == [["a", "1"], ["2", "b"]]
    assert read(rows.CSV, b"a,1,\n") == [["a", "1", ""]]
    assert read(rows.CSV, b'"a",1\n') == [["a", 1]]
    assert read(rows.CSV, b'a,"1"\n2,3') == [["a", "1"], ["2", "3"]]
    assert math.isnan(read(rows.CSV, b"NaN\n1")[0])


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf1,2", b"1,2\r\n", b"\n\n1,2\n\n", b" 1,2 "])
def test_marks_of_order_and_blank_lines_are_no_rows(body: bytes) -> None:
    assert read(rows.CSV, body) == [[1, 2]]


def test_many_rows_and_many_cells_are_put_together_whole() -> None:
    assert read(rows.CSV, b"+1,.5\n" * 2500) == [[1, 0.5]] * 2500
    assert read(rows.CSV, b"+1" + b",.5" * 2500) == [[1, *[0.5] * 2500]]
    assert read("application/jsonlines", b'{"x":1}\n' * 2500) == [{"x": 1}] * 2500


@given(
    st.lists(st.recursive(st.none() | st.booleans() | NUMBERS | TEXTS, st.lists), min_size=2), st.sampled_from("\n ")
)
def test_values_of_json_behind_one_another_are_instances(values: list[Any], between: str) -> None:
    body = between.join(map(json.dumps, values)).encode()
    if not rows.is_call(body):
        assert read("application/jsonlines", body) == values


@given(st.sampled_from([rows.CSV, *rows.JSON]), st.binary(max_size=60) | st.text('",\n\r 1a[]{}:', max_size=30))
def test_no_body_stops_the_reader(content_type: str, body: bytes | str) -> None:
    content = body if isinstance(body, bytes) else body.encode()
    with suppress(rows.BadRows):
        made = rows.body(content_type, content)
        assert made == content or json.loads(made)["instances"]
