"""The jobs of a migrated project run in real pyspark, by the entry and the arguments that its models file declares."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from modelyard.spark_migration import Migration
from tests.conftest import need
from tests.spark_migration.projects import found, migrated

SAMPLE: Final = Path(__file__).parent / "cases" / "anomaly-sample" / "project"
PREFIX: Final = "gs://network-spark/"
COLUMNS: Final = ("DURATION", "BYTES_IN", "BYTES_OUT")


def table(path: Path, rows: list[tuple[float, ...]]) -> None:
    """Write rows as Spark does: a folder of parts, and a mark that all are there."""
    path.mkdir(parents=True)
    columns = {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}
    pq.write_table(pa.table({"ID": [*range(len(rows))], **columns}), path / "part-00000.parquet")
    (path / "_SUCCESS").touch()


def uploaded(result: Migration, bucket: Path) -> None:
    """Copy what the plan names to where it says, as a person does with its commands."""
    assert result.plan
    for row in result.plan.files:
        target = bucket / row.url.removeprefix(PREFIX)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SAMPLE / row.path, target)


def mended(result: Migration, bucket: Path) -> None:
    """Do in the uploaded configuration what the findings say: no master, and this model's bucket."""
    config = bucket / "model" / "demo-config.yml"
    lines = config.read_text("utf-8").splitlines()
    (master,) = [each for each in found(result, "MY903") if each.place]
    (other,) = [each for each in found(result, "MY916") if each.place and each.place.file.endswith("demo-config.yml")]
    assert master.place
    assert other.place
    assert "network-migrate" in lines[other.place.line - 1]
    lines[other.place.line - 1] = f"root: {bucket}"
    del lines[master.place.line - 1]
    config.write_text("\n".join([*lines, ""]), "utf-8")


@pytest.mark.slow
def test_the_samples_jobs_train_and_score_as_declared(tmp_path: Path) -> None:
    need(Path(shutil.which("java") or "java"), "install OpenJDK 17")
    result, bucket = migrated(SAMPLE), tmp_path / "bucket"
    chance = random.Random(7)  # noqa: S311 - data of a test
    normal = [tuple(chance.gauss(center, 1) for _ in COLUMNS) for center in (0, 20, 40) for _ in range(40)]
    table(bucket / "data" / "network_train_processed.parquet", normal)
    table(bucket / "data" / "network_val_processed.parquet", [*normal[:5], (500.0, -300.0, 900.0)])
    uploaded(result, bucket)
    mended(result, bucket)
    (model,) = yaml.safe_load(result.text)["spec"]["models"]
    for what in ("train", "score"):
        done = submitted(model["spark"], what, bucket, tmp_path)
        assert done.returncode == 0, done.stderr[-4000:]
    scores = pq.read_table(bucket / "data" / "network_scores.parquet").to_pydict()
    by_id = dict(zip(scores["ID"], scores["P_ANOMALY"], strict=True))
    assert sorted(by_id) == [0, 1, 2, 3, 4, 5]
    assert by_id[5] > 10 * max(by_id[each] for each in range(5))


def submitted(spark: dict[str, Any], what: str, bucket: Path, tmp_path: Path) -> CompletedProcess[str]:
    """Run a job as a cluster does: the declared files lie in its folder, and it gets the declared arguments."""
    job, here = spark[what], tmp_path / what
    here.mkdir()
    for each in job["files"]:
        shutil.copyfile(bucket / each, here / Path(each).name)
    settings = {**spark["conf"], "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1"}
    conf = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    program = Path(sys.executable).parent / "spark-submit"
    env = {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": str(tmp_path)}
    words = [program, "--master", "local[1]", *conf, bucket / job["main"], *job["args"]]
    return subprocess.run(
        [str(word) for word in words], cwd=here, env={**os.environ, **env}, capture_output=True, text=True, check=False,
        timeout=900,
    )  # fmt: skip
