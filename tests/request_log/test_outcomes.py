"""Outcomes come once, however often their file is given; and what is to be forgotten goes everywhere."""

import gzip
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest
from pyarrow import parquet

from modelyard.request_log.columns import hashed
from modelyard.request_log.database.batches import Batches
from modelyard.request_log.database.connecting import connect
from modelyard.request_log.rows import Row
from tests.conftest import Run
from tests.support import request_log
from tests.support.postgres import Server
from tests.support.request_log import TABLE

MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  toolImage: modelyard:0.2.0
  models:
    - name: churn
      image: churn:2.0.0
      requestLog: {postgres: {secret: scoring-log}, id: WELL_ID, retention: 30dHASH}
      targets: {deployment: {}}
"""
HASH: Final = ", columns: {hash: {fields: [Well_Id], secret: log-hash}}"


class Scene:
    """A set, its database, and the command line."""

    def __init__(self, folder: Path, uri: str, run: Run) -> None:
        self.folder = folder
        self.uri = uri
        self._run = run
        self.env = {"MODELYARD_DATABASE": uri}
        (folder / "models.yaml").write_text(MODELS.replace("HASH", ""), "utf-8")

    def monitor(self, *arguments: str, code: int = 0) -> str:
        """Run a command, and return what it says."""
        done = self._run("monitor", *arguments, cwd=self.folder, env=self.env)
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        return done.stderr

    def load(self, text: str, *options: str, code: int = 0) -> str:
        """Load outcomes, and return what is said."""
        (self.folder / "o.csv").write_text(text, "utf-8")
        return self.monitor("actuals", "o.csv", "--id", "WELL_ID", "--target", "FAILURE", *options, code=code)

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Return what the database has."""
        with closing(connect(self.uri)) as connection:
            return connection.execute(text.encode()).fetchall()

    def log(self, *keys: str) -> None:
        """Log a row for each key."""
        made = [Row(f"call-{each}", 0, 1_700_000_000_000_000, each, "/", 200, 1, "{}", "{}", None) for each in keys]
        with closing(connect(self.uri)) as connection:
            Batches(TABLE, "churn", None, None).write(connection, made)


@pytest.fixture
def scene(server: Server, tmp_path: Path, modelyard: Run) -> Scene:
    """Return a set whose database has the tables."""
    return Scene(tmp_path, request_log.migrated(server), modelyard)


def test_a_file_that_is_loaded_twice_adds_nothing(scene: Scene) -> None:
    scene.log("1", "2", "3")
    text = "NAME,WELL_ID,FAILURE\nx,1,1\ny,2,0\nz,3,1.5\n"
    assert "FAILURE: 3 new" in scene.load(text)
    assert "FAILURE: 3 as before" in scene.load(text)
    assert scene.query(f"select target, key, value, number from {TABLE}_outcomes order by key") == [
        ("FAILURE", "1", "1", 1.0), ("FAILURE", "2", "0", 0.0), ("FAILURE", "3", "1.5", 1.5),
    ]  # fmt: skip
    assert not list(scene.folder.glob("o.csv.*"))


def test_what_is_unknown_or_changes_is_said_and_listed(scene: Scene) -> None:
    scene.log("1", "2")
    scene.load("WELL_ID,FAILURE\n1,1\n2,0\n")
    said = scene.load('WELL_ID,FAILURE\n1,1.0\n2,1\ncanary-55,1\n"a,""b",0\n,1\n2,1\n')
    assert "1 id had another outcome before" in said
    assert "no row of the log has 2 ids of the file" in said
    assert "2 new, 1 as before, 1 changed, 1 repeated in the file, 1 without id or outcome" in said
    assert (scene.folder / "o.csv.changed.csv").read_text("utf-8") == 'WELL_ID\n"2"\n'
    assert (scene.folder / "o.csv.unknown.csv").read_text("utf-8") == 'WELL_ID\n"a,""b"\n"canary-55"\n'
    assert "canary-55" not in said  # ids are of persons, and logs are read by many


def test_words_are_outcomes_too(scene: Scene) -> None:
    scene.log("1")
    scene.load("WELL_ID,FAILURE\n1,GOOD\n")
    assert "1 changed" in scene.load("WELL_ID,FAILURE\n1,BAD\n")
    assert scene.query(f"select value, number from {TABLE}_outcomes") == [("BAD", None)]


