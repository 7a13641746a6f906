"""Numbers and texts as others write them: decimal commas, and encodings by the names that people give them."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from modelyard import api
from modelyard.api.scoring import Options, Scored, score
from tests.conftest import Run
from tests.support.model_server import Server, running
from tests.support.score_tables import rows, table


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


def _codes(scored: Scored) -> list[str]:
    return [each.code for each in scored.problems]


EUROPEAN = "ID;LOAN;VALUE;JOB\na;1;2,5;x\nb;2,0;,5;1,5\nc;;.;x\nd;1.5;1;x\ne;1;1.234,5;x\nf;1;,;x\n"


def test_a_decimal_comma_is_read_and_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(EUROPEAN)
    done = score(server.url(), tmp_path / "in.csv", tmp_path / "out.csv", options=Options(decimal=","))
    assert _codes(done) == ["MY808"]
    assert (tmp_path / "out.csv").read_text() == (
        "ID;LOAN;VALUE;JOB;P_BAD;I_BAD\na;1;2,5;x;2,5;0 \nb;2,0;,5;1,5;4,5;0 \nc;;.;x;;0 \n"
    )
    assert [line.rpartition(": ")[2] for line in (tmp_path / "out.errors.csv").read_text().splitlines()[1:]] == [
        "'1.5' is not a number with a decimal comma",
        "'1.234,5' is not a number with a decimal comma",
        "',' is not a number with a decimal comma",
    ]
    assert server.calls == {1: 1, 2: 1, None: 1}


def test_the_error_of_a_decimal_comma_names_the_option(server: Server, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("ID;LOAN;VALUE;JOB\na;1,5;1;x\nb;1;1,2,3;x\nc;1;1.234,5;x\n")
    done = score(server.url(), tmp_path / "in.csv", tmp_path / "out.csv", options=Options(on_error="stop"))
    assert [each.message for each in done.problems] == [
        "row 1: column LOAN: '1,5' is not a number; with --decimal , it is 1.5",
        "row 2: column VALUE: '1,2,3' is not a number",
        "row 3: column VALUE: '1.234,5' is not a number",
    ]


def test_a_decimal_comma_holds_for_what_is_text_alone(server: Server, tmp_path: Path) -> None:
    frame = pd.DataFrame({"LOAN": [1.5, None], "VALUE": ["2,5", "3"], "JOB": ["1.5", "x"]})
    scored = api.score(server.url(), frame, options=Options(decimal=","))
    assert scored.problems == []
    assert scored.frame is not None
    assert next(iter(scored.frame["P_BAD"])) == 3.5  # type: ignore[index]
    typed = pa.table({"LOAN": [1.5], "VALUE": ["2,5"], "JOB": ["1.5"]})
    pq.write_table(typed, tmp_path / "in.parquet")
    for name in ("out.csv", "out.parquet"):
        options = Options(decimal=",", delimiter=";")
        assert score(server.url(), tmp_path / "in.parquet", tmp_path / name, options=options).problems == []
    assert (tmp_path / "out.csv").read_text() == "LOAN;VALUE;JOB;P_BAD;I_BAD\n1,5;2,5;1.5;3,5;0 \n"
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [
        {"LOAN": 1.5, "VALUE": "2,5", "JOB": "1.5", "P_BAD": 3.5, "I_BAD": "0 "}
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("in.csv", "--decimal", ";"), "--decimal is . or ,"),
        (("in.parquet", "--encoding", "latin-1"), "--encoding is for a CSV input"),
        (("in.parquet", "-o", "out.parquet", "--delimiter", ";"), "--delimiter is for CSV"),
        (("in.csv", "--encoding", "hex"), "--encoding hex is not known"),
        (("in.csv", "--encoding", "utf-9"), "--encoding utf-9 is not known"),
    ],
)
def test_options_that_do_not_fit_the_format_are_wrong_usage(modelyard: Run, words: tuple[str, ...], said: str) -> None:
    done = modelyard("score", "http://127.0.0.1:9/x", *words)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_an_excerpt_shows_nothing_of_what_is_packed(server: Server, tmp_path: Path, modelyard: Run) -> None:
    source = tmp_path / "in.csv.gz"
    source.write_bytes(gzip.compress(EUROPEAN.encode()))
    done = modelyard("score", server.url(), source, "-o", tmp_path / "out.csv", "--on-error", "stop")
    assert done.returncode == 1
    assert f"{source}:2:1: error: row 1: column VALUE: '2,5' is not a number; with --decimal , it is 2.5" in done.stderr
    assert done.stderr.replace("\n", "").isprintable()
    assert done.stdout == ""


def test_a_decimal_that_is_none_is_refused(tmp_path: Path) -> None:
    options = Options(decimal=";")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"decimal is \. or ,"):
        score("http://127.0.0.1:9/x", tmp_path / "in.csv", tmp_path / "out.csv", options=options)


def test_the_command_takes_all_of_it(server: Server, tmp_path: Path, modelyard: Run) -> None:
    content = EUROPEAN[: EUROPEAN.index("d;")].encode()
    (tmp_path / "in.csv.zst").write_bytes(zstandard.ZstdCompressor().compress(content))
    command = ("score", server.url(), tmp_path / "in.csv.zst", "-o", tmp_path / "out.parquet", "--decimal", ",")
    done = modelyard(*command)
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "out.parquet")["P_BAD"].to_pylist() == [2.5, 4.5, None]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"), ("utf8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("ascii", "ASCII"), ("cp932", "code page 932"),
        ("shift_jis", "SHIFT-JIS"), ("utf-16-le", "UTF-16-LE"), ("cp1252", "Windows-1252"), ("gb18030", "GB18030"),
    ],
)  # fmt: skip
def test_encodings_are_called_what_people_call_them(server: Server, tmp_path: Path, encoding: str, name: str) -> None:
    (tmp_path / "in.csv").write_bytes(
        "LOAN,VALUE,JOB\n1,2,".encode("utf-16-le" if "16" in encoding else "ascii") + b"\x81\xff\xff\xdc"
    )
    done = score(server.url(), tmp_path / "in.csv", tmp_path / "out.csv", options=Options(encoding=encoding))
    assert [each.message.removeprefix(str(tmp_path)) for each in done.problems] == [f"/in.csv is not {name} text"]


def test_the_help_names_the_encoding_so_too(modelyard: Run) -> None:
    said = modelyard("score", "--help", env={"COLUMNS": "160"}).stdout
    assert "[default: UTF-8]" in said
    assert "utf-8-sig" not in said


def test_an_unknown_encoding_is_a_problem(server: Server, tmp_path: Path) -> None:
    for name in ("utf-9", "hex"):
        options = Options(encoding=name)
        done = score(server.url(), table(tmp_path / "in.csv", rows(2)), tmp_path / "out.csv", options=options)
        assert [each.message for each in done.problems] == [f"{name} is not a known encoding"]
