"""A project whose models are promoted: a bare repository, clones of it, and images in a real registry."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.support import registries

SET: Final = """\
# The models of the risk department.
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: HOST/models
  models:
    # Who serves the calls.
    - name: churn      # since 2019
      path: /churn
      source: SOURCE   # who says what is next
      variants:
        - {name: champion, image: "churn:1", percent: 100}    # since May
      targets: {knative: {minScale: 1}}
"""
FOLLOWED: Final = "{mlflow: {model: churn, alias: champion}}"
_PEOPLE: Final = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
GIT: Final = {**_PEOPLE, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(folder: Path, *words: str, **env: str) -> str:
    """Run git in a folder, as nobody in particular; return what it prints."""
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**os.environ, **GIT, **env}, capture_output=True, text=True, check=True
    )
    return done.stdout


class Project:
    """A bare repository below a folder, and a checkout of it with overlays/dev and overlays/prod."""

    def __init__(self, folder: Path, host: str, *, source: str = FOLLOWED, text: str = SET) -> None:
        self.folder, self.host = folder, host
        self.origin, self.checkout = folder / "origin.git", folder / "checkout"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        git(folder, "clone", "--quiet", str(self.origin), str(self.checkout))
        git(self.checkout, "checkout", "--quiet", "-B", "main")
        for name in ("dev", "prod"):
            file = self.file(name)
            file.parent.mkdir(parents=True)
            file.write_text(text.replace("HOST", host).replace("SOURCE", source), "utf-8")
        self.commit("The models")

    def file(self, overlay: str = "prod") -> Path:
        """Return a models file."""
        return self.checkout / "overlays" / overlay / "models.yaml"

    def commit(self, message: str) -> None:
        """Commit all, and push it."""
        git(self.checkout, "add", "--all")
        git(self.checkout, "commit", "--quiet", "--allow-empty", "--message", message)
        git(self.checkout, "push", "--quiet", "origin", "HEAD:main")

    def clone(self, name: str) -> Path:
        """Return another checkout of main, as a runner has one."""
        git(self.folder, "clone", "--quiet", str(self.origin), str(self.folder / name))
        return self.folder / name

    def merge(self, branch: str, *, author: str = "a <a@example.com>") -> None:
        """Merge a branch as a person does who approves it, and delete it."""
        git(self.checkout, "fetch", "--quiet", "origin", branch)
        git(self.checkout, "merge", "--quiet", "--no-ff", "--no-commit", "FETCH_HEAD")
        git(self.checkout, "commit", "--quiet", f"--author={author}", "--message", f"Merge {branch}")
        git(self.checkout, "push", "--quiet", "origin", "HEAD:main", f":refs/heads/{branch}")

    def branches(self) -> dict[str, str]:
        """Return name -> commit of the proposals in the bare repository."""
        text = git(self.origin, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads/modelyard/")
        return dict(line.split(" ") for line in text.splitlines())

    def text(self, commit: str, overlay: str = "prod", name: str = "models.yaml") -> str:
        """Return a file of a commit."""
        return git(self.origin, "show", f"{commit}:overlays/{overlay}/{name}")

    def image(self, version: str, note: str = "", *, repository: str = "models/churn") -> str:
        """Put an image of a version into the registry; return its digest."""
        return registries.put(self.host, f"{repository}:{version}", note or version)


def program(folder: Path, name: str, answers: Mapping[str, str]) -> Path:
    """Write a program that notes what it is called with in NAME.log, and answers by the words it begins with.

    Return the folder, for PATH. answers: "pr list" -> what it prints; a word that is not there makes it fail.
    """
    folder.mkdir(exist_ok=True)
    cases = "".join(f"  {words!r}*) cat <<'END'\n{text}\nEND\n;;\n" for words, text in answers.items())
    log = folder / f"{name}.log"
    script = f"#!/bin/sh\nprintf '%s\\0' \"$@\" >> {log}\nprintf '\\n' >> {log}\ncase \"$*\" in\n{cases}"
    script += "  *) echo 'no such thing: https://u:planted-token-77ab@example.com' >&2; exit 1;;\nesac\n"
    path = folder / name
    path.write_text(script, "utf-8")
    path.chmod(0o755)
    return folder