def test_packed_files_and_parquet_are_read(scene: Scene) -> None:
    scene.log("1", "2")
    (scene.folder / "o.csv.gz").write_bytes(gzip.compress(b"WELL_ID,FAILURE\n1,1\n"))
    options = ("--id", "WELL_ID", "--target", "FAILURE")
    assert "1 new" in scene.monitor("actuals", "o.csv.gz", *options)
    parquet.write_table(pa.table({"WELL_ID": [1, 2], "FAILURE": [1.0, 0.0]}), scene.folder / "o.parquet")
    assert "1 new, 1 as before" in scene.monitor("actuals", "o.parquet", *options)


@pytest.mark.parametrize(
    ("text", "says"),
    [("A,B\n1,2\n", "MY825"), ("", "MY805"), ("WELL_ID,FAILURE\n1,2,canary-56\n", "MY825")],
)
def test_a_file_with_a_mistake_loads_nothing(scene: Scene, text: str, says: str) -> None:
    said = scene.load(text, code=1)
    assert says in said
    assert "canary-56" not in said
    assert scene.query(f"select count(*) from {TABLE}_outcomes") == [(0,)]


def test_hashed_ids_are_joined_by_their_hash(scene: Scene) -> None:
    (scene.folder / "models.yaml").write_text(MODELS.replace("HASH", HASH), "utf-8")
    assert "MY822" in scene.load("WELL_ID,FAILURE\n1,1\n", code=1)
    scene.env["MODELYARD_HASH_KEY"] = "the-key"
    scene.log(hashed(1, b"the-key"))
    assert "1 new" in (said := scene.load("WELL_ID,FAILURE\n1,1\n"))
    assert "MY824" not in said
    assert "1 rows of scoring_log, 1 rows of scoring_log_outcomes" in scene.monitor("forget", "--id", "1")


def test_what_is_forgotten_is_gone_everywhere_and_can_be_forgotten_again(scene: Scene) -> None:
    scene.log("1", "2", "3")
    scene.load("WELL_ID,FAILURE\n1,1\n2,0\n3,0\n")
    (scene.folder / "ids").write_text("1\n\n call-3 \nnobody\n", "utf-8")
    assert "2 rows of scoring_log, 1 rows of scoring_log_outcomes are gone" in scene.monitor("forget", "--ids", "ids")
    assert "0 rows of scoring_log, 0 rows of scoring_log_outcomes" in scene.monitor("forget", "--ids", "ids")
    assert scene.query(f"select key from {TABLE}") == [("2",)]


def test_migrate_makes_the_tables_and_sets_the_retention(server: Server, tmp_path: Path, modelyard: Run) -> None:
    scene = Scene(tmp_path, server.uri(server.database()), modelyard)
    assert "MY823" in scene.load("WELL_ID,FAILURE\n1,1\n", code=1)
    assert "versions 1, 2, 3, 4, 5, 6, 7 are new" in scene.monitor("migrate")
    assert "nothing was to be done" in scene.monitor("migrate")
    assert scene.query(f"select retention = interval '30 days' from {TABLE}_settings") == [(True,)]


def test_a_database_that_is_not_there_is_said_without_its_password(scene: Scene) -> None:
    scene.env["MODELYARD_DATABASE"] = f"postgresql://owner:canary-57@127.0.0.1:{request_log.free_port()}/x"
    said = scene.monitor("migrate", code=1)
    assert "MY823" in said
    assert "canary-57" not in said
    scene.env["MODELYARD_DATABASE"] = "canary-58 is no address"
    said = scene.monitor("migrate", code=1)
    assert "MY823" in said
    assert "canary-58" not in said
    del scene.env["MODELYARD_DATABASE"]
    assert "MY822" in scene.monitor("migrate", code=1)


def test_a_set_without_a_log_is_said(scene: Scene) -> None:
    text = MODELS.replace("HASH", "")
    (scene.folder / "models.yaml").write_text(
        "".join(each for each in text.splitlines(keepends=True) if "requestLog" not in each)
    )
    assert "MY826" in scene.monitor("migrate", code=1)


def test_forget_needs_ids(scene: Scene) -> None:
    assert "--id VALUE or --ids FILE" in scene.monitor("forget", code=2)
