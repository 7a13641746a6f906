"""Random histories of a registry of models and of those who promote from it, and what may come of them.

A team moves aliases and tags, deletes them and moves them back; runners propose, alone, side by side, or until they are
killed; people merge, close, and comment. After each step: one branch a digest, none of what is pinned, and a models
file in which only what was meant has changed. Run as `python -m tests.support.promotion_histories COUNT [SEED]`.
"""

import contextlib
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from modelyard.api import challenger, proposals
from modelyard.api.proposals import Outcome
from modelyard.files.branches import Branches
from modelyard.files.trailers import trailers_of
from modelyard.problems import has_errors
from tests.conftest import CACHE
from tests.support import mlflow_server, registries
from tests.support.mlflow_server import Team
from tests.support.promotions import GIT, Project, git

STEPS: Final = 12
MLFLOW: Final = CACHE / "mlflow-server-3.17.2" / "bin" / "mlflow"
REGISTRY: Final = CACHE / "registry-v3.1.1" / "registry"


class Killed(BaseException):
    """A run ends here, as by SIGKILL: nothing of it is tidied up."""


class History:
    """One history: a project of its own, and a registered model of its own in a server that all share."""

    def __init__(self, team: Team, folder: Path, host: str, number: int, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a history is to be had again
        self.team, self.model = team, f"churn-{os.getpid()}-{number}"
        self.project = Project(folder, host, source=f"{{mlflow: {{model: {self.model}, alias: champion}}}}")
        self.repository = f"h{os.getpid()}-{number}"
        self.images: dict[str, str] = {}  # version -> digest that its tag names
        self.proposed: dict[str, str] = {}  # digest -> branch, of all that ever was
        self.champion = ""
        self.comments = self.checkouts = 0
        self.image("1")
        self.new_version()

    def image(self, version: str, note: str = "") -> str:
        """Put an image there; its name is this history's own by its note."""
        return self.project.image(f"{self.repository}-{version}", note or f"{self.repository} {version}")

    def new_version(self) -> None:
        """Register a version with an image, and often make it the champion."""
        tag = f"{self.project.host}/models/churn:{self.repository}-{len(self.images) + 1}"
        version = self.team.version(self.model, image=tag)
        self.images[version] = self.image(version)
        if self.dice.random() < 0.7:
            self.alias(version)

    def alias(self, version: str) -> None:
        """Let a version be the champion."""
        self.team.client.set_registered_model_alias(self.model, "champion", version)
        self.champion = version

    def move_alias(self) -> None:
        """Let any version be the champion, also an older one."""
        self.alias(self.dice.choice(sorted(self.images)))

    def delete_alias(self) -> None:
        """Let there be no champion."""
        if self.champion:
            self.team.client.delete_registered_model_alias(self.model, "champion")
            self.champion = ""

    def move_tag(self) -> None:
        """Build the image of a version again, under the tag that it has."""
        version = self.dice.choice(sorted(self.images))
        self.images[version] = self.image(version, f"{self.repository} {version} {self.dice.random()}")

    def comment(self) -> None:
        """Write something into the models file, as people do."""
        git(self.project.checkout, "pull", "--quiet", "--ff-only", "origin", "main")
        file = self.project.file()
        self.comments += 1
        text = file.read_text("utf-8")
        place = self.dice.choice([index for index, each in enumerate(text) if each == "\n"])
        file.write_text(f"{text[:place]}   # {self.comments}{text[place:]}", "utf-8")
        self.project.commit("a comment")

    def merge(self) -> None:
        """Approve a proposal, if it fits what is on main."""
        if names := sorted(self.project.branches()):
            try:
                self.project.merge(self.dice.choice(names))
            except Exception:  # noqa: BLE001 - two proposals change the same lines: people close one
                git(self.project.checkout, "merge", "--abort")

    def run(self) -> None:
        """Propose the champion in a fresh checkout, as a schedule does."""
        self.judge([self.propose(self.runner())])

    def run_twice(self) -> None:
        """Propose it from two checkouts at once."""
        found: list[Outcome] = []
        runners = [self.runner(), self.runner()]
        threads = [threading.Thread(target=lambda each=each: found.append(self.propose(each))) for each in runners]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.judge(found)

    def run_and_be_killed(self) -> None:
        """Begin to propose it, and be killed at a call of git; the next run goes on."""
        runner, left = self.runner(), self.dice.randrange(1, 14)
        with contextlib.suppress(Killed), _killed_after(left):
            self.propose(runner)
        self.judge([self.propose(runner if self.dice.random() < 0.5 else self.runner())])

    def runner(self) -> Path:
        """Return a fresh checkout."""
        self.checkouts += 1
        return self.project.clone(f"runner-{self.checkouts}") / "overlays" / "prod"

    def propose(self, file: Path) -> Outcome:
        """Propose the champion, and push."""
        return proposals.propose(file, "churn", challenger.Wanted(), push=True)

    def judge(self, found: list[Outcome]) -> None:
        """Prove what is true after a run."""
        main = self.project.text("main")
        digest = self.images.get(self.champion, "")
        branches = {name: self.digest(commit) for name, commit in self.project.branches().items()}
        assert len(set(branches.values())) == len(branches), f"two branches of one digest: {branches}"
        if not digest:
            assert all([each.code for each in one.problems] == ["MY774"] for one in found)
            return
        assert not any(has_errors(each.problems) for each in found), [each.problems for each in found]
        if digest in main:
            assert not any(each.new for each in found)
        else:
            assert digest in branches.values(), "what is new was not proposed"
        for name, each in branches.items():
            assert self.proposed.setdefault(each, name) == name, "a digest has had another branch"
            self.compare(self.project.branches()[name])

    def digest(self, commit: str) -> str:
        """Return the digest that a proposal brings."""
        return trailers_of(git(self.project.origin, "log", "-1", "--format=%B", commit)).digest

    def compare(self, commit: str) -> None:
        """Prove that a proposal changes image, percent and version, and no comment, blank or line beside."""
        before, after = self.project.text(f"{commit}^"), self.project.text(commit)
        assert _comments(before) == _comments(after)
        changed = git(self.project.origin, "diff", "--numstat", f"{commit}^", commit).split()
        assert changed[2:] == ["overlays/prod/models.yaml"]
        assert int(changed[0]) <= 3
        assert git(self.project.origin, "rev-list", "--count", f"{commit}^..{commit}").strip() == "1"


def _comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


class _killed_after:  # noqa: N801 - read as a word
    """Let the process seem to end at a call of git, before or after git has done its work."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.done: Any = Branches._done

    def __enter__(self) -> None:
        def killed(branches: Branches, *arguments: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise Killed
            found = self.done(branches, *arguments, **more)
            if self.left == 1:
                self.left = 0
                raise Killed
            return found

        Branches._done = killed  # type: ignore[method-assign,assignment]

    def __exit__(self, *_: object) -> None:
        Branches._done = self.done  # type: ignore[method-assign]


WEIGHTS: Final[Mapping[Callable[[History], object], int]] = {
    History.new_version: 3, History.move_alias: 3, History.delete_alias: 1, History.move_tag: 2, History.comment: 1,
    History.merge: 2, History.run: 4, History.run_twice: 2, History.run_and_be_killed: 2,
}  # fmt: skip


def play(team: Team, host: str, number: int, seed: int) -> int:
    """Play one history; return how many proposals came of it. Raises AssertionError with the steps that led there."""
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        history = History(team, Path(folder), host, number, seed)
        steps: list[str] = []
        try:
            for _ in range(STEPS):
                (step,) = history.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
                steps.append(step.__name__)
                step(history)
            steps.append("run")
            history.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, after {', '.join(steps)}: {error}") from error
        return len(history.proposed)


def environment(team: Team) -> dict[str, str]:
    """Return the variables of who promotes."""
    return {**GIT, "MLFLOW_TRACKING_URI": team.url, **mlflow_server.VARIABLES}


def play_all(team: Team, host: str, count: int, seed: int) -> int:
    """Play histories one after the other; return how many proposals came of them."""
    return sum(play(team, host, number, seed + number) for number in range(count))


def main() -> None:
    """Play so many histories, and say what came of them."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)  # noqa: S311
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="histories-") as folder:
        (Path(folder) / "mlflow").mkdir()
        with (
            registries.real(REGISTRY, Path(folder) / "registry") as host,
            mlflow_server.serving(MLFLOW, Path(folder) / "mlflow") as team,
        ):
            os.environ.update(environment(team))
            proposed = play_all(team, host, count, seed)
    seconds = time.monotonic() - begun
    sys.stdout.write(f"{count} histories from seed {seed}: {proposed} proposals, each once, in {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
