"""Real Spark with executors of its own: whatever a server and the executors do, each row comes back exactly once."""

import asyncio
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from modelyard.spark import Limits, Options, Route, ScoringError, score
from tests.support.model_server import REFUSED, Server, answer
from tests.support.spark_session import applications, expected, kill_executor

# pyspark leaves it to the collector to close its sockets.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
CANARY = "canary01xqzwqzwqzw"


async def faulty(_server: Server, writer: asyncio.StreamWriter, number: int) -> bool:
    """Refuse, fail and break off, each now and then."""
    if number % 197 == 0:
        writer.transport.abort()
    elif number % 389 == 0:
        answer(writer, 503, {"error": "busy"}, more="Retry-After: 0\r\n")
    elif number % 3001 == 0:
        answer(writer, 429, {"error": "too many"}, more="Retry-After: 1\r\n")
    elif number % 211 == 0:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"data":')
        writer.close()
    else:
        return False
    return True


def same(found: DataFrame, wanted: DataFrame) -> None:
    """Assert that two frames have the same rows, each as often, and columns of the same types."""
    assert [(each.name, each.dataType) for each in found.schema] == [
        (each.name, each.dataType) for each in wanted.schema
    ]
    assert sorted(found.collect(), key=lambda row: row["id"]) == wanted.orderBy("id").collect()


def test_each_row_comes_back_once_though_an_executor_is_killed_and_tasks_run_twice(
    spark: SparkSession, spark_folder: Path, server: Server
) -> None:
    server.fault = faulty
    frame = applications(spark, 10_000, 2)  # one for each executor, so that whichever is killed has begun and not ended
    scored = score(frame, server.url(), options=Options(Limits(5, 5, 5), retries=20))
    killed: list[int] = []

    def kill() -> None:
        while server.posts < 3_000:
            time.sleep(0.01)
        killed.append(kill_executor(spark_folder))

    thread = threading.Thread(target=kill)
    thread.start()
    found = scored.collect()
    thread.join()
    assert killed
    assert sorted(found, key=lambda row: row["id"]) == expected(frame).orderBy("id").collect()
    assert sum(server.calls.values()) > 10_000, "no task has run twice"


def test_rows_that_fail_have_their_reason_and_all_others_their_scores(spark: SparkSession, server: Server) -> None:
    texts = [("a", "1"), ("b", str(REFUSED)), ("c", "1.5x"), ("d", None), ("e", "7")]
    frame = spark.createDataFrame(
        [(*each, 1.0, "x") for each in texts], "id string, LOAN string, VALUE double, JOB string"
    )
    rows = {row["id"]: row for row in score(frame, server.url()).collect()}
    assert [rows[each]["P_BAD"] for each in "abcde"] == [2.5, None, None, None, 14.5]
    assert [rows[each]["error"] for each in "ade"] == [None, None, None]
    assert rows["b"]["error"] == 'status 400: {"error": "not scored"}'
    assert rows["c"]["error"] == "column LOAN: '1.5x' is not a number"
    assert rows["d"]["I_BAD"] == "0 "


def test_columns_of_any_type_and_name_come_through_unchanged(spark: SparkSession, server: Server) -> None:
    frame = spark.sql(
        """SELECT 1L AS id, 2 AS loan, 3.25 AS VALUE, 'x' AS JOB, date'2024-02-29' AS `a.b`,
           timestamp'2024-02-29 12:00:00' AS `a``b`, timestamp_ntz'2024-02-29 12:00:00.000001' AS n, X'00ff' AS bytes,
           map('k', array(named_struct('x', 1, 'y', cast(null AS string)))) AS nested, true AS yes,
           interval '1' day AS length, cast(1.5 AS float) AS half, cast(null AS void) AS nothing"""
    )
    scored = score(frame, server.url())
    assert scored.schema.fields[: len(frame.columns)] == frame.schema.fields
    (row,), (before,) = scored.collect(), frame.collect()
    assert row[: len(before)] == tuple(before)
    assert (row["P_BAD"], row["VALUE"], row["error"]) == (4.5, Decimal("3.25"), None)


@pytest.mark.parametrize(
    ("path", "outputs"), [("/pcr", {"P_BAD": "double", "I_BAD": "string"}), ("/v1/models/churn", {"P_BAD": "double"})]
)
def test_every_runtime_is_scored(spark: SparkSession, server: Server, path: str, outputs: dict[str, str]) -> None:
    frame = spark.range(0, 1_000, 1, 2).selectExpr("id", "cast(id AS int) AS LOAN", "1 AS VALUE", "'x' AS JOB")
    scored = score(frame, server.url(path), options=Options(batch=50))
    assert dict(scored.dtypes[4:]) == {**outputs, "error": "string"}
    assert sorted(row["P_BAD"] for row in scored.collect()) == [2 * i + 0.5 for i in range(1_000)]
    assert server.posts == 20


