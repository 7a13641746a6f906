"""Each row once in files of a bucket: 10,000 calls at 64 connections, whatever happens to bucket and sidecar."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support import log_files, request_log, scr_stub
from tests.support.log_files import BUCKET, SECRET, Bucket
from tests.support.request_log import TABLE, Load, sidecar

pytestmark = pytest.mark.slow
CALLS: Final = 10_000


@pytest.fixture(scope="module")
def model() -> Iterator[int]:
    """Run a stand-in for a model, and return its port."""
    port = request_log.free_port()
    with scr_stub.running(port):
        yield port


@pytest.fixture(scope="module", params=["s3"])
def bucket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with log_files.of_scheme(request.param, tmp_path_factory.mktemp("login")) as made:
        yield made


def ids(bucket: Bucket, folder: str) -> list[str]:
    """Return the ids of all rows of a log, each as often as it is there."""
    found: list[str] = log_files.read(f"{BUCKET}/{folder}/{TABLE}", bucket.system()).column("id").to_pylist()
    return found


def test_calls_go_on_while_the_bucket_is_away(model: int, bucket: Bucket, tmp_path: Path) -> None:
    options = (f"--files=s3://{BUCKET}/away", "--every=1s", "--flush=90s")
    with sidecar(model, "", tmp_path, *options, **bucket.environment) as made:
        load = Load(made.port, CALLS)
        thread = threading.Thread(target=load.run)
        thread.start()
        while len(load.answered) < CALLS // 3:
            time.sleep(0.02)
        bucket.stop()
        try:
            while len(load.answered) < 2 * CALLS // 3:
                time.sleep(0.02)
            while not made.metric("failed_batches_total"):
                time.sleep(0.1)
        finally:
            bucket.start()
        thread.join()
        assert load.statuses == {200: CALLS}
        said = made.end()
        assert made.process.returncode == 0
    found = ids(bucket, "away")
    assert len(found) == CALLS
    assert set(found) == load.answered.keys()
    assert "the bucket does not take the log" in said
    assert "the bucket takes the log again" in said
    assert "canary-7f3a" not in said
    assert SECRET not in said


@pytest.mark.parametrize("bucket", ["s3", "gs"], indirect=True, scope="module")
def test_sigterm_under_load_loses_no_row(model: int, bucket: Bucket, tmp_path: Path) -> None:
    options = (f"--files={bucket.scheme}://{BUCKET}/term", "--every=1s", "--stays=1s", "--flush=90s")
    with sidecar(model, "", tmp_path, *options, **bucket.environment) as made:
        load = Load(made.port, 10 * CALLS)
        thread = threading.Thread(target=load.run)
        thread.start()
        while len(load.answered) < CALLS // 2:
            time.sleep(0.02)
        made.process.send_signal(signal.SIGTERM)
        made.process.wait(120)
        load.stop = True
        thread.join()
        assert made.process.returncode == 0
    found = ids(bucket, "term")
    assert len(found) == len(set(found))
    assert load.answered.keys() <= set(found)


def test_sigkill_loses_200_ms_at_most_and_doubles_nothing(model: int, bucket: Bucket, tmp_path: Path) -> None:
    options = (f"--files=s3://{BUCKET}/kill", "--every=1s", "--flush=90s")
    with sidecar(model, "", tmp_path, *options, **bucket.environment) as made:
        load = Load(made.port, 10 * CALLS)
        thread = threading.Thread(target=load.run)
        thread.start()
        while len(load.answered) < CALLS // 2:
            time.sleep(0.02)
        made.process.kill()
        killed = time.perf_counter()
        load.stop = True
        made.process.wait()
        thread.join()
    with sidecar(model, "", tmp_path, *options, **bucket.environment) as again:
        lost = again.metric("lost_calls_total")
        again.end()
        assert again.process.returncode == 0
    found = ids(bucket, "kill")
    assert len(found) == len(set(found))
    missing = load.answered.keys() - set(found)
    assert all(killed - load.answered[each][0] < 0.2 for each in missing)
    assert len(missing) <= lost <= len(missing) + load.connections  # answers that were on their way count too
