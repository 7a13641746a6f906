"""The README tells the truth: its first example runs as it stands, and what it names exists."""

import re
from pathlib import Path

from modelyard.targets import SECTIONS, TARGETS
from tests.support.consoles import blocks, prints_what_it_says, read, sessions

README = read("README.md")


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