def test_a_frame_without_rows_and_one_that_is_not_read_to_its_end(spark: SparkSession, server: Server) -> None:
    frame = applications(spark, 1_000, 3)
    assert score(frame.where("id < 0"), server.url()).collect() == []
    assert len(score(frame, server.url()).limit(5).collect()) == 5
    same(score(frame.where("id < 10"), server.url()), expected(frame.where("id < 10")))


def test_calls_at_once_are_bounded_for_both_executors_of_a_host(spark: SparkSession, server: Server) -> None:
    server.delay = 0.02
    frame = applications(spark, 1_500, 2)
    assert score(frame, server.url(), options=Options(concurrency=6)).where("error IS NULL").count() == 1_500
    assert server.most == 6


def test_a_name_is_looked_up_in_a_models_file(spark: SparkSession, server: Server, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(
        "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  models:\n"
        "    - name: credit-risk\n      image: registry.example.com/credit_risk@sha256:" + "0" * 64 + "\n"
        "      path: /credit_risk\n      targets: {deployment: {ingress: {host: models.example.com}}}\n"
    )
    frame = applications(spark, 10, 2)
    route = Route(ingress=f"127.0.0.1:{server.port}")
    same(score(frame, "credit_risk", models=tmp_path, route=route), expected(frame))
    assert "Host: models.example.com" in server.requests[-1]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("id, LOAN, VALUE", "the DataFrame has no column JOB (string) [MY804]"),
        ("*, 1 AS error", "columns of the output would have the same name: error [MY805]"),
        ("*, 1 AS p_bad", "columns of the output would have the same name: P_BAD, p_bad [MY805]"),
        ("*, 1 AS id", "columns of the output would have the same name: id [MY805]"),
    ],
)
def test_what_is_wrong_with_the_columns_is_said_before_a_job(
    spark: SparkSession, server: Server, columns: str, said: str
) -> None:
    with pytest.raises(ScoringError) as raised:
        score(applications(spark, 10, 1).selectExpr(*columns.split(", ")), server.url())
    assert said in str(raised.value)
    assert [each.code for each in raised.value.problems] == [said[-6:-1]]
    assert server.posts == 0


def test_what_is_wrong_with_the_model_is_said_before_a_job(spark: SparkSession, server: Server, tmp_path: Path) -> None:
    frame = applications(spark, 10, 1)
    quick = Options(retries=0)
    for model, code in ((server.url("/nothing"), "MY802"), ("ftp://x", "MY813"), ("http://127.0.0.1:1/m", "MY802")):
        with pytest.raises(ScoringError) as raised:
            score(frame, model, options=quick)
        assert [each.code for each in raised.value.problems] == [code]
    with pytest.raises(ScoringError) as raised:
        score(frame, "churn", models=tmp_path)
    assert {each.code for each in raised.value.problems} == {"MY013"}
    with pytest.raises(ValueError, match="on_error"):
        score(frame, server.url(), options=Options(on_error="stop"))


def test_a_server_that_dies_ends_the_job_and_no_secret_is_shown(spark: SparkSession, server: Server) -> None:
    async def die(server: Server, writer: asyncio.StreamWriter, number: int) -> bool:
        if number > 20 and server.listener is not None:
            server.listener.close()
        if number > 20:
            writer.transport.abort()
        return number > 20

    server.fault = die
    route = Route(headers=(("Authorization", f"Bearer {CANARY}"),))
    url = server.url().replace("//", f"//user:{CANARY}@")
    scored = score(applications(spark, 500, 2), url, route=route, options=Options(Limits(1, 1, 1), total=2.0))
    with pytest.raises(PySparkException) as raised:
        scored.collect()
    assert "the server no longer answers: " in str(raised.value)
    assert "MY815" in str(raised.value)
    plan = scored._jdf.queryExecution().toString()
    assert CANARY not in str(raised.value) + plan
    assert CANARY in server.requests[0]


def test_a_model_beside_the_executors_is_asked_by_a_task(
    spark: SparkSession, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise AssertionError("the driver has no model beside it")

    monkeypatch.setattr("modelyard.spark.frames.asked", unreachable)
    spark.conf.set("spark.modelyard.beside", server.url())
    try:
        frame = applications(spark, 100, 4)
        same(score(frame, spark.conf.get("spark.modelyard.beside") or ""), expected(frame))
        spark.conf.set("spark.modelyard.beside", server.url("/nothing"))
        with pytest.raises(ScoringError, match="MY802"):
            score(frame, server.url("/nothing"))
    finally:
        spark.conf.unset("spark.modelyard.beside")
