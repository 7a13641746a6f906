"""Tables of public bug reports give their right results: the folders of ../shared/data/field whose command is score."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.support.model_server import Server, answer, running
from tests.support.score_tables import read


class Asked(Server):
    """A model with the inputs and outputs that a report has. rows: what it was sent; known: its answers by inputs."""

    def __init__(self, inputs: dict[str, str], outputs: tuple[str, ...]) -> None:
        super().__init__()
        self.inputs = inputs
        self.outputs = outputs
        self.rows: list[dict[str, Any]] = []
        self.known: dict[tuple[str | None, ...], dict[str, str | None]] | None = None

    def _describe(self, _path: str, writer: asyncio.StreamWriter) -> bool:
        schemas = {
            f"SCR{way}": {"properties": {"data": {"properties": {name: {"type": kind} for name, kind in each.items()}}}}
            for way, each in (("Input", self.inputs), ("Output", dict.fromkeys(self.outputs, "string")))
        }
        answer(writer, 200, {"openapi": "3.0.1", "components": {"schemas": schemas}})
        return True

    def _score(self, _path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        row = json.loads(body)["data"]
        self.rows.append(row)
        if self.known is None:
            answer(writer, 200, {"data": dict.fromkeys(self.outputs, "1")})
            return
        found = self.known.get(tuple(row.values()))
        answer(writer, 200 if found else 400, {"data": found})


CREDIT = {"LOAN": "decimal", "JOB": "string", "FLAG": "boolean", "N": "integer", "ID": "string"}
SENT = [
    {"LOAN": None, "JOB": "Mgr", "FLAG": True, "N": 3, "ID": "a"},
    {"LOAN": None, "JOB": "Mgr", "FLAG": False, "N": 4, "ID": "b"},
]
FAILED = [
    ["2", "3", ".A", "Mgr", "False", "4.0", "b", "column LOAN: '.A' is not a number"],
    ["3", "4", "1D3", "Mgr", "true", "5", "c", "column LOAN: '1D3' is not a number"],
    ["4", "5", "1,500.00", "Mgr", "0", "6", "d", "column LOAN: '1,500.00' is not a number"],
]


@pytest.mark.parametrize("missing", [(), ("--missing", ".A")])
def test_columns_and_missing_values(shared: Path, tmp_path: Path, modelyard: Run, missing: tuple[str, ...]) -> None:
    source = shared / "data" / "field" / "columns-and-missing-values" / "rows.csv"
    scored = 2 if missing else 1
    with running(Asked(CREDIT, ("P",))) as server:
        done = modelyard("score", server.url("/credit"), source, "-o", tmp_path / "o.csv", *missing)
        assert isinstance(server, Asked)
        assert sorted(server.rows, key=lambda row: str(row["ID"])) == SENT[:scored]
    assert done.returncode == 1
    assert f"{4 - scored} of 4 rows failed" in done.stderr
    assert read(tmp_path / "o.errors.csv")[1:] == FAILED[scored - 1 :]
    assert [row[4] for row in read(tmp_path / "o.csv")] == ["id", "a", "b"][: scored + 1]


@pytest.fixture
def prompts(shared: Path) -> Iterator[tuple[Asked, Path]]:
    folder = shared / "data" / "field" / "prompt-cells"
    header, *body = read(folder / "expected.csv")
    outputs = tuple(name.removesuffix("_out") for name in header[3:])
    server = Asked(dict.fromkeys(header[:3], "string"), outputs)
    # An empty cell is a missing value.
    server.known = {
        tuple(cell or None for cell in row[:3]): dict(zip(outputs, (cell or None for cell in row[3:]), strict=True))
        for row in body
    }
    with running(server):
        yield server, folder


def test_prompt_cells(prompts: tuple[Asked, Path], tmp_path: Path, modelyard: Run) -> None:
    server, folder = prompts
    done = modelyard("score", server.url("/prompts"), folder / "in.csv", "-o", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    assert len(server.rows) == 8
    assert (tmp_path / "out.csv").read_bytes() == (folder / "expected.csv").read_bytes()
