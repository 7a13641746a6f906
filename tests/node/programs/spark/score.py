"""A job that scores with the model beside each executor, and fails if one of the scores is wrong."""

import json
import socket
import urllib.request
from collections.abc import Iterable, Iterator
from functools import partial

from pyspark.sql import SparkSession

Scored = tuple[int, float, str, str]


def scored(address: str, rows: Iterable[int]) -> Iterator[Scored]:
    """Yield each row with its score, the version of the model, and the pod where it ran."""
    for row in rows:
        inputs = [{"name": "a", "value": row}, {"name": "b", "value": 1000}]
        headers = {"Content-Type": "application/json", "Takes": "50ms"}
        request = urllib.request.Request(address, json.dumps({"inputs": inputs}).encode(), headers)  # noqa: S310 - of a test
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - of a test
            data = json.load(answer)["data"]
        yield row, data["sum"], data["version"], socket.gethostname()


spark = SparkSession.builder.getOrCreate()
where = spark.conf.get("spark.modelyard.beside")
assert where
rows = spark.sparkContext.parallelize(range(200), 8).mapPartitions(partial(scored, where)).collect()
assert [(row, score) for row, score, _, _ in rows] == [(row, row + 1000) for row in range(200)], rows
assert {version for _, _, version, _ in rows} == {"7"}, rows
print("scored", len(rows), "rows in", sorted({pod for _, _, _, pod in rows}))  # noqa: T201 - the driver's log
spark.stop()
