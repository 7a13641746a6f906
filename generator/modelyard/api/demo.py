"""The loop that keeps a model good, on this machine, in a minute: with everything that it leaves gone but the report.

from modelyard.api import demo

outcome = demo.run("report.html", tell=print)
print(outcome.path, outcome.alert)
"""

import csv
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelyard.api import measuring, monitor, pages
from modelyard.api.logs import in_database
from modelyard.api.request_log import DATABASE, missing
from modelyard.manifests import template
from modelyard.models.request_log import TABLE
from modelyard.problems import Problem, has_errors, problem

if TYPE_CHECKING:
    from modelyard.request_log.demo.story import Call

_FIRST_RUN: Final = 8  # day: a baseline of a week is there
_BASELINE: Final = 7  # days
_IMAGES: Final = {"champion": "churn:7", "challenger": "churn:8"}
_ADA: Final = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgSign=false")

__all__ = ["Shown", "run"]


@dataclass
class Shown:
    """What the demo gave. alert: the first that was found. path: of the report."""

    path: Path | None = None
    alert: str = ""
    problems: list[Problem] = field(default_factory=list)


class _Failed(Exception):  # noqa: N818 - the vehicle of problems
    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = list(problems)


def run(output: str | Path, *, tell: Callable[[str], None], stop: Callable[[], bool] = lambda: False) -> Shown:
    """Run a database, a model and its sidecars for three weeks of made calls; measure each day, and write the report.

    tell: is told what happens. stop: is asked again and again whether to end, which raises KeyboardInterrupt when all
    is tidied up. Problems: MY838 where packages are missing, MY839 where a program does not start.
    """
    if problems := [*missing(), *_without_postgres()]:
        return Shown(problems=problems)
    from modelyard.request_log.demo.postgres import NotStarted

    def check() -> None:
        if stop():
            raise KeyboardInterrupt

    result = Shown()
    try:
        with tempfile.TemporaryDirectory(prefix="modelyard-demo-", ignore_cleanup_errors=True) as folder:
            _Demo(Path(folder), tell, check).run(result, Path(output).absolute())
    except _Failed as failed:
        result.problems = failed.problems
    except (NotStarted, OSError) as failed:
        why = failed.strerror or type(failed).__name__ if isinstance(failed, OSError) else str(failed)
        hint = "run it again; if that does not help, look at what else this machine does"
        result.problems = [problem("MY839", f"the demo cannot go on: {why}", hint=hint)]
    return result


def _without_postgres() -> list[Problem]:
    from modelyard.request_log.demo import postgres

    if postgres.programs() is not None:
        return []
    hint = "pip install 'modelyard[demo]'"
    return [problem("MY838", "the demo needs modelyard[demo], which brings PostgreSQL", hint=hint)]


