"""An output file that appears whole, with its failed rows in a file beside it, and can be gone on with after a crash.

Rows go to the parts of both files (see part). `.NAME.modelyard-journal` says how far they may be trusted: a line of
JSON with what the run is, then for each checkpoint `rows failed bytes bytes digest`, the bytes of both parts. A
checkpoint is written after the bytes that it counts are on disk; so whatever stands behind the last whole line is cut
off and scored again. At the end the line `whole` is written, and the parts take their places, the output last. A run
that is killed between these steps is gone on with by doing the others.
"""

import fcntl
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from modelyard.problem import problem
from modelyard.score.options import Row, Stopped
from modelyard.score.output import Columns, Digest, Position, failed_cells, scored_cells
from modelyard.score.part import Part, check_plain, errors_path, unwritten, write

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_JOURNAL: Final = 64 * 1024 * 1024  # 100 bytes a checkpoint, two a second: three days
_WHOLE: Final = b"whole"


class _Checkpoint(NamedTuple):
    """A line of the journal. sizes: bytes of the output and of the failed rows; end: of the journal up to it."""

    position: Position
    sizes: tuple[int, int]
    end: int


class FileOutput:
    """The output file of one run. position: how far an earlier run came that this one goes on with.

    whole: that was to the end; then only `finish` is left. errors: the file of the failed rows.
    """

    def __init__(self, path: Path, columns: Columns, delimiter: str, digest: Digest) -> None:
        self.position = Position()
        self.whole = False
        self.errors = errors_path(path)
        self._path = path
        self._digest = digest
        self._scored = Part(path, columns.scored, delimiter)
        self._failed = Part(self.errors, columns.failed, delimiter)
        self._parts = (self._scored, self._failed)
        self._journal_path = path.with_name(f".{path.name}.modelyard-journal")
        self._journal = -1
        self._rows = self._failures = 0

    def open(self, identity: dict[str, object], *, resume: bool) -> Self:
        """Begin, or go on from where an earlier run came to. Raises Stopped: MY809 to MY812.

        identity: what must be the same for a run to go on; it is written down, so it holds no secret.
        """
        try:
            self._open(json.dumps(identity, sort_keys=True).encode() + b"\n", resume=resume)
        except OSError as error:
            self.close()
            raise Stopped(unwritten(error, self._path)) from error
        except Stopped:
            self.close()
            raise
        return self

    def write(self, row: Row) -> None:
        """Take the next row."""
        if row.error:
            self._failed.add(failed_cells(row))
            self._failures += 1
        else:
            self._scored.add(scored_cells(row))
        self._digest.add(row)
        self._rows += 1

    def checkpoint(self) -> None:
        """Bring what came so far to disk, and say so in the journal. Raises Stopped MY809."""
        self._try(self._checkpoint)

    def finish(self) -> None:
        """Put the parts in their places. Raises Stopped MY809."""
        self._try(self._finish)

    def close(self) -> None:
        """Let go of the files; what stands in them is kept."""
        for part in self._parts:
            part.close()
        if self._journal >= 0:
            with suppress(OSError):
                os.close(self._journal)
        self._journal = -1

    def _open(self, head: bytes, *, resume: bool) -> None:
        check_plain(self._path)
        self._journal = os.open(self._journal_path, _FLAGS, 0o600)
        self._lock()
        lines = os.pread(self._journal, _MAX_JOURNAL, 0).split(b"\n")[:-1]  # what follows was cut off by a crash
        whole = lines[-1:] == [_WHOLE] and (self._scored.beside.exists() or (resume and self._path.exists()))
        if not whole:
            for part in self._parts:
                part.open()
        last = _last(lines, None if whole else (self._scored.size, self._failed.size))
        if last is None:
            self._begin(head)
        else:
            self._refuse(last, lines[0] + b"\n", head, resume=resume)
            self._go_on(last, whole=whole)

    def _begin(self, head: bytes) -> None:
        os.truncate(self._journal, 0)
        for part in self._parts:
            part.begin()
        write(self._journal, head)

    def _refuse(self, last: _Checkpoint, before: bytes, head: bytes, *, resume: bool) -> None:
        """Raise Stopped if the run is not to go on, or is another one than before."""
        if not resume:
            message = f"{self._path} was begun by a run that did not finish: {last.position.rows} rows are kept"
            hint = f"go on with --resume, or delete {self._journal_path} to begin anew"
            raise Stopped(problem("MY810", message, hint=hint))
        if before != head:
            message = f"the unfinished {self._path} is of another run: {_difference(before, head)}"
            hint = f"run it as before, or delete {self._journal_path} to begin anew"
            raise Stopped(problem("MY811", message, hint=hint))

    def _go_on(self, last: _Checkpoint, *, whole: bool) -> None:
        self.position, self.whole = last.position, whole
        self._rows, self._failures = last.position.rows, last.position.failed
        if whole:
            return
        for part, size in zip(self._parts, last.sizes, strict=True):
            part.cut(size)
        os.truncate(self._journal, last.end)
        os.lseek(self._journal, 0, os.SEEK_END)

    def _checkpoint(self) -> None:
        brought = [part.bring() for part in self._parts]
        if any(brought):
            sizes = f"{self._scored.size} {self._failed.size}"
            write(self._journal, f"{self._rows} {self._failures} {sizes} {self._digest.text()}\n".encode())

    def _finish(self) -> None:
        if not self.whole:
            self._checkpoint()
            write(self._journal, _WHOLE + b"\n")
            os.fdatasync(self._journal)
        if self._failures:
            self._failed.publish(again=self.whole)
        else:
            self._failed.discard()
        self._scored.publish(again=self.whole)
        self._journal_path.unlink()
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stopped(
                problem("MY812", f"another modelyard is writing {self._path}", hint="let it finish, or stop it")
            ) from None

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            raise Stopped(unwritten(error, self._path)) from error


def _last(lines: list[bytes], sizes: tuple[int, int] | None) -> _Checkpoint | None:
    """Return the last checkpoint that lies within the sizes of the parts; None: of these files it is not asked."""
    end = sum(len(line) + 1 for line in lines)
    for line in reversed(lines[1:]):
        words = line.decode("ascii", "replace").split(" ")
        if len(words) == 5 and all(word.isdecimal() for word in words[:4]):
            rows, failed, scored_size, failed_size = map(int, words[:4])
            if sizes is None or (scored_size <= sizes[0] and failed_size <= sizes[1]):
                return _Checkpoint(Position(rows, failed, words[4]), (scored_size, failed_size), end)
        end -= len(line) + 1
    return None


def _difference(before: bytes, head: bytes) -> str:
    try:
        old, new = json.loads(before), json.loads(head)
        names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    except (ValueError, AttributeError, TypeError):
        names = []
    return f"{', '.join(names)} differ" if names else "its journal is not readable"
