"""Apache Spark with executors of its own on this machine, as a cluster has them, and rows with their scores."""

import gc
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyspark
from pyspark.sql import DataFrame, SparkSession

ROOT: Final = Path(__file__).resolve().parents[2]
MEMORY: Final = 1024  # MiB of an executor
NONE: Final[Mapping[str, str]] = MappingProxyType({})
_LOGS: Final = """rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c{1}: %m%n
"""


@contextmanager
def session(
    folder: Path, workers: int = 2, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[SparkSession]:
    """Run a session with executors of one core each; all its files are in the folder."""
    home = _home(folder / "spark")
    environment = {
        "SPARK_HOME": str(home), "SPARK_LOCAL_DIRS": str(folder), "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(ROOT / "generator"),
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    (folder / "log4j2.properties").write_text(_LOGS, encoding="utf-8")
    java = f"-Djava.io.tmpdir={folder} -Dlog4j2.configurationFile={folder}/log4j2.properties"
    found = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": java, "spark.executor.extraJavaOptions": java,
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        **settings,
    }  # fmt: skip
    builder = SparkSession.builder.master(f"local-cluster[{workers},1,{MEMORY}]").appName("modelyard")
    for name, value in found.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        yield spark
    finally:
        _stop(spark)
        for name, former in before.items():
            os.environ.pop(name) if former is None else os.environ.update({name: former})


def _home(folder: Path) -> Path:
    """Return a home of Spark whose executors work below it, and not beside the package."""
    if not folder.exists():
        folder.mkdir()
        for each in Path(pyspark.__file__).parent.iterdir():
            if each.name != "work":  # where they work by default
                (folder / each.name).symlink_to(each)
    return folder


def _stop(spark: SparkSession) -> None:
    """Stop, with the process of Java, which a session leaves for the next one."""
    context = spark.sparkContext
    gateway = context._gateway
    spark.stop()
    type(context)._gateway = type(context)._jvm = None
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(30)
    with warnings.catch_warnings(action="ignore"):  # pyspark leaves it to the collector to close its sockets
        gc.collect()


def kill_executor(folder: Path) -> int:
    """Kill the process of one executor that works below a folder, as a machine does that fails; return its number.

    One that has begun to work: it has a process of Python. Another one could be gone without a loss.
    """
    executors, parents = set(), set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace")
            inside = (process / "cwd").readlink().is_relative_to(folder)
            parents.add(int((process / "stat").read_text("utf-8").rpartition(")")[2].split()[1]))
        except OSError:
            continue  # it has ended meanwhile
        if inside and "CoarseGrainedExecutorBackend" in words:
            executors.add(int(process.name))
    assert executors & parents, "no executor works"
    number = min(executors & parents)
    os.kill(number, signal.SIGKILL)
    return number


def applications(spark: SparkSession, count: int, parts: int) -> DataFrame:
    """Return rows that all differ, as columns of several types."""
    return spark.range(0, count, 1, parts).selectExpr(
        "id",
        "if(id % 7 = 0, null, cast(id AS double)) AS LOAN",
        "cast(id % 5 + 0.5 AS decimal(10, 2)) AS VALUE",
        "concat('Sales, \"', id, '\"\\n') AS JOB",
        "array(id, null) AS `kept.as it is`",
    )


def expected(frame: DataFrame) -> DataFrame:
    """Return what the stand-in of `model_server` gives for these rows, in Spark's own words."""
    return frame.selectExpr(
        "*",
        "LOAN * 2 + 0.5 AS P_BAD",
        "if(coalesce(LOAN, 0) > 500, '           1', '0 ') AS I_BAD",
        "cast(null AS string) AS error",
    )
