"""What the image is built of: pinned, all of it, and as pyproject.toml wants it. tests/node/ runs the image itself."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from modelyard import __version__
from tests.conftest import ROOT

FOLDER: Final = ROOT / "image"
CONTAINERFILE: Final = (FOLDER / "Containerfile").read_text("utf-8")
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: Final = PROJECT["project"]["optional-dependencies"]
HELD: Final = (*PROJECT["project"]["dependencies"], *EXTRAS["parquet"], *EXTRAS["sidecar"])
BUILDERS: Final = PROJECT["dependency-groups"]["image"]
PIN: Final = re.compile(
    r"^(\S+)==(\S+)(?: ; [^\\\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def pins(name: str) -> dict[str, str]:
    """Return the version of each package that a file pins; every line of it must be a pin with hashes, or a comment."""
    text = (FOLDER / name).read_text("utf-8")
    assert re.sub(r"^#.*\n", "", PIN.sub("", text), flags=re.MULTILINE) == ""
    return {canonicalize_name(package): version for package, version, _ in PIN.findall(text)}


@pytest.mark.parametrize(
    ("name", "wanted"), [("requirements.txt", HELD), ("build-requirements.txt", BUILDERS)], ids=["held", "builders"]
)
def test_what_is_wanted_is_pinned(name: str, wanted: Iterable[str]) -> None:
    found = pins(name)
    assert len(found) > 20
    requirements = [Requirement(each) for each in wanted]
    lacking = [
        each for each in requirements if not each.specifier.contains(found.get(canonicalize_name(each.name), "0"))
    ]
    assert [str(each) for each in lacking] == [], "run `make image-requirements`"


def test_what_builds_the_package_is_what_builds_it_everywhere() -> None:
    assert set(PROJECT["build-system"]["requires"]) <= set(BUILDERS)


def test_the_base_is_pinned_and_there_is_one() -> None:
    assert re.search(
        r"^ARG BASE=docker\.io/library/debian:[a-z]+-slim@sha256:[0-9a-f]{64}$", CONTAINERFILE, re.MULTILINE
    )
    stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", CONTAINERFILE, re.MULTILINE)
    assert [base for base, _ in stages] == ["${BASE}", "python", "python"]


def test_its_label_is_the_version_of_the_package() -> None:
    assert re.findall(r"^ARG VERSION=(.+)$", CONTAINERFILE, re.MULTILINE) == [__version__]
