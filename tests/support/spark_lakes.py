"""Tables of Delta Lake and of Iceberg, scored from one into the other: `python -m tests.support.spark_lakes PACKAGES`.

Run by the Python of an environment that has the Spark to be tried. PACKAGES: Maven coordinates, with commas. They are
kept in ~/.cache/modelyard/ivy.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from modelyard.spark import score_table
from modelyard.spark.tables import checksum
from tests.support.model_server import Server, running
from tests.support.spark_session import applications, expected, session

COUNT: Final = 2_000
EXTENSIONS: Final = (
    "io.delta.sql.DeltaSparkSessionExtension",
    "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
)


def settings(packages: str, folder: Path) -> dict[str, str]:
    """Return what a session needs for tables of both; `lake` is a catalog of Iceberg below a folder."""
    return {
        "spark.jars.packages": packages,
        "spark.jars.ivy": str(Path.home() / ".cache/modelyard/ivy"),
        "spark.sql.extensions": ",".join(EXTENSIONS),
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": str(folder / "lake"),
    }


def tried(spark: SparkSession, url: str, tables: dict[str, tuple[str, str]]) -> list[str]:
    """Score each table into its output, twice; return what is wrong. tables: by format, source and output."""
    # Neither has names of columns with dots, spaces or commas.
    frame = applications(spark, COUNT, 4).withColumnRenamed("kept.as it is", "kept")
    wanted = checksum(expected(frame))
    wrong = []
    for kind, (source, output) in tables.items():
        frame.writeTo(source).using(kind).create() if kind == "iceberg" else frame.write.format(kind).save(source)
        done, problems = score_table(url, source, output, formats=(kind, kind))
        if problems or done is None or (done.rows, done.scored, done.checksum) != (COUNT, COUNT, wanted):
            wrong.append(f"{kind}: {done} {problems}")
        again, problems = score_table(url, source, output, formats=(kind, kind))
        if again or [each.code for each in problems] != ["MY809"]:
            wrong.append(f"{kind}, an output that exists: {again} {problems}")
        missing, problems = score_table(url, f"{source}_none", f"{output}_none", formats=(kind, kind))
        if missing or [each.code for each in problems] != ["MY805"]:
            wrong.append(f"{kind}, a table that is not there: {missing} {problems}")
    return wrong


def main() -> int:
    """Print what came of it; returns 1 where something is wrong."""
    with tempfile.TemporaryDirectory(prefix="modelyard-lakes-") as name, running(Server()) as server:
        folder = Path(name)
        tables = {"delta": (f"{name}/in", f"{name}/out"), "iceberg": ("lake.db.rows", "lake.db.out")}
        with session(folder, settings=settings(sys.argv[1], folder)) as spark:
            version = spark.version
            wrong = tried(spark, server.url(), tables)
    for each in wrong or [f"Spark {version}: {COUNT:,} rows of Delta and of Iceberg, each once, checksums as expected"]:
        sys.stdout.write(f"{each}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
