"""APIs of Spark that are removed or deprecated, by their names in Python programs.

Source: pyspark 4.3.0 for what is deprecated and since when (the docstrings in sql/context.py, sql/dataframe.py,
sql/catalog.py, sql/functions/builtin.py, sql/pandas/functions.py, streaming/context.py, ml/clustering.py) and for what
is not there any more; Apache Spark's docs/ml-migration-guide.md and docs/sql-migration-guide.md, release notes of 2.0.0
(SPARK-12600) and 3.0.0 (SPARK-25598), python/docs/source/migration_guide/pyspark_upgrade.rst (4.0), for the versions.
unionAll is deprecated no more since 3.0.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from modelyard.problems import Problem
from modelyard.problems.patterns import pattern
from modelyard.spark_migration.code import Program
from modelyard.spark_migration.evidence import Evidence, Value


class Api(NamedTuple):
    """An API. removed, deprecated: the version of Spark, empty if it is not. new: what to write."""

    removed: str
    deprecated: str
    new: str


# What is imported or called by a name that is Spark's alone.
NAMES: Final = {
    "SQLContext": Api("", "3.0", "SparkSession"),
    "HiveContext": Api("", "2.0", "SparkSession.builder.enableHiveSupport()"),
    "StreamingContext": Api("", "3.4", "Structured Streaming: spark.readStream"),
    "KafkaUtils": Api("3.0", "2.3", 'Structured Streaming: spark.readStream.format("kafka")'),
    "FlumeUtils": Api("3.0", "2.3", "Structured Streaming"),
    "OneHotEncoderEstimator": Api("3.0", "", "OneHotEncoder"),
    "PandasUDFType": Api("", "3.0", "pandas_udf with type hints"),
    "registerTempTable": Api("", "2.0", "createOrReplaceTempView"),
    "registerDataFrameAsTable": Api("", "3.0", "createOrReplaceTempView"),
    "createExternalTable": Api("", "2.2", "catalog.createTable"),
    "jsonFile": Api("2.0", "1.4", "spark.read.json"),
    "parquetFile": Api("2.0", "1.4", "spark.read.parquet"),
    "jsonRDD": Api("2.0", "1.4", "spark.read.json"),
    "applySchema": Api("2.0", "1.3", "spark.createDataFrame"),
    "monotonicallyIncreasingId": Api("2.0", "1.6", "monotonically_increasing_id"),
    "approxCountDistinct": Api("", "2.1", "approx_count_distinct"),
    "sumDistinct": Api("", "3.2", "sum_distinct"),
    "toDegrees": Api("", "2.1", "degrees"),
    "toRadians": Api("", "2.1", "radians"),
    "bitwiseNOT": Api("", "3.2", "bitwise_not"),
    "shiftLeft": Api("", "3.2", "shiftleft"),
    "shiftRight": Api("", "3.2", "shiftright"),
    "to_pandas_on_spark": Api("4.0", "3.3", "pandas_api"),
    "to_koalas": Api("4.0", "3.2", "pandas_api"),
}
# What is imported.
MODULES: Final = {
    "pyspark.streaming.kafka": Api("3.0", "2.3", "Structured Streaming"),
    "pyspark.streaming.flume": Api("3.0", "2.3", "Structured Streaming"),
    "databricks.koalas": Api("", "3.2", "pyspark.pandas, which is part of Spark"),
}
_MLLIB: Final = "pyspark.mllib"
_SCALA: Final = pattern(r"[\w.-]{1,100}:[\w.-]{1,100}_(2\.1[0-3]):([\w.-]{1,60})")
_BUILT_IN: Final = {"com.databricks:spark-csv": "2.0", "com.databricks:spark-avro": "2.4"}
_IMAGE_SPARK: Final = (3, 5)  # of Dataproc's image 2.2, with Scala 2.12
_IMAGE_SCALA: Final = "2.12"


def check(evidence: Evidence) -> Iterable[Problem]:
    """Find APIs that Spark has removed or deprecated, and packages for another Spark."""
    for program in evidence.own_programs():
        for name, line, api in _used(program):
            yield _finding(evidence, Value(program.text.path, line, "", ""), name, api)
        mllib = [(name, line) for name, line in program.imports.items() if name.startswith(_MLLIB)]
        for _, line in mllib[:1]:
            message = "pyspark.mllib, the API for RDDs, gets no new features since Spark 2.0"
            yield evidence.finding("MY911", Value(program.text.path, line, "", ""), message, "write pyspark.ml")
    for value in evidence.values():
        if value.name == "spark.jars.packages":
            yield from _packages(evidence, value)


def _used(program: Program) -> Iterator[tuple[str, int, Api]]:
    """Yield each API of a program that imports pyspark, or is given its objects, once."""
    found: dict[str, int] = {}
    for module, line in program.imports.items():
        for name in (*MODULES, module.rpartition(".")[2] if module.startswith("pyspark") else ""):
            if name and (module == name or module.startswith(f"{name}.") or module.endswith(f".{name}")):
                found.setdefault(name, line)
    for name, line in [*program.attributes, *((each.name, each.node.lineno) for each in program.calls)]:
        if name in NAMES:
            found.setdefault(name, line)
    if any(name.startswith("pyspark.streaming.") for name in found):
        found.pop("KafkaUtils", None)
        found.pop("FlumeUtils", None)
    every = NAMES | MODULES
    yield from ((name, line, every[name]) for name, line in found.items() if name in every)


def _finding(evidence: Evidence, at: Value, name: str, api: Api) -> Problem:
    hint = f"write {api.new}"
    if not api.removed:
        return evidence.finding("MY911", at, f"{name} is deprecated since Spark {api.deprecated}", hint)
    is_gone = tuple(map(int, api.removed.split("."))) <= _IMAGE_SPARK
    message = f"{name} was removed in Spark {api.removed}" + ("" if is_gone else ", which later images have")
    return evidence.finding("MY910" if is_gone else "MY911", at, message, hint)


def _packages(evidence: Evidence, value: Value) -> Iterator[Problem]:
    for each in (part.strip() for part in value.value.split(",")):
        known = next((since for name, since in _BUILT_IN.items() if each.startswith(name)), "")
        found = _SCALA.fullmatch(each)
        if known:
            message = f"{each} is part of Spark since {known}"
            yield evidence.finding("MY910", value, message, "take it out of the packages")
        elif found and found[1] != _IMAGE_SCALA:
            message = f"{each} is for Scala {found[1]}, and the image's Spark is for {_IMAGE_SCALA}"
            yield evidence.finding("MY910", value, message, f"take the one that ends with _{_IMAGE_SCALA}")
        elif each and not any(sign in each for sign in "$<"):
            hint = "give the subnetwork a way out (Cloud NAT), or put the jar into the bucket and into spark.jars"
            yield evidence.finding("MY922", value, f"{each} is fetched from Maven by each run", hint)
