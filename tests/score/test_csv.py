"""CSV files that a reader could misread: each is refused with its line, and nothing is sent."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.api.scoring import Options, score
from tests.support.model_server import Server, running
from tests.support.score_tables import read

HEAD = "LOAN,VALUE,JOB\n"
BROKEN: dict[str, tuple[str | bytes, int, str]] = {
    "a quote that is never closed": (HEAD + '1,2,x\n2,3,"x\n3,4,x\n4,5,x\n', 3, "a quote is opened and never closed"),
    "text after a quote": (HEAD + '1,2,"x"y\n', 2, "',' expected after '\"'"),
    "NUL": (HEAD + "1,2,x\n2,\0,x\n", 3, "holds a NUL character"),
    "too few cells": (HEAD + "1,2,x\n1,2\n", 3, "row 2: has 2 cells, the header has 3"),
    "too many cells": (HEAD + "1,2,x,y\n", 2, "row 1: has 4 cells, the header has 3"),
    "the same column twice": ("LOAN,VALUE,LOAN\n", 1, "columns have the same name: 'LOAN'"),
    "empty": ("", 1, "has no header"),
    "another encoding": (HEAD.encode() + b"1,2,M\xfcller\n", 1, "is not UTF-8 text"),
    "a huge cell": (HEAD + "1,2," + "x" * 200_000 + "\n", 2, "a cell has more than 131072 characters"),
}


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("how", ["file", "stream"])
def test_a_broken_file_is_named_with_its_line(server: Server, tmp_path: Path, case: str, how: str) -> None:
    text, line, message = BROKEN[case]
    content = text if isinstance(text, bytes) else text.encode()
    source = tmp_path / "in.csv"
    source.write_bytes(content)
    data = source if how == "file" else io.BytesIO(content)
    done = score(server.url(), data, tmp_path / "out.csv", options=Options(on_error="stop"))
    assert [each.code for each in done.problems] == ["MY805"]
    place = done.problems[0].place
    assert place is not None
    assert message in done.problems[0].message
    assert place.line == line
    assert server.posts == 0 or how == "stream"
    assert not (tmp_path / "out.csv").exists()


def test_a_row_of_another_length_fails_alone(server: Server, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(HEAD + "1,2,x\n1,2\n3,4,y\n")
    done = score(server.url(), source, tmp_path / "out.csv")
    assert [each.code for each in done.problems] == ["MY808"]
    assert [row[3:] for row in read(tmp_path / "out.csv")[1:]] == [["2.5", "0 "], ["6.5", "0 "]]
    failed = ["2", "3", "1", "2", "", "has 2 cells, the header has 3"]
    assert read(tmp_path / "out.errors.csv")[1:] == [failed]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("LOAN;VALUE;JOB\r\n1;2,5;x\r\n".replace("2,5", "2.5"), Options()),
        ("LOAN\tVALUE\tJOB\r1\t2.5\tx\r", Options()),
        ("LOAN|VALUE|JOB\n\n1|2.5|x\n\n", Options()),
        ('"LOAN","VALUE","JOB"\n"1","2.5","x"', Options()),
        ("LOAN:VALUE:JOB\n1:2.5:x\n", Options(delimiter=":")),
        ("LOAN,VALUE,JOB\n1,NA,x\n", Options(missing=("NA",))),
    ],
)
def test_what_other_programs_write_is_read(server: Server, tmp_path: Path, text: str, options: Options) -> None:
    (tmp_path / "in.csv").write_bytes(text.encode())
    assert score(server.url(), tmp_path / "in.csv", tmp_path / "out.csv", options=options).problems == []
    assert dict(server.calls) == {1: 1}


def test_an_encoding_can_be_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes((HEAD + "1,2,Müller\n").encode("latin-1"))
    options = Options(encoding="latin-1")
    assert score(server.url(), tmp_path / "in.csv", tmp_path / "out.csv", options=options).problems == []
    assert read(tmp_path / "out.csv")[1][2] == "Müller"


def test_a_header_alone_gives_a_header_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(HEAD)
    assert score(server.url(), tmp_path / "in.csv", tmp_path / "out.csv").problems == []
    assert read(tmp_path / "out.csv") == [["LOAN", "VALUE", "JOB", "P_BAD", "I_BAD"]]


def test_a_line_end_inside_a_cell_stays_inside(server: Server, tmp_path: Path) -> None:
    cells = ["a\rb", "a\r\nb", "a\nb", "\r"]
    (tmp_path / "in.csv").write_bytes((HEAD + "".join(f'1,2,"{cell}"\n' for cell in cells)).encode())
    assert score(server.url(), tmp_path / "in.csv", tmp_path / "out.csv").problems == []
    assert [row[2] for row in read(tmp_path / "out.csv")[1:]] == cells
    assert (tmp_path / "out.csv").read_bytes().count(b"\r\n") == 1
