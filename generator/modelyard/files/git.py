"""The one door to git: what a file held at an earlier commit, by its plumbing commands; and a commit of one file."""

import posixpath
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.problems import Problem, problem
from modelyard.problems.patterns import pattern

_SCP: Final = pattern(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s:@]+")  # git@example.com:models.git
_SECONDS: Final = 60.0  # no call here takes longer, whatever the size of a repository
# What fetches the whole history: the field of GitHub's action, the variable of GitLab's runner, git's own word.
DEEPEN: Final = (
    "fetch the whole history: `fetch-depth: 0` of actions/checkout, `GIT_DEPTH: 0` under variables of .gitlab-ci.yml, "
    "or `git fetch --unshallow` and the branch"
)


class GitProblem(Exception):  # noqa: N818 - the vehicle of a Problem, not an error of the program
    """Takes a problem out of nested calls; who catches it reports `.problem`."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.message)
        self.problem = found


class Repository:
    """The work tree around a path. Raises GitProblem MY721 where there is none, or no git."""

    def __init__(self, path: Path) -> None:
        self._folder = path.resolve() if regular.is_folder(path) else path.resolve().parent
        found = self._run("rev-parse", "--show-toplevel")
        if found is None:
            message = f"{path} is not in a git repository"
            raise GitProblem(problem("MY721", message, hint="commit it, or name a file that is under git"))
        self.root = Path(found.decode().rstrip("\n"))

    def commit(self, revision: str) -> str:
        """Return the hash of the commit that a revision names. Raises GitProblem MY722 if it names none."""
        found = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found is None and self.is_shallow:
            message = f"git has no revision {revision} here: this clone is shallow, and holds the newest commits alone"
            raise GitProblem(problem("MY722", message, hint=DEEPEN))
        if found is None:
            hint = "name a branch, a tag or a commit, such as HEAD~1; `git log -- FILE` lists those of a file"
            raise GitProblem(problem("MY722", f"git has no revision {revision}", hint=hint))
        return found.decode().strip()

    @property
    def is_shallow(self) -> bool:
        """Tell whether the history of this clone was cut off, as CI does by default."""
        return self._run("rev-parse", "--is-shallow-repository") == b"true\n"

    @property
    def source(self) -> str:
        """The address of the remote `origin`, without credentials; empty where there is none, or it is a folder."""
        found = (self._run("config", "--get", "remote.origin.url") or b"").decode("utf-8", "replace").strip()
        scheme, mark, rest = found.partition("://")
        if not mark:
            return found if _SCP.fullmatch(found) else ""
        authority, slash, path = rest.partition("/")
        user, at, host = authority.rpartition("@")
        kept = f"{user.partition(':')[0]}@" if at and scheme == "ssh" else ""
        return "" if scheme == "file" else f"{scheme}://{kept}{host}{slash}{path.partition('?')[0]}"

    @property
    def identity(self) -> str:
        """Who commits here, as `NAME <EMAIL>`; empty where git does not know."""
        found = (self._run("var", "GIT_COMMITTER_IDENT") or b"").decode("utf-8", "replace")
        return found[: found.rfind(">") + 1]

    def head(self, *paths: Path) -> tuple[str, str] | None:
        """Return the newest commit and its time (RFC 3339, UTC); None where it has not these paths as they are now."""
        names = [str(each.resolve()) for each in paths]
        changed = self._run("status", "--porcelain", "--ignored", "--", *names)
        found = self._run("log", "-1", "--format=%H %ct")
        if changed != b"" or found is None:
            return None
        commit, seconds = found.decode().split()
        return commit, datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def tags(self) -> list[str]:
        """Return the names of the tags that are in the history of HEAD; none in an empty repository."""
        found = self._run("tag", "--list", "--merged", "HEAD")
        return found.decode("utf-8", "replace").splitlines() if found else []

    def commits(self, *paths: Path) -> list[str]:
        """Return the commits that changed one of these paths, the newest first; none in an empty repository."""
        names = [self.name(each) for each in paths]
        found = self._run("rev-list", "HEAD", "--", *(f":(top,literal){name}" for name in names if name))
        return found.decode().split() if found else []

    def name(self, path: Path) -> str | None:
        """Return the path as git names it in a commit, or None for what lies outside."""
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return None

    def files(self, commit: str, folder: Path) -> list[str]:
        """Return the names of all files below a folder at a commit, for `content`; none for what lies outside."""
        name = self.name(folder)
        below = [] if name == "." else [f"{name}/"]
        found = self._run("ls-tree", "-r", "--name-only", "--full-tree", "-z", commit, "--", *below) if name else None
        return [each for each in found.decode("utf-8", "surrogateescape").split("\0") if each] if found else []

    def content(self, commit: str, name: str) -> bytes | None:
        """Return what a file held at a commit; None if it was not there, or is outside of the repository."""
        normal = posixpath.normpath(name)
        return None if normal.startswith("../") else self._run("cat-file", "blob", f"{commit}:{normal}")

    def commit_file(self, path: Path, message: str) -> str:
        """Commit a file alone, whatever else is staged, and return the commit. Raises GitProblem MY744."""
        found = self._done("commit", "--quiet", "--only", f"--message={message}", "--", str(path.resolve()))
        if found.returncode != 0:
            said = (found.stderr or found.stdout).decode("utf-8", "replace").strip().splitlines()
            why = f": {said[-1].strip()}" if said else ""
            hint = "commit it yourself; it is written, and `git commit` says more"
            raise GitProblem(problem("MY744", f"git has not committed {path}{why}", hint=hint))
        return (self._run("rev-parse", "HEAD") or b"").decode().strip()

    def _run(self, *arguments: str) -> bytes | None:
        """Return what a command of git prints, or None if it fails. Raises GitProblem MY721 without git."""
        done = self._done(*arguments)
        return done.stdout if done.returncode == 0 else None

    def _done(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        try:
            return subprocess.run(
                ["git", "-C", str(self._folder), *arguments], capture_output=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"git cannot be run ({type(error).__name__})"
            raise GitProblem(problem("MY721", message, hint="install git")) from None
