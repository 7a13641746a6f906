"""The site builds without a warning, and a page that leads nowhere stops it."""

from pathlib import Path

import pytest

from tests.support.site import build


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = build(tmp_path / "checkout")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout + done.stderr
    assert (tmp_path / "checkout" / "site" / "reference" / "python-api" / "index.html").is_file()


@pytest.mark.parametrize("wrong", ["[x](nowhere.md)", "[x](start/tutorial.md#nowhere)", "::: modelyard.api.nothing"])
def test_what_leads_nowhere_stops_the_build(wrong: str, tmp_path: Path) -> None:
    done = build(tmp_path / "checkout", more={"index.md": f"\n{wrong}\n"})
    assert done.returncode != 0, done.stdout
