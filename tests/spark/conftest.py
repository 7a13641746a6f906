"""What tests with a real Spark need."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import need


@pytest.fixture(autouse=True)
def _java(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("slow"):
        need(Path(shutil.which("java") or "java"), "install OpenJDK 17")
