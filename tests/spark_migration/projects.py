"""Projects that tests write, and what they give."""

from pathlib import Path

from modelyard import api
from modelyard.problems import Problem
from modelyard.spark_migration import Migration

JOB = """\
from pyspark.sql import SparkSession

if __name__ == "__main__":
    spark = SparkSession.builder.getOrCreate()
    {}
"""


def project(root: Path, **files: str) -> Path:
    """Write a project's files, by paths with `__` for `/` and `_dot_` for `.`, and return its folder."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def migrated(root: Path, **more: str) -> Migration:
    """Migrate a project to the bucket of these tests."""
    return api.migrate_spark(root, bucket="network-spark", **more)


def found(result: Migration, code: str) -> list[Problem]:
    """Return the findings of a code."""
    return [each for each in result.problems if each.code == code]


def lines(result: Migration, code: str) -> list[tuple[str, int]]:
    """Return file name and line of the findings of a code."""
    places = [each.place for each in found(result, code) if each.place]
    return [(each.file.rpartition("/")[2], each.line) for each in places]
