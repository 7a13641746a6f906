"""A session of Spark with two executors, for all tests of this folder."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.conftest import need
from tests.support.model_server import Server, running
from tests.support.spark_session import session


@pytest.fixture(scope="session")
def spark_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="session")
def spark(spark_folder: Path) -> Iterator[SparkSession]:
    need(Path(shutil.which("java") or "java"), "install OpenJDK 17")
    speculation = {
        "spark.speculation": "true", "spark.speculation.interval": "100ms", "spark.speculation.multiplier": "1.1",
        "spark.speculation.quantile": "0.1", "spark.speculation.minTaskRuntime": "100ms",
    }  # fmt: skip
    with session(spark_folder, settings=speculation) as found:
        yield found
    # The session kills its workers, and who is killed cannot remove the file that bounds the calls of a host.
    for each in Path(tempfile.gettempdir()).glob("modelyard-*.lock"):
        each.unlink()


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one
