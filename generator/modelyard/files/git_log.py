"""The main line of a repository: its commits in order, who stands behind each, and what files were called then.

The main line is what first parents lead to (git-log(1), --first-parent): a branch counts from its merge.
"""

import posixpath
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from modelyard.files.git import Repository

# %G? of git-log(1), "Pretty formats".
_SIGNATURES: Final = {
    "G": "good", "U": "good, of a key that is not trusted", "X": "good, but expired", "Y": "good, of an expired key",
    "R": "good, of a revoked key", "B": "bad", "E": "of an unknown key",
}  # fmt: skip
# Of who commits what was merged on their site: nobody has approved by that.
_FORGES: Final = ("noreply@github.com", "noreply@gitlab.com")
_RENAMED: Final = 50  # percent of a file that is kept where git calls it renamed; git's own default


class Commit(NamedTuple):
    """A commit of the main line. time: of its commit, in seconds since 1970; never before that of its parent."""

    hash: str
    parents: tuple[str, ...]
    time: int


class People(NamedTuple):
    """Who stands behind a commit, each as `NAME <EMAIL>`. signature: what git says of it; empty without one."""

    proposed: str
    approved: tuple[str, ...]
    signature: str


NOBODY: Final = People("", (), "")


class Message(NamedTuple):
    """What a commit says: its first line, and all that was said in what it merged, the oldest first."""

    subject: str
    whole: str


class Log(Repository):
    """The repository around a path, with its history. Raises GitProblem as `Repository` does."""

    def mainline(self, revision: str) -> list[Commit]:
        """Return the commits of the main line up to a revision, the oldest first; none in an empty repository."""
        found = self._run("log", "--first-parent", "--reverse", "--format=%H %ct %P", revision, "--") or b""
        return self._read(found)

    def touched(self, *paths: Path) -> list[Commit]:
        """Return the commits of HEAD's main line that changed one of these paths, the oldest first."""
        names = [f":(top,literal){name}" for name in map(self.name, paths) if name]
        found = self._run("log", "--first-parent", "--reverse", "--format=%H %ct %P", "HEAD", "--", *names)
        return self._read(found or b"") if names else []

    @staticmethod
    def _read(lines: bytes) -> list[Commit]:
        commits: list[Commit] = []
        for line in lines.decode().splitlines():
            name, seconds, *parents = line.split()
            time = max(int(seconds), commits[-1].time if commits else 0)
            commits.append(Commit(name, tuple(parents), time))
        return commits

    def renamed_from(self, commit: Commit, name: str) -> str | None:
        """Return what a file was called before a commit that gave it this name; None where it began there.

        That is what git sees as renamed; else, as after a move with many changes, the one file of the same last name
        that went with the same commit.
        """
        if not commit.parents:
            return None
        options = ("-r", f"--find-renames={_RENAMED}%", "--diff-filter=DR", "--name-status", "-z")
        found = self._run("diff-tree", *options, commit.parents[0], commit.hash) or b""
        words = iter(found.decode("utf-8", "surrogateescape").split("\0"))
        gone = []
        for status in words:
            if status == "D":
                gone.append(next(words))
            elif status:
                old, new = next(words), next(words)
                if new == name:
                    return old
        like = [each for each in gone if posixpath.basename(each) == posixpath.basename(name)]
        return like[0] if len(like) == 1 else None

    def people(self, commit: Commit, names: tuple[str, ...]) -> People:
        """Return who stands behind a commit. names: the files that it is about, by which the proposal is known.

        Of a merge, who made the newest commit on its branch that changes them has proposed, and who merged has
        approved. Of any other commit its author has proposed; who committed it for another one has approved.
        """
        author, committer, email, grade, signer, *reviewers = self._fields(commit.hash)
        reviewed = [each for each in reviewers if each]
        signature = f"{_SIGNATURES[grade]}{f', by {signer}' if signer else ''}" if grade in _SIGNATURES else ""
        if len(commit.parents) > 1:
            proposed = self._merged(commit, "%an <%ae>", names) or author
            return People(proposed, tuple(dict.fromkeys([author, *reviewed])), signature)
        approved = [committer] if committer != author and email not in _FORGES else []
        return People(author, tuple(dict.fromkeys([*approved, *reviewed])), signature)

    def message(self, commit: Commit) -> Message:
        """Return what a commit says, with what was said on the branch that it merges."""
        own = (self._run("log", "-1", "--format=%B", commit.hash) or b"").decode("utf-8", "replace")
        below = ""
        if len(commit.parents) > 1:
            found = self._run("log", "--reverse", "--no-merges", "--format=%B", commit.hash, f"^{commit.parents[0]}")
            below = (found or b"").decode("utf-8", "replace")
        return Message(own.partition("\n")[0], f"{below}\n{own}")

    def _merged(self, commit: Commit, form: str, names: tuple[str, ...]) -> str:
        """Return the newest commit that a merge brought and that changes one of the files; if none does, any."""
        paths = [f":(top,literal){name}" for name in names]
        for wanted in (paths, []):
            words = (
                "log",
                "-1",
                "--no-merges",
                f"--format={form}",
                commit.hash,
                f"^{commit.parents[0]}",
                "--",
                *wanted,
            )
            if found := (self._run(*words) or b"").decode("utf-8", "replace").strip():
                return found
        return ""

    def _fields(self, commit: str) -> list[str]:
        reviewers = "%(trailers:key=Reviewed-by,key=Approved-by,valueonly,separator=%x00)"
        form = f"%an <%ae>%x00%cn <%ce>%x00%ce%x00%G?%x00%GS%x00{reviewers}"
        found = self._run("log", "-1", f"--format={form}", commit) or b""
        return found.decode("utf-8", "replace").rstrip("\n").split("\0")

    @contextmanager
    def lookup(self) -> Iterator["Lookup"]:
        """Give what finds files of commits, by one process of git for all of them."""
        command = ["git", "-C", str(self.root), "cat-file", "--batch-check=%(objectname)"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdin is not None  # noqa: S101 - for mypy: both are pipes
            assert process.stdout is not None  # noqa: S101
            yield Lookup(process.stdin, process.stdout)
            process.stdin.close()


class Lookup:
    """Finds which object a name stood for at a commit."""

    def __init__(self, asks: IO[bytes], answers: IO[bytes]) -> None:
        self._asks = asks
        self._answers = answers

    def object(self, commit: str, name: str) -> str:
        """Return the hash of a file or folder at a commit; empty if it was not there. An empty name is the root."""
        if "\n" in name or name.startswith("../"):
            return ""
        self._asks.write(f"{commit}:{name}\n".encode("utf-8", "surrogateescape"))
        self._asks.flush()
        answer = self._answers.readline().decode("utf-8", "replace").strip()
        return "" if " " in answer else answer
