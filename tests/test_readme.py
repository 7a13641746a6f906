"""README and CONTRIBUTING tell the truth: the first example runs as it stands, what they name exists."""

import re
from pathlib import Path

from modelyard.targets import SECTIONS, TARGETS
from tests.support.consoles import ROOT, blocks, prints_what_it_says, read, sessions

README = read("README.md")
HOUSE = read("CONTRIBUTING.md").partition("## The house")[2].partition("### Add a target")[0]


def test_the_readme_is_read_in_three_minutes() -> None:
    assert len(README.splitlines()) <= 200
    assert len(re.sub(r"```.*?```", "", README, flags=re.DOTALL).split()) <= 1200


def test_the_first_example_is_a_whole_file_and_prints_what_it_says(tmp_path: Path) -> None:
    snippets = re.findall(r"^```(\w+)\n(\w+)", README, re.MULTILINE)
    assert snippets[0] == ("yaml", "apiVersion")
    (tmp_path / "models.yaml").write_text(blocks(README, "yaml")[0], "utf-8")
    steps = sessions(README)
    assert len(steps) >= 3
    prints_what_it_says(steps, tmp_path)


def test_every_target_is_named() -> None:
    assert [name for name in (*TARGETS, *SECTIONS) if f"`{name}`" not in README] == []


def test_every_path_of_the_map_exists() -> None:
    cells = [row.split("|")[1] for row in HOUSE.splitlines() if row.startswith("| `")]
    paths = [path for cell in cells for path in re.findall(r"`([\w./-]+(?:/|\.py))`", cell)]
    named = [
        path if "/" in path.rstrip("/") or (ROOT / path).exists() else f"generator/modelyard/{path}" for path in paths
    ]
    assert len(named) > 12
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_room_is_on_the_map() -> None:
    rooms = {path.name for path in (ROOT / "generator" / "modelyard").iterdir() if not path.name.startswith("_")}
    unnamed = {room for room in rooms if room not in HOUSE}
    # Words and small rooms that the map of a newcomer does not need.
    assert unnamed <= {
        "credentials.py", "explain.py", "fields.py", "manifest.py", "models.schema.json", "names.py", "places.py",
        "problem.py", "schema.py",
    }  # fmt: skip
