"""The documentation's site, built as `make docs` builds it, in a copy of what it is made from."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


def build(folder: Path, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Build the site in a folder that is not there yet, into its `site/`.

    more: page -> text that is added at its end.
    """
    folder.mkdir()
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    (folder / "generator").symlink_to(ROOT / "generator")
    for page, text in (more or {}).items():
        with (folder / "docs" / page).open("a", encoding="utf-8") as file:
            file.write(text)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
