"""The site builds without a warning, and a page that leads nowhere stops it."""

import re
from pathlib import Path

import pytest

from tests.support.site import build

pytestmark = pytest.mark.long


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = build(tmp_path / "checkout")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout + done.stderr
    pages = list((tmp_path / "checkout" / "site").rglob("*.html"))
    assert len(pages) > 40
    # A bar between backquotes in a table, as GitHub wants it, would show its backslash here.
    assert [page for page in pages if re.search(r"<code>[^<]*\\\|", page.read_text("utf-8"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["[x](nowhere.md)", "[x](start/tutorial.md#nowhere)", "::: modelyard.api.nothing"])
def test_what_leads_nowhere_stops_the_build(wrong: str, tmp_path: Path) -> None:
    done = build(tmp_path / "checkout", more={"index.md": f"\n{wrong}\n"})
    assert done.returncode != 0, done.stdout
