"""Commits and branches that git gets without a touch of the work tree: made of objects, and named by one call.

A run that is killed leaves objects that nothing names. A branch is there whole or not at all, and only once: who comes
second finds it. Remotes are reached with git's own settings and logins.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from modelyard.files.git import GitProblem
from modelyard.problems import printable, problem

_SECONDS: Final = 60.0
_REMOTE_SECONDS: Final = 600.0  # of a call to a remote, which may be large
_SHOWN: Final = 300  # characters of what git says
_ABSENT: Final = "0" * 40
_PULL_HINT: Final = "pull or clone anew, and run it again"
_PUSH_HINT: Final = "check the remote with `git remote -v`, and this login's right to push branches there"


class Branches:
    """The repository around a root, its branches, and those of its remote. What fails raises GitProblem."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def remote(self) -> str:
        """The remote that branches go to: `origin`, or the only one. Raises GitProblem MY782 where there is none."""
        found = self._text("remote").split()
        if "origin" in found or len(found) == 1:
            return "origin" if "origin" in found else found[0]
        what = f"there are {', '.join(found)}" if found else "there is none"
        hint = "add one that is called origin: git remote add origin URL"
        raise GitProblem(problem("MY782", f"no remote to push to is known: {what}", hint=hint))

    @property
    def current(self) -> str:
        """The branch that is checked out; empty where HEAD is a commit alone."""
        return _decoded(self._ask("symbolic-ref", "--quiet", "--short", "HEAD") or b"")

    @property
    def head(self) -> str:
        """The commit that is checked out. Raises GitProblem MY782 where there is none yet."""
        return self._text("rev-parse", "HEAD")

    @property
    def address(self) -> str:
        """The address of the remote; it may hold a login, and is not for messages."""
        return self._text("remote", "get-url", self.remote)

    def is_committed(self, *paths: Path) -> bool:
        """Tell whether HEAD has these files as they are."""
        return self._ask("status", "--porcelain", "--ignored", "--", *map(str, paths)) == b""

    def here(self, prefix: str) -> dict[str, str]:
        """Return name -> commit of the branches of this repository that begin so."""
        text = self._text("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/")
        pairs = (line.split(" ", 1) for line in text.splitlines())
        return {name: commit for commit, name in pairs if name.startswith(prefix)}

    def there(self, prefix: str) -> dict[str, str]:
        """Return the same of the remote, and fetch these commits, under no name. Raises GitProblem MY784."""
        text = self._remotely("ls-remote", "--heads", self.remote, f"refs/heads/{prefix}*")
        pairs = (line.split("\t", 1) for line in text.splitlines())
        found = {name.removeprefix("refs/heads/"): commit for commit, name in pairs}
        missing = [name for name, commit in found.items() if not self.has(commit)]
        if missing:
            wanted = [f"refs/heads/{each}" for each in missing]
            self._remotely("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self.remote, *wanted)
        return found

    def has(self, commit: str) -> bool:
        """Tell whether a commit is in this repository."""
        return self._ask("cat-file", "-e", f"{commit}^{{commit}}") is not None

    def is_in(self, commit: str, other: str) -> bool:
        """Tell whether a commit is part of the history of another one."""
        return self._ask("merge-base", "--is-ancestor", commit, other) is not None

    def message(self, commit: str) -> str:
        """Return the message of a commit."""
        return self._text("log", "-1", "--format=%B", commit)

    def changed(self, commit: str) -> list[str]:
        """Return the files that a commit changes."""
        found = self._ask("diff-tree", "--no-commit-id", "--name-only", "-r", "-z", "--root", commit) or b""
        return [each for each in found.decode("utf-8", "surrogateescape").split("\0") if each]

    def last(self, path: Path) -> str:
        """Return when a file last changed, and in which commit, as people read it; empty where git does not know."""
        return _decoded(self._ask("log", "-1", "--format=%cs in %h", "--", str(path)) or b"")

    def commit(self, files: Mapping[str, bytes | None], message: str) -> str:
        """Make a commit on top of HEAD and return it; no branch has it yet. files: name -> content, None for none."""
        head = self.head
        with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self._text("read-tree", head, env=index)
            lines = b"".join(self._entry(head, name, content) for name, content in files.items())
            self._text("update-index", "-z", "--index-info", stdin=lines, env=index)
            tree = self._text("write-tree", env=index)
        sign = ["-S"] if self._ask("config", "--type=bool", "--get", "commit.gpgsign") == b"true\n" else []
        return self._text("commit-tree", tree, "-p", head, *sign, stdin=message.encode())

    def create(self, name: str, commit: str) -> bool:
        """Give a commit a branch of this repository; False where the branch is there already."""
        return self._ask("update-ref", f"refs/heads/{name}", commit, _ABSENT) is not None

    def push(self, name: str, commit: str) -> bool:
        """Give it a branch of the remote; False where that has it already. Raises GitProblem MY784."""
        remote, ref = self.remote, f"refs/heads/{name}"
        words = ["push", "--quiet", f"--force-with-lease={ref}:", remote, f"{commit}:{ref}"]
        try:
            self._remotely(*words)
        except GitProblem:
            if self._remotely("ls-remote", "--heads", remote, ref):
                return False
            raise
        return True

    def forward(self, commit: str) -> str:
        """Make a commit the newest of the remote's branch that is checked out here, and return its name.

        Raises GitProblem: MY782 where HEAD is no branch, MY784 where the remote refuses, as one that has gone on does.
        """
        name = self.current
        if not name:
            hint = "check out the branch that says what is served: git checkout main"
            raise GitProblem(problem("MY782", "HEAD is a commit, and no branch to go on with", hint=hint))
        self._remotely("push", "--quiet", self.remote, f"{commit}:refs/heads/{name}")
        return name

    def titled(self, path: Path, title: str) -> list[str]:
        """Return the commits of a file whose messages begin so, the newest first."""
        text = self._text("log", "--format=%H %s", "--", str(path))
        pairs = (line.split(" ", 1) for line in text.splitlines())
        return [commit for commit, subject in pairs if subject.startswith(title)]

    def _entry(self, head: str, name: str, content: bytes | None) -> bytes:
        mode = _decoded(self._ask("ls-tree", "--full-tree", "--format=%(objectmode)", head, "--", name) or b"")
        encoded = name.encode("utf-8", "surrogateescape")
        if content is None:
            return b"0 " + _ABSENT.encode() + b"\t" + encoded + b"\0"
        blob = self._text("hash-object", "-w", "--stdin", stdin=content)
        return f"{mode or '100644'} {blob}\t".encode() + encoded + b"\0"

    def _ask(self, *words: str) -> bytes | None:
        """Return what git prints, or None if it says no."""
        done = self._done(words, b"", None, _SECONDS)
        return done.stdout if done.returncode == 0 else None

    def _text(self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        """Return what git prints in one line. Raises GitProblem MY782 if it fails."""
        done = self._done(words, stdin, env, _SECONDS)
        if done.returncode:
            hint = "git config user.name and user.email say who commits; else mend what git names"
            raise GitProblem(problem("MY782", f"git {words[0]} fails: {_said(done.stderr)}", hint=hint))
        return _decoded(done.stdout)

    def _remotely(self, *words: str) -> str:
        """Return what git prints of a remote. Raises GitProblem MY784 if it fails."""
        done = self._done(words, b"", None, _REMOTE_SECONDS)
        if done.returncode:
            has_moved = words[0] == "push" and b"[rejected]" in done.stdout + done.stderr
            said = "the branch has other commits there" if has_moved else _said(done.stderr)
            hint = _PULL_HINT if has_moved else _PUSH_HINT
            raise GitProblem(problem("MY784", f"git {words[0]} fails: {said}", hint=hint))
        return _decoded(done.stdout)

    def _done(
        self, words: Sequence[str], stdin: bytes, env: Mapping[str, str] | None, seconds: float
    ) -> "subprocess.CompletedProcess[bytes]":
        quiet = {} if sys.stdin is not None and sys.stdin.isatty() else {"GIT_TERMINAL_PROMPT": "0"}
        try:
            return subprocess.run(
                ["git", "-C", str(self._root), *words],
                input=stdin, capture_output=True, check=False, timeout=seconds,
                env={**os.environ, **quiet, **(env or {})},
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"git {words[0]} cannot be run ({type(error).__name__})"
            raise GitProblem(problem("MY721", message, hint="install git; check the network")) from None


def _decoded(output: bytes) -> str:
    return output.decode("utf-8", "replace").strip()


def _said(error: bytes) -> str:
    """Return the last line that git wrote of an error, without the addresses in it: they may hold a login."""
    lines = [each.strip() for each in _decoded(error).splitlines() if each.strip()]
    told = [each for each in lines if each.startswith(("fatal:", "error:", "remote:", "!"))] or lines
    words = printable(told[-1] if told else "it says nothing").split()
    text = " ".join("the remote" if "://" in each or "@" in each else each for each in words)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
