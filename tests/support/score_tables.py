"""Tables to score, and what must come of them."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from modelyard.api.scoring import Limits, Options
from tests.support.model_server import score

HEADER = ("ID", "LOAN", "VALUE", "JOB")
OUTPUTS = ("P_BAD", "I_BAD")
# Times of a test: a hanging server is given up after a third of a second.
QUICK = Options(Limits(connect=0.3, headers=0.3, body=0.3), retries=10, total=20.0)


def rows(count: int) -> list[list[str]]:
    """Return rows that all differ, with missing values and text that CSV must quote."""
    return [[f"r{i}", str(i), "" if i % 7 == 0 else f"{i % 5}.50", f'Sales, "{i}"\nEMEA'] for i in range(count)]


def table(path: Path, body: Iterable[Sequence[str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> Path:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(body)
    return path


def read(path: Path) -> list[list[str]]:
    """Read a CSV file, its header first."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def scored(row: Sequence[str]) -> list[str]:
    """Return what the output holds of a row that was scored."""
    loan = int(row[1]) if row[1] else None
    found = score({"LOAN": loan})
    return [*row, "" if loan is None else str(found["P_BAD"]), found["I_BAD"]]


def expected(body: Iterable[Sequence[str]]) -> list[list[str]]:
    """Return the whole output of a run in which each row was scored."""
    return [[*HEADER, *OUTPUTS], *(scored(row) for row in body)]


def errors(path: Path) -> list[list[str]]:
    """Read the failed rows of an output, without their header, which must be right."""
    header, *body = read(path.with_name(f"{path.stem}.errors.csv"))
    assert header == ["row", "line", *HEADER, "error"]
    return body


def beside(path: Path) -> list[str]:
    """Return the names of what a run left beside its output."""
    return sorted(each.name for each in path.parent.iterdir() if each.name.startswith("."))
