"""A table that Spark reads in, the table with scores out, and a manifest of it; on one machine as on a cluster.

Source: names of formats and of their options as in Apache Spark 4.0 (sql-data-sources-csv.md, DataFrameReader).
"""

import os
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelyard.cluster import Connection
from modelyard.problems import Problem, problem
from modelyard.score.job import ScoringError
from modelyard.score.manifest import MANIFEST, Manifest
from modelyard.score.options import Options, Route
from modelyard.spark.frames import prepared

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FORMATS: Final = ("parquet", "csv", "delta", "iceberg")
_LONGEST: Final = 300  # characters of what Spark says


def score_table(  # noqa: PLR0913 - all but three are seldom needed, and named
    model: str,
    source: str,
    output: str,
    *,
    formats: tuple[str, str] = ("", ""),
    models: str | Path = ".",
    route: Route | None = None,
    options: Options | None = None,
    where: Connection | None = None,
) -> tuple[Manifest | None, list[Problem]]:
    """Score a table in the session of Spark that runs, else in a new one; return what is in the output.

    formats: of source and output, `parquet`, `csv`, `delta` or `iceberg`; where one is empty, csv if the name ends so,
    else parquet. A table of Iceberg is named as its catalog does, all others by their path. The output must not exist.
    The manifest is its file `_modelyard.json`, written last; a table of Iceberg has no place for it.
    """
    if any(find_spec(each) is None for each in ("pyspark", "pyarrow", "pandas")):
        hint = "install modelyard[spark], as with pip install 'modelyard[spark]'"
        return None, [problem("MY817", "scoring with Spark needs pyspark, pyarrow and pandas", hint=hint)]
    wanted = options or Options()
    kinds = [given or _format(name) for given, name in zip(formats, (source, output), strict=True)]
    try:
        spark = _session()
        frame = _read(spark, source, kinds[0], wanted)
        job, scored = prepared(frame, model, models, route or Route(), _without_file(wanted), where)
        _write(scored, output, kinds[1], wanted)
        found = _read(spark, output, kinds[1], wanted)
        manifest = _counted(job.server.url, frame, found, job.names[-1])
        if kinds[1] != "iceberg":
            _place(spark, output, manifest)
    except ScoringError as error:
        return None, list(error.problems)
    return manifest, _judged(manifest, job.names[-1])


def _session() -> "SparkSession":
    """Return the session that runs, or a new one; raises ScoringError."""
    from pyspark.sql import SparkSession

    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # spark-submit has set which Python the executors take
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    start = SparkSession.builder.appName("modelyard score").getOrCreate
    return _tried("MY809", "Spark does not start", start)  # type: ignore[no-any-return]


def checksum(frame: "DataFrame") -> str:
    """Return the checksum of a table, which does not depend on the order of its rows."""
    from pyspark.sql import functions

    row = functions.to_json(functions.struct("*"), {"ignoreNullFields": "false"})
    (total,) = frame.select(functions.sum(functions.xxhash64(row).cast("decimal(38,0)"))).collect()
    return str(total[0] or 0)


def _format(name: str) -> str:
    return "csv" if name.lower().endswith((".csv", ".csv.gz")) else "parquet"


def _without_file(options: Options) -> Options:
    return replace(options, delimiter="", encoding="utf-8")


def _csv(options: Options) -> dict[str, str]:
    """Return how Spark reads and writes CSV as RFC 4180 has it: quotes are doubled, cells may hold lines and spaces."""
    encoding = "UTF-8" if options.encoding in ("utf-8", "utf-8-sig") else options.encoding
    return {
        "header": "true", "sep": options.delimiter or ",", "encoding": encoding, "multiLine": "true", "escape": '"',
        "ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false",
    }  # fmt: skip


def _read(spark: "SparkSession", name: str, kind: str, options: Options) -> "DataFrame":
    reader = spark.read.format(kind).options(**(_csv(options) if kind == "csv" else {}))
    return _tried("MY805", f"cannot read {name} as {kind}", lambda: reader.load(name))  # type: ignore[no-any-return]


def _write(frame: "DataFrame", name: str, kind: str, options: Options) -> None:
    writer = frame.write.format(kind).options(**(_csv(options) if kind == "csv" else {})).mode("errorifexists")
    save = writer.saveAsTable if kind == "iceberg" else writer.save
    _tried("MY809", f"cannot write {name} as {kind}", lambda: save(name))


def _counted(model: str, frame: "DataFrame", found: "DataFrame", error: str) -> Manifest:
    def count() -> Manifest:
        rows, written, scored = frame.count(), found.count(), found.where(f"`{error}` IS NULL").count()
        return Manifest(model, rows, scored, written - scored, checksum(found))

    return _tried("MY809", "cannot count the output", count)  # type: ignore[no-any-return]


def _place(spark: "SparkSession", output: str, manifest: Manifest) -> None:
    """Write the manifest, to where Spark wrote the rows: a folder, or a store that Hadoop knows."""
    context: Any = spark.sparkContext

    def place() -> None:
        path = context._jvm.org.apache.hadoop.fs.Path(output, MANIFEST)
        file = path.getFileSystem(context._jsc.hadoopConfiguration()).create(path, True)
        file.write(bytearray(manifest.text(), "utf-8"))
        file.close()

    _tried("MY809", f"cannot write {MANIFEST} of {output}", place)


def _tried(code: str, what: str, do: Any) -> Any:
    """Do it. Raises ScoringError with what Spark says, shortly."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        return do()
    except (PySparkException, Py4JError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        ours = [line.partition("ScoringError: ")[2] for line in lines if "ScoringError: " in line]
        said = (ours or [line for line in lines if not line.startswith("An error occurred while")] or [""])[0]
        raise ScoringError([problem(code, f"{what}: {said[:_LONGEST]}")]) from None


def _judged(manifest: Manifest, error: str) -> list[Problem]:
    done = manifest.scored + manifest.failed
    if done != manifest.rows:
        message = f"the input has {manifest.rows} rows and the output {done}"
        return [problem("MY819", message, hint="score a table that nobody writes to")]
    if manifest.failed:
        message = f"{manifest.failed} of {done} rows failed"
        return [problem("MY808", message, hint=f"the column {error} says why")]
    return []
