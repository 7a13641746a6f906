"""What a data scientist reads runs as it stands: the notebook of docs/, and the lines for PROC PYTHON.

`pytest --update` writes the outputs of the notebook anew.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from tests.support.model_server import Server, running

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "docs" / "how-to" / "scoring.ipynb"
PROC_PYTHON = re.compile(r"```sas\nproc python;\nsubmit;\n(.*?)endsubmit;\nrun;\n```", re.DOTALL)


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


def _shown(notebook: Any) -> list[list[str]]:
    """Return what each cell shows, as text."""
    cells = [each for each in notebook.cells if each.cell_type == "code"]
    return [[each.get("text") or each["data"]["text/plain"] for each in cell.outputs] for cell in cells]


@pytest.mark.slow
def test_the_notebook_shows_what_it_shows(
    server: Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("MODEL_SERVER", server.url(""))
    monkeypatch.setenv("NO_COLOR", "1")
    notebook = nbformat.read(NOTEBOOK, 4)  # type: ignore[no-untyped-call]
    before = _shown(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    after = _shown(notebook)
    if request.config.getoption("--update"):
        for cell in notebook.cells:
            cell.metadata = {}
            for output in cell.get("outputs", []):
                output.get("data", {}).pop("text/html", None)  # the same again, and a random style with it
        nbformat.write(notebook, NOTEBOOK)  # type: ignore[no-untyped-call]
    else:
        assert after == before
    assert server.posts == 7
    assert any("scores.errors.csv" in text for cell in after for text in cell)


class SAS:
    """What PROC PYTHON offers of data sets: SAS.sd2df and SAS.df2sd."""

    def __init__(self, tables: dict[str, pd.DataFrame]) -> None:
        self.tables = tables

    def sd2df(self, name: str) -> pd.DataFrame:
        """Return a data set: a missing number is NaN, a missing text is empty."""
        return self.tables[name].copy()

    def df2sd(self, frame: pd.DataFrame, name: str) -> None:
        """Take a data set: columns of numbers, or of text alone."""
        for column in frame:
            kinds = {type(each) for each in frame[column]}
            assert kinds == {str} or pd.api.types.is_numeric_dtype(frame[column]), (column, kinds)
        self.tables[name] = frame


def test_the_lines_for_proc_python_run(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    [code] = PROC_PYTHON.findall((ROOT / "docs" / "how-to" / "scoring.md").read_text("utf-8"))
    assert ast.parse(code).body
    url = "https://models.example.com/credit_risk"
    assert code.count(url) == 1
    table = pd.DataFrame({"LOAN": [1.0, 2.0, 1_000_666.0], "VALUE": [1.0, float("nan"), 3.0], "JOB": ["a", "", "c"]})
    sas = SAS({"work.applications": table})
    exec(code.replace(url, server.url()), {"SAS": sas})  # noqa: S102 - as SAS runs a submit block
    scored = sas.tables["work.scores"]
    assert scored["P_BAD"].tolist()[:2] == [2.5, 4.5]
    assert scored["error"].tolist() == ["", "", 'status 400: {"error": "not scored"}']
    assert "1 of 3 rows failed" in capsys.readouterr().out
