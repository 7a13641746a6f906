"""Histories of models files as teams make them, and the register that a checkout of every commit gives.

`make acceptance-register` compares 50 of them, of 200 commits each, with what `modelyard register` reads.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelyard import api
from modelyard.api import register
from modelyard.problems import has_errors

BASE: Final = "base/models.yaml"
PROD: Final = "prod/models.yaml"
_START: Final = 1_700_000_000  # seconds since 1970
_ENV: Final = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_EDITOR": "true"}
_PEOPLE: Final = ("Ada", "Bob", "Cyd", "Dag")

Data = dict[str, Any]
Running = Mapping[tuple[str, str, str], tuple[str, int]]  # model, target, variant -> image and percent


class Row(NamedTuple):
    """What both ways to a register must agree in."""

    environment: str
    model: str
    target: str
    variant: str
    image: str
    percent: int
    since: int
    until: int | None
    commit: str
    ended: str


class History:
    """A repository that grows commit by commit; a number gives the same one each time."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder
        self.chance = random.Random(number)  # noqa: S311 - to be the same each time
        self.time = _START
        self.branches = 0
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "core.fsync", "none")
        self.git("config", "gc.auto", "0")
        models = [self._model(name) for name in ("churn", "fraud", "credit")]
        self.write(BASE, {"allowEmpty": True, "registry": "registry.example.com/m", "models": models})
        self.write(PROD, {"base": "../base/models.yaml", "allowEmpty": True, "models": []})
        self.write("overlays/dev/models.yaml", {"base": "../../base/models.yaml", "allowEmpty": True, "models": []})
        self.commit("begin")

    def git(self, *words: str) -> str:
        """Run git as somebody, at a time that goes on now and then, and sometimes back."""
        person = self.chance.choice(_PEOPLE)
        env = {
            **os.environ, **_ENV, "GIT_AUTHOR_NAME": person, "GIT_AUTHOR_EMAIL": f"{person}@example.com",
            "GIT_COMMITTER_NAME": "Eve", "GIT_COMMITTER_EMAIL": "eve@example.com",
            "GIT_AUTHOR_DATE": f"{self.time} +0000", "GIT_COMMITTER_DATE": f"{self.time} +0000",
        }  # fmt: skip
        done = subprocess.run(["git", *words], cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def write(self, name: str, spec: Data) -> None:
        """Write a models file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        head = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet", "metadata": {"name": "risk"}}
        path.write_text(json.dumps({**head, "spec": spec}, indent=1) + "\n", "utf-8")

    def commit(self, message: str) -> None:
        """Commit all that has changed."""
        self.time += self.chance.choice((-50, 0, 60, 3600, 86400))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def grow(self, commits: int) -> None:
        """Add commits until there are so many."""
        steps = (self._direct, self._merge, self._squash, self._rebase, self._revert, self._rename, self._broken,
                 self._gone, self._beside)  # fmt: skip
        while int(self.git("rev-list", "--count", "HEAD")) < commits:
            (step,) = self.chance.choices(steps, weights=(8, 5, 4, 3, 5, 2, 1, 1, 2))
            step()

    @property
    def dev(self) -> str:
        """The models file of the environment that is moved about."""
        (found,) = self.folder.glob("overlays/*/models.yaml")
        return found.relative_to(self.folder).as_posix()

    def _direct(self) -> None:
        self._edit()
        self.commit("edit")

    def _branch(self) -> str:
        self.branches += 1
        self.git("switch", "--quiet", "--create", f"branch-{self.branches}")
        for _ in range(self.chance.randint(1, 3)):
            self._rename() if self.chance.random() < 0.1 else self._direct()
        self.git("switch", "--quiet", "main")
        return f"branch-{self.branches}"

    def _merge(self) -> None:
        branch = self._branch()
        self.time += 10
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)

    def _squash(self) -> None:
        self.git("merge", "--quiet", "--squash", self._branch())
        self.commit("squashed")

    def _rebase(self) -> None:
        branch = self._branch()
        self._beside()
        self.git("switch", "--quiet", branch)
        self.git("rebase", "--quiet", "main")
        self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--ff-only", branch)

    def _revert(self) -> None:
        parents = self.git("rev-list", "--parents", "--max-count=1", "HEAD").split()[1:]
        self.time += 10
        if parents and self.git("diff", "--name-only", "HEAD^", "HEAD"):
            self.git("revert", "--no-edit", *(("--mainline", "1") if len(parents) > 1 else ()), "HEAD")
        files = [*self.folder.glob("overlays/*/models.yaml"), *self.folder.glob(PROD), *self.folder.glob(BASE)]
        if len(files) < 3 or any(b'"spec"' not in each.read_bytes() for each in files):
            self._revert()  # it took away what came back, or was mended

    def _rename(self) -> None:
        old = Path(self.dev).parent
        new = f"overlays/{self.chance.choice('abcdefgh')}{self.branches}{self.chance.randrange(1000)}"
        self.git("mv", str(old), new)
        self.commit(f"move to {new}")

    def _broken(self) -> None:
        path = self.folder / self.chance.choice((self.dev, PROD, BASE))
        before = path.read_bytes()
        path.write_bytes(before.replace(b'"spec"', b'"sepc"'))
        self.commit("break it")
        path.write_bytes(before)
        self._edit()
        self.commit("mend it")

    def _gone(self) -> None:
        name = self.chance.choice((self.dev, PROD))
        before = (self.folder / name).read_bytes()
        (self.folder / name).unlink()
        self.commit("remove it")
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(before)
        self.commit("bring it back")

    def _beside(self) -> None:
        (self.folder / "README.md").write_text(f"{self.chance.random()}\n", "utf-8")
        self.commit("beside")

    def _edit(self) -> None:
        name = self.chance.choice((self.dev, self.dev, PROD, BASE))
        if self.chance.random() < 0.15:
            self._lock(str(Path(name).parent / "models.lock.yaml"))
            return
        spec = json.loads((self.folder / name).read_text("utf-8"))["spec"]
        own: list[Data] = spec["models"]
        wanted = self.chance.choice(("churn", "fraud", "credit", f"more-{self.chance.randrange(4)}"))
        known = [each["name"] for each in own]
        if wanted in known and self.chance.random() < 0.3:
            own.pop(known.index(wanted))
        elif wanted in known:
            own[known.index(wanted)] = self._model(wanted)
        else:
            own.append(self._model(wanted))
        self.write(name, spec)

    def _lock(self, name: str) -> None:
        images = [f"registry.example.com/m/{each}:{version}.0" for each in ("churn", "fraud") for version in range(3)]
        digests = {each: f"sha256:{self.chance.randrange(16) * 1111:064x}" for each in images}
        head = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ImageLock", "images": digests}
        (self.folder / name).write_text(json.dumps(head, indent=1) + "\n", "utf-8")

    def _model(self, name: str) -> Data:
        image = f"{name}:{self.chance.randrange(3)}.0"
        if name.startswith(("more", "credit")):
            return {"name": name, "path": f"/{name}", "image": image, "targets": {"deployment": {"replicas": 2}}}
        percent = self.chance.choice((0, 10, 50, 90, 100))
        other = f"{name}:{self.chance.randrange(3)}.1"
        variants = [{"name": "champion", "image": image, "percent": percent}]
        variants.append({"name": "challenger", "image": other, "percent": 100 - percent})
        return {"name": name, "path": f"/{name}", "variants": variants, "targets": {"knative": {"minScale": 1}}}


def by_checkout(history: History) -> list[Row]:
    """Return the register that a checkout of every commit of the main line gives."""
    lines = history.git("log", "--first-parent", "--reverse", "--format=%H %ct").splitlines()
    names = {"dev": history.dev, "prod": PROD}
    found: list[Row] = []
    running: dict[str, dict[tuple[str, str, str], Row]] = {"dev": {}, "prod": {}}
    now = 0
    for line in lines:
        commit, seconds = line.split()
        now = max(now, int(seconds))
        history.git("checkout", "--quiet", "--detach", commit)
        for environment, open_ in running.items():
            after = _running(history, environment)
            if after is None:
                continue
            over = [key for key, row in open_.items() if after.get(key) != (row.image, row.percent)]
            found += [open_.pop(key)._replace(until=now, ended=commit) for key in over]
            for key in [key for key in after if key not in open_]:
                open_[key] = Row(names[environment], *key, *after[key], now, None, commit, "")
    history.git("checkout", "--quiet", "main")
    return sorted([*found, *(row for each in running.values() for row in each.values())], key=str)


def _running(history: History, environment: str) -> Running | None:
    """Return what the objects of the working tree run; None where its models file has errors."""
    found = list(history.folder.glob("overlays/*/models.yaml" if environment == "dev" else PROD))
    if not found:
        return {}
    rendering = api.render(found[0])
    if has_errors(rendering.problems):
        return None
    bodies = [each.body for each in rendering.objects]
    shares = {
        (body["metadata"]["name"], each["tag"]): each["percent"]
        for body in bodies
        if body["kind"] == "Route"
        for each in body["spec"]["traffic"]
    }
    return dict(_pods(bodies, shares))


def _pods(
    bodies: list[Data], shares: Mapping[tuple[str, str], int]
) -> Iterator[tuple[tuple[str, str, str], tuple[str, int]]]:
    for body in bodies:
        target = {"serving.knative.dev/v1": "knative", "apps/v1": "deployment"}.get(body["apiVersion"], "")
        if not target or body["kind"] == "Route":
            continue
        labels = body["metadata"]["labels"]
        model, variant = labels["app.kubernetes.io/name"], labels.get("modelyard.dev/variant", "")
        image = body["spec"]["template"]["spec"]["containers"][0]["image"]
        yield (model, target, variant), (image, shares.get((model, variant), 0 if variant else 100))


def by_register(history: History) -> list[Row]:
    """Return the register that modelyard reads."""
    entries, problems = register.read([history.folder / history.dev, history.folder / PROD])
    assert problems == []
    return sorted((Row(*(getattr(each, name) for name in Row._fields)) for each in entries), key=str)


def main() -> int:
    """Compare histories: `python -m tests.support.register_histories HISTORIES COMMITS [FIRST]`."""
    histories, commits, first = map(int, [*sys.argv[1:3], *(sys.argv[3:] or ["0"])])
    rows = wrong = 0
    for number in range(first, first + histories):
        folder = Path(tempfile.mkdtemp(prefix="modelyard-register-"))
        history = History(folder, number)
        history.grow(commits)
        read, expected = by_register(history), by_checkout(history)
        rows += len(expected)
        different = len({*read} ^ {*expected})
        wrong += different
        print(f"history {number}: {len(expected)} intervals, {different} differ", flush=True)  # noqa: T201
        shutil.rmtree(folder)
    print(f"{histories} histories of {commits} commits: {rows} intervals, {wrong} differ")  # noqa: T201
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
