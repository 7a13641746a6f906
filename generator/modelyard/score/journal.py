"""An output file that appears whole, and can be gone on with after a crash.

Rows go to `.NAME.modelyard-part` beside the output. `.NAME.modelyard-journal` says how far it may be trusted: a line of
JSON with what the run is, then for each checkpoint `rows failed bytes digest`. A checkpoint is written after the bytes
that it counts are on disk; so whatever stands behind the last whole line is cut off and scored again. At the end the
part is renamed.
"""

import errno
import fcntl
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from modelyard.problem import Problem, problem
from modelyard.score.options import Row, Stopped
from modelyard.score.output import Columns, Digest, Position, Text

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_JOURNAL: Final = 64 * 1024 * 1024  # 100 bytes a checkpoint, two a second: four days
_HINTS: Final = {
    errno.ENOSPC: "free some space, then go on with --resume",
    errno.EACCES: "give yourself the permission to write there",
    errno.ENOENT: "make the folder first",
}


class FileOutput:
    """The output file of one run. position: how far an earlier run came that this one goes on with."""

    def __init__(self, path: Path, columns: Columns, delimiter: str, digest: Digest) -> None:
        self.position = Position()
        self._path = path
        self._columns = columns
        self._text = Text(delimiter)
        self._digest = digest
        self._part_path = path.with_name(f".{path.name}.modelyard-part")
        self._journal_path = path.with_name(f".{path.name}.modelyard-journal")
        self._part = self._journal = -1
        self._rows = self._failed = self._size = 0

    def open(self, identity: dict[str, object], *, resume: bool) -> Self:
        """Begin, or go on from where an earlier run came to. Raises Stopped: MY809 to MY812.

        identity: what must be the same for a run to go on; it is written down, so it holds no secret.
        """
        try:
            _check_plain(self._path)
            self._journal = os.open(self._journal_path, _FLAGS, 0o600)
            self._lock()
            self._part = os.open(self._part_path, _FLAGS, 0o666)
            head = json.dumps(identity, sort_keys=True).encode() + b"\n"
            journal = os.pread(self._journal, _MAX_JOURNAL, 0)
            if not self._goes_on(journal, head, resume=resume):
                os.truncate(self._journal, 0)
                os.truncate(self._part, 0)
                _write(self._journal, head)
                self._text.add(self._columns.all)
        except OSError as error:
            self.close()
            raise Stopped(_failed(error, self._path)) from error
        except Stopped:
            self.close()
            raise
        return self

    def write(self, row: Row) -> None:
        """Take the next row."""
        self._text.add(self._columns.cells(row))
        self._digest.add(row)
        self._rows += 1
        self._failed += bool(row.error)

    def checkpoint(self) -> None:
        """Bring what came so far to disk, and say so in the journal. Raises Stopped MY809."""
        content = self._text.take()
        if not content:
            return
        try:
            _write(self._part, content)
            os.fdatasync(self._part)
            self._size += len(content)
            line = f"{self._rows} {self._failed} {self._size} {self._digest.text()}\n"
            _write(self._journal, line.encode())
        except OSError as error:
            raise Stopped(_failed(error, self._path)) from error

    def finish(self) -> None:
        """Put the part in place of the output. Raises Stopped MY809."""
        self.checkpoint()
        try:
            os.fsync(self._part)
            self._part_path.replace(self._path)
            self._journal_path.unlink()
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Stopped(_failed(error, self._path)) from error

    def close(self) -> None:
        """Let go of the files; what stands in them is kept."""
        for fd in (self._part, self._journal):
            if fd >= 0:
                with suppress(OSError):
                    os.close(fd)
        self._part = self._journal = -1

    def _lock(self) -> None:
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stopped(
                problem("MY812", f"another modelyard is writing {self._path}", hint="let it finish, or stop it")
            ) from None

    def _goes_on(self, journal: bytes, head: bytes, *, resume: bool) -> bool:
        """Set the files to the last checkpoint that holds; False if there is none to go on from."""
        lines = journal.split(b"\n")[:-1]  # what follows the last line end was cut off by a crash
        found = _last(lines[1:], os.fstat(self._part).st_size)
        if found is None:
            return False
        if not resume:
            message = f"{self._path} was begun by a run that did not finish: {found[0].rows} rows are scored"
            hint = f"go on with --resume, or delete {self._journal_path} to begin anew"
            raise Stopped(problem("MY810", message, hint=hint))
        if lines[0] + b"\n" != head:
            message = f"the unfinished {self._path} is of another run: {_difference(lines[0], head)}"
            hint = f"run it as before, or delete {self._journal_path} to begin anew"
            raise Stopped(problem("MY811", message, hint=hint))
        self.position, self._size, end = found
        self._rows, self._failed = self.position.rows, self.position.failed
        os.truncate(self._part, self._size)
        os.truncate(self._journal, len(lines[0]) + 1 + end)
        os.lseek(self._part, 0, os.SEEK_END)
        os.lseek(self._journal, 0, os.SEEK_END)
        return True


def _check_plain(path: Path) -> None:
    """Refuse what a rename would replace by a plain file. Raises Stopped MY809, or OSError."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise Stopped(problem("MY809", f"{path} is not a plain file", hint="name another, or - for standard output"))


def _last(lines: list[bytes], size: int) -> tuple[Position, int, int] | None:
    """Return the last checkpoint within the part's size: position, bytes of the part, bytes of the lines up to it."""
    end = sum(len(line) + 1 for line in lines)
    for line in reversed(lines):
        words = line.decode("ascii", "replace").split(" ")
        if len(words) == 4 and all(word.isdecimal() for word in words[:3]) and int(words[2]) <= size:
            return Position(int(words[0]), int(words[1]), words[3]), int(words[2]), end
        end -= len(line) + 1
    return None


def _difference(before: bytes, head: bytes) -> str:
    try:
        old, new = json.loads(before), json.loads(head)
        names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    except (ValueError, AttributeError, TypeError):
        names = []
    return f"{', '.join(names)} differ" if names else "its journal is not readable"


def _write(fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _failed(error: OSError, path: Path) -> Problem:
    message = f"cannot write {path}: {error.strerror or error}"
    return problem("MY809", message, hint=_HINTS.get(error.errno or 0, ""))
