"""A challenger that is rolled out: its models file in a bare repository, and the log's database."""

import json
import shutil
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from modelyard.request_log.database.batches import Batches
from modelyard.request_log.database.connecting import connect
from modelyard.request_log.rows import Row
from tests.conftest import Run
from tests.support.model_server import Server as Model
from tests.support.promotions import GIT, git
from tests.support.request_log import TABLE
from tests.support.windows import NOW

HOUR: Final = timedelta(hours=1)
IMAGES: Final = {"champion": "registry.example.com/churn:2.0.0", "challenger": "registry.example.com/churn:2.1.0"}
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: risk
  toolImage: registry.example.com/modelyard:0.2.0
  models:
    - name: churn
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      monitor: {score: P_BAD, minRows: 20}
      gate: {agreement: 99%, p95: 5s, errors: 5%}
      variants:
        - {name: champion, image: "registry.example.com/churn:2.0.0", percent: 100}
        - {name: challenger, image: "registry.example.com/churn:2.1.0", percent: 0}    # the new one
      targets: {knative: {minScale: 1}}
"""


class Scene:
    """A bare repository, the log's database, a challenger, and the command in a fresh clone for each run.

    now: when the command is run and commits are made. by_clock: at the clock's time instead.
    """

    now: datetime = NOW
    by_clock: bool = False

    def __init__(self, folder: Path, uri: str, model: Model, run: Run) -> None:
        self.folder, self.uri, self.model = folder, uri, model
        self.origin = folder / "origin.git"
        self.checkout = folder / "run"
        self._run = run
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        self.declare(MODELS)

    def declare(self, models: str) -> None:
        """Commit the models file."""
        work = self.clone("work")
        git(work, "checkout", "--quiet", "-B", "main")
        (work / "models.yaml").write_text(models, "utf-8")
        git(work, "add", "models.yaml")
        git(work, "commit", "--quiet", "--allow-empty", "--message", "The models", **self._dated(2 * HOUR))
        git(work, "push", "--quiet", "origin", "HEAD:main")

    def _dated(self, ago: timedelta) -> dict[str, str]:
        return {} if self.by_clock else {"GIT_COMMITTER_DATE": f"{self.now - ago:%Y-%m-%dT%H:%M:%SZ}"}

    def clone(self, name: str) -> Path:
        """Return a fresh clone, as a CronJob has one."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        git(self.folder, "clone", "--quiet", str(self.origin), name)
        return self.folder / name

    def rollout(self, *arguments: str, code: int = 0, way: str = "--push", **env: str) -> str:
        """Run the command in a clone, and return what it prints and says."""
        self.checkout = self.clone("run")
        return self.rollout_here(*arguments, *([way] if way else []), code=code, **env)

    def rollout_here(self, *arguments: str, code: int = 0, **env: str) -> str:
        """Run it in the clone, or copy, that is there."""
        words = ["rollout", "churn", "--domain=example.com", f"--ingress=127.0.0.1:{self.model.port}", *arguments]
        words += [] if self.by_clock else [f"--at={self.now:%Y-%m-%dT%H:%M:%SZ}"]
        own = {"MODELYARD_DATABASE": self.uri, **GIT, **self._dated(timedelta()), **env}
        done = self._run(*words, cwd=self.checkout, env=own)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def percents(self) -> dict[str, int]:
        """What Git says."""
        (model,) = yaml.safe_load(git(self.origin, "show", "main:models.yaml"))["spec"]["models"]
        return {each["name"]: each["percent"] for each in model["variants"]}

    @property
    def message(self) -> str:
        """The newest commit's message."""
        return git(self.origin, "log", "-1", "--format=%B", "main")

    def fill(
        self, variant: str, rows: int, *, failed: int = 0, score: float | None = 0.0, image: str = "", ago: float = 600
    ) -> None:
        """Log calls; the answers are those of the stand-in. ago: seconds before now; image: as declared, if empty."""
        micros = round((self.now.timestamp() - ago) * 1_000_000)
        made = []
        for i in range(rows):
            asked = {"LOAN": i, "VALUE": i / 8, "JOB": "job"}
            answered: dict[str, Any] = {"P_BAD": i * 2 + 0.5, "I_BAD": "           1" if i > 500 else "0 "}
            status = 500 if i < failed else 200
            found = None if score is None or i < failed else i * 2 + 0.5 + score
            identity = f"{variant}-{micros}-{i}"
            made.append(
                Row(identity, 0, micros + i, identity, "/churn", status, 4000, json.dumps(asked), json.dumps(answered),
                    found)
            )  # fmt: skip
        with closing(connect(self.uri)) as connection:
            Batches(TABLE, "churn", variant, image or IMAGES[variant]).write(connection, made)
