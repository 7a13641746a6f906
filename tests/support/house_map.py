"""The map of the house in CONTRIBUTING.md, drawn from the floors in pyproject.toml and what each room says of itself.

`python -m tests.support.house_map` draws it anew.
"""

import ast
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "CONTRIBUTING.md"
PACKAGE: Final = ROOT / "generator" / "modelyard"
BEGIN: Final = "<!-- `make map` draws this table -->\n"
END: Final = "<!-- end of the table -->\n"


def floors() -> list[list[str]]:
    """Return the rooms of each floor, from the top, as import-linter holds them."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = content["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(each["layers"] for each in contracts if each["type"] == "layers")
    return [layer.split(" | ") for layer in layers if layer != "__main__"]


def says(room: str) -> str:
    """Return the first paragraph of a room's docstring."""
    text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def table() -> str:
    """Return the map as a table of Markdown."""
    rows = ["| floor | room | what it is |", "|---|---|---|"]
    for number, rooms in enumerate(floors(), start=1):
        rows += [f"| {number} | `{room}` | {says(room)} |" for room in rooms]
    return "\n".join(rows) + "\n"


def page() -> str:
    """Return CONTRIBUTING.md with the map as it is."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


def main() -> None:
    """Draw the map anew."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
