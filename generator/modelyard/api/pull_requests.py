"""Pull requests by the programs that people have for them: gh of GitHub, and glab of GitLab, with their own logins.

A pull request that a person has closed stays closed: that is an answer.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelyard.problems import Problem, printable, problem

__all__ = ["PROGRAMS", "Request", "opened"]

PROGRAMS: Final = ("gh", "glab")
_SECONDS: Final = 120.0
_SHOWN: Final = 300  # characters of what a program says
_QUIET: Final = {"GH_PROMPT_DISABLED": "1", "NO_COLOR": "1", "NO_PROMPT": "1"}


class Request(NamedTuple):
    """A pull request. base: the branch that it is for; the repository's own where it is empty."""

    branch: str
    base: str
    title: str
    text: str
    superseded: Sequence[str] = ()


class _Failed(Exception):  # noqa: N818 - the vehicle of a Problem
    def __init__(self, found: Problem) -> None:
        super().__init__(found.message)
        self.problem = found


def opened(root: Path, address: str, wanted: Request) -> tuple[str, list[Problem]]:
    """Return the address of a branch's pull request, which is opened where there is none; empty without a program.

    root: of the repository. address: of its remote. Those of branches that are superseded are closed, and say why.
    Problem: MY785.
    """
    program = _program(address)
    if program is None:
        return "", []
    host = _GitHub(root) if program == "gh" else _GitLab(root)
    try:
        found = host.find(wanted.branch)
        url = found["url"] if found else host.create(wanted)
        for each in wanted.superseded:
            old = host.find(each)
            if old and old["open"]:
                host.close(old["number"], f"{wanted.branch} takes its place: {url}")
    except _Failed as error:
        return "", [error.problem]
    return url, []


def _program(address: str) -> str | None:
    """Return the program of a remote's host that is on PATH; where the host says nothing, the first that is there."""
    host = address.rpartition("@")[2].partition("//")[2] or address.rpartition("@")[2]
    wanted = [each for each, name in (("gh", "github"), ("glab", "gitlab")) if name in host.partition("/")[0].lower()]
    return next((each for each in wanted or PROGRAMS if shutil.which(each)), None)


class _GitHub:
    """GitHub, by gh (cli/cli v2)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, branch: str) -> dict[str, Any] | None:
        """Return number, address and state of a branch's newest pull request."""
        words = ["pr", "list", "--head", branch, "--state", "all", "--limit", "1", "--json", "number,state,url"]
        found = _listed("gh", _run(self._root, "gh", words))
        return {"number": found["number"], "url": found["url"], "open": found["state"] == "OPEN"} if found else None

    def create(self, wanted: Request) -> str:
        """Open one, and return its address."""
        with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf-8") as file:
            file.write(wanted.text)
            file.flush()
            base = ["--base", wanted.base] if wanted.base else []
            words = ["pr", "create", "--head", wanted.branch, *base, "--title", wanted.title, "--body-file", file.name]
            return _last_line(_run(self._root, "gh", words))

    def close(self, number: int, why: str) -> None:
        """Close one, and say why."""
        _run(self._root, "gh", ["pr", "close", str(number), "--comment", why])


class _GitLab:
    """GitLab, by glab (gitlab-org/cli v1)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, branch: str) -> dict[str, Any] | None:
        """Return number, address and state of a branch's newest merge request."""
        words = ["mr", "list", "--source-branch", branch, "--all", "--per-page", "1", "--output", "json"]
        found = _listed("glab", _run(self._root, "glab", words))
        return {"number": found["iid"], "url": found["web_url"], "open": found["state"] == "opened"} if found else None

    def create(self, wanted: Request) -> str:
        """Open one, and return its address."""
        base = ["--target-branch", wanted.base] if wanted.base else []
        words = ["mr", "create", "--source-branch", wanted.branch, *base, "--title", wanted.title]
        return _last_line(_run(self._root, "glab", [*words, "--description", wanted.text, "--yes"]))

    def close(self, number: int, why: str) -> None:
        """Close one, and say why."""
        _run(self._root, "glab", ["mr", "note", str(number), "--message", why])
        _run(self._root, "glab", ["mr", "close", str(number)])


def _run(root: Path, program: str, words: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            [program, *words], cwd=root, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS,
            env={**os.environ, **_QUIET},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(program, words, type(error).__name__) from None
    if done.returncode:
        lines = [each.strip() for each in done.stderr.decode("utf-8", "replace").splitlines() if each.strip()]
        raise _failed(program, words, printable(lines[-1])[:_SHOWN] if lines else f"it ends with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _listed(program: str, text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list) or any(not isinstance(each, dict) for each in found):
        raise _failed(program, ["list"], "it gives no list in JSON: a newer version may be needed")
    return found[0] if found else None


def _last_line(text: str) -> str:
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    return printable(lines[-1]) if lines else ""


def _failed(program: str, words: Sequence[str], why: str) -> _Failed:
    hint = f"look with `{program} auth status`, and run the same command again"
    return _Failed(problem("MY785", f"{program} {' '.join(words[:2])} fails: {why}", hint=hint))