class _Demo:
    def __init__(self, folder: Path, tell: Callable[[str], None], check: Callable[[], None]) -> None:
        self._folder = folder
        self._tell, self._check = tell, check
        self._first = datetime.combine(datetime.now(UTC), time(), UTC) - timedelta(days=_days())
        self._set = folder / "set"

    def run(self, result: Shown, output: Path) -> None:
        """Do everything, and note what came of it."""
        from modelyard.request_log.demo import postgres, story

        self._declare()
        self._tell("starting PostgreSQL, a stub of a model, and a sidecar in front of each of its two versions")
        bin_folder = postgres.programs()
        if bin_folder is None:
            raise AssertionError
        with postgres.running(bin_folder, self._folder, self._check) as uri, _database(uri):
            _sound(monitor.migrate(self._set).problems)
            calls = list(story.calls())
            self._score(calls, uri)
            self._outcomes(calls)
            self._measure(result)
            shown = pages.report(self._set, output=output)
            _sound(shown.problems)
            result.path = shown.path

    def _declare(self) -> None:
        """Write the models file, and, where Git is, its history: when the challenger got its share."""
        from modelyard.request_log.demo import story

        self._set.mkdir()
        self._write(100, 0)
        git = _Git(self._set)
        git.commit("Begin with a champion", self._first)
        self._write(80, 20)
        git.commit("Give the challenger a fifth of the calls", self._first + timedelta(days=story.JOINS))

    def _write(self, champion: int, challenger: int) -> None:
        from modelyard.request_log.demo import model, story

        last = self._first + timedelta(days=_BASELINE - 1)
        context = {
            "model": model.PATH[1:], "id": story.ID, "target": story.TARGET, "score": model.SCORE,
            "first": f"{self._first:%Y-%m-%d}", "last": f"{last:%Y-%m-%d}", "champion": champion,
            "challenger": challenger,
        }  # fmt: skip
        (self._set / "models.yaml").write_text(template.text("demo/models.yaml", context, str), "utf-8")

    def _score(self, calls: "Sequence[Call]", uri: str) -> None:
        from modelyard.request_log.demo import model, sidecar

        with ExitStack() as stack:
            port = stack.enter_context(model.running())
            ports = {
                variant: stack.enter_context(
                    sidecar.running(variant, image, port, (DATABASE, uri), self._folder, self._check)
                )
                for variant, image in _IMAGES.items()
            }
            self._tell(f"three weeks of customers: {len(calls):,} calls through the sidecars")
            sidecar.make(calls, ports, self._check)
            _in(lambda connection: sidecar.wait(connection, TABLE, len(calls), self._check))
        _in(lambda connection: sidecar.set_back(connection, TABLE, calls, self._first))
        self._tell("each is logged, and has the time of its story; in the third week the customers change")

    def _outcomes(self, calls: "Iterable[Call]") -> None:
        from modelyard.request_log.demo import story

        path = self._set / "outcomes.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow((story.ID, story.TARGET))
            writer.writerows((each.row[story.ID], each.true) for each in calls)
        loaded = monitor.actuals(path, key=story.ID, target=story.TARGET, file=self._set)
        _sound(loaded.problems)
        self._tell(f"{loaded.new:,} outcomes came: who has left, and who has not")

    def _measure(self, result: Shown) -> None:
        self._tell("modelyard monitor run, as its CronJob does it each day:")
        for day in range(_FIRST_RUN, _days() + 1):
            self._check()
            at = self._first + timedelta(days=day)
            outcome = measuring.run(self._set, at=at)
            alerts = [each for each in outcome.problems if each.code == "MY830"]
            _sound([each for each in outcome.problems if each not in alerts])
            for each in alerts:
                self._tell(f"  {at:%Y-%m-%d} ALERT {each.message}")
                result.alert = result.alert or each.message
        if not result.alert:
            self._tell("  no alert")


def _days() -> int:
    from modelyard.request_log.demo import story

    return story.DAYS


def _sound(problems: Sequence[Problem]) -> None:
    if has_errors(problems):
        raise _Failed(problems)


def _in(work: Callable[..., None]) -> None:
    _, problems = in_database(work)
    _sound(problems)


@contextmanager
def _database(uri: str) -> Iterator[None]:
    """Have an address in the environment, where all of modelyard looks for it."""
    before = os.environ.get(DATABASE)
    os.environ[DATABASE] = uri
    try:
        yield
    finally:
        del os.environ[DATABASE]
        if before is not None:
            os.environ[DATABASE] = before


class _Git:
    """A repository in a folder, without the settings of this user; nothing where Git is not installed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done("init", "--quiet")

    def commit(self, message: str, at: datetime) -> None:
        """Commit all, as of a time."""
        moment = {"GIT_AUTHOR_DATE": at.isoformat(), "GIT_COMMITTER_DATE": at.isoformat()}
        self._done("add", "models.yaml")
        self._done(*_ADA, "commit", "--quiet", "--message", message, **moment)

    def _done(self, *words: str, **more: str) -> None:
        own = {each: value for each, value in os.environ.items() if not each.startswith("GIT_")}
        env = {**own, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **more}
        try:
            subprocess.run(["git", *words], cwd=self._folder, env=env, capture_output=True, check=False)
        except FileNotFoundError:
            return
