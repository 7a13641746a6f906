"""The table of APIs against the pyspark that is installed: what is removed is gone, what is deprecated is there."""

from pathlib import Path

import pytest

from modelyard.spark_migration.rules.apis import MODULES, NAMES


@pytest.fixture(scope="module")
def pyspark() -> str:
    """Return the source of pyspark's own modules; its tests and examples use what is gone."""
    root = Path(pytest.importorskip("pyspark").__file__).parent
    parts = ("sql", "streaming", "ml", "core")
    files = [path for part in parts for path in (root / part).rglob("*.py") if "tests" not in path.parts]
    return "\n".join(path.read_text("utf-8") for path in files)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_table_says_what_pyspark_has(name: str, pyspark: str) -> None:
    is_there = f"def {name}(" in pyspark or f"class {name}" in pyspark
    assert is_there == (not NAMES[name].removed)


def test_modules_that_are_removed_are_gone() -> None:
    root = Path(pytest.importorskip("pyspark").__file__).parent
    removed = [name for name, api in MODULES.items() if api.removed]
    assert removed == ["pyspark.streaming.kafka", "pyspark.streaming.flume"]
    assert not any((root.parent / f"{name.replace('.', '/')}.py").exists() for name in removed)
