"""An output file that appears whole, with its failed rows in a file beside it, and can be gone on with after a crash.

Rows go to the parts of both files (see part). `.NAME.modelyard-journal` says how far they may be trusted: a line of
JSON with what the run is, then for each checkpoint `rows failed bytes bytes digest`, the bytes of both parts. A
checkpoint is written after the bytes that it counts are on disk. Between two of them stand lines for what the operating
system has been given, which outlasts a killed process but not a machine: they end with two checksums more, of the bytes
of each part since the checkpoint before, and are trusted where these bytes are there. Whatever stands behind the last
line that is trusted is cut off and scored again. At the end the line `whole` is written, and the parts take their
places, the output last. A run that is killed between these steps is gone on with by doing the others.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from modelyard.problems import problem
from modelyard.score.options import Row, Stopped
from modelyard.score.output import Digest, Position, Shape
from modelyard.score.part_file import Part, check_plain, errors_path, unwritten, write

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_FLUSHED: Final = 16  # rows that are given to the system at once, at most
_TAIL: Final = (
    1024 * 1024
)  # bytes of a journal that are read: some thousand lines, of which two a second are checkpoints
_WHOLE: Final = b"whole"


class _Checkpoint(NamedTuple):
    """A line of the journal. sizes: bytes of the output and of the failed rows; end: of the journal up to it.

    checksums: of their bytes since the checkpoint before; None of what was on disk.
    """

    position: Position
    sizes: tuple[int, int]
    checksums: tuple[int, int] | None
    end: int


class FileOutput:
    """The output file of one run. position: how far an earlier run came that this one goes on with.

    whole: that was to the end; then only `finish` is left. errors: the file of the failed rows.
    """

    def __init__(self, path: Path, shape: Shape, digest: Digest) -> None:
        self.position = Position()
        self.whole = False
        self.errors = errors_path(path)
        self._path = path
        self._digest = digest
        self._scored = Part(path, shape.scored(path))
        self._failed = Part(self.errors, shape.failed(self.errors))
        self._parts = (self._scored, self._failed)
        self._journal_path = path.with_name(f".{path.name}.modelyard-journal")
        self._journal = -1
        self._rows = self._failures = self._unflushed = 0
        self._broken: Stopped | None = None

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
        """Take the next row. Raises Stopped MY809."""
        if row.error:
            self._failed.add(row)
            self._failures += 1
        else:
            self._scored.add(row)
        self._digest.add(row)
        self._rows += 1
        self._unflushed += 1
        if self._unflushed >= _FLUSHED:
            self.flush()

    def flush(self) -> None:
        """Give what came so far to the operating system, and say so in the journal. Raises Stopped MY809."""
        self._try(self._flush)

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
        before, lines, start = _read(self._journal)
        whole = lines[-1:] == [_WHOLE] and (self._scored.beside.exists() or (resume and self._path.exists()))
        if not whole:
            for part in self._parts:
                part.open()
        found = _checkpoints(lines, start, is_first=start == len(before))
        # Of the files of a whole run it is not asked how far they go: they may have been published.
        last = next((each for each, base in found if whole or self._holds(each, base)), None)
        if last is None:
            self._begin(head)
        else:
            self._refuse(last, before, head, resume=resume)
            self._go_on(last, whole=whole)

    def _holds(self, wanted: _Checkpoint, base: tuple[int, int]) -> bool:
        """Tell whether the parts hold what a line counts: what was on disk, and beyond that the very bytes."""
        if wanted.checksums is None:
            return all(size <= part.size for part, size in zip(self._parts, wanted.sizes, strict=True))
        every = zip(self._parts, base, wanted.sizes, wanted.checksums, strict=True)
        return all(part.holds(start, size, checksum) for part, start, size, checksum in every)

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
            message = f"the unfinished {self._path} belongs to another run: {_difference(before, head)}"
            hint = f"use the same options as before, or delete {self._journal_path} to begin anew"
            raise Stopped(problem("MY811", message, hint=hint))

    def _go_on(self, last: _Checkpoint, *, whole: bool) -> None:
        self.position, self.whole = last.position, whole
        self._rows, self._failures = last.position.rows, last.position.failed
        if whole:
            return
        for part, size, checksum in zip(self._parts, last.sizes, last.checksums or (0, 0), strict=True):
            part.cut(size, checksum)
        os.truncate(self._journal, last.end)
        os.lseek(self._journal, 0, os.SEEK_END)

    def _flush(self) -> None:
        self._unflushed = 0
        flushed = [part.flush() for part in self._parts]
        if any(flushed):
            self._say(f" {self._scored.checksum} {self._failed.checksum}")

    def _checkpoint(self) -> None:
        self._flush()  # bringing it to disk takes its time, in which the process may be killed
        brought = [part.bring() for part in self._parts]
        if any(brought):
            self._say()

    def _say(self, more: str = "") -> None:
        sizes = f"{self._scored.size} {self._failed.size}"
        write(self._journal, f"{self._rows} {self._failures} {sizes} {self._digest.text()}{more}\n".encode())

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
                problem(
                    "MY812", f"another modelyard is writing {self._path}", hint="wait until it has finished, or stop it"
                )
            ) from None

    def _try(self, step: Callable[[], None]) -> None:
        if self._broken is not None:
            raise self._broken  # a row is missing, and no later one may be counted
        try:
            step()
        except OSError as error:
            self._broken = Stopped(unwritten(error, self._path))
            raise self._broken from error


def _read(journal: int) -> tuple[bytes, list[bytes], int]:
    """Return the first line with its end, the last ones after it, and where these begin; only whole lines."""
    count = _TAIL
    while b"\n" not in (text := os.pread(journal, count, 0)) and len(text) == count:
        count *= 4
    head, newline, _ = text.partition(b"\n")
    if not newline:
        return b"", [], 0
    first, size = len(head) + 1, os.fstat(journal).st_size
    start = max(first, size - _TAIL)
    lines = os.pread(journal, size - start, start).split(b"\n")[:-1]  # what follows was cut off by a crash
    if start > first and lines:
        start += len(lines.pop(0)) + 1  # a part of a line
    return head + newline, lines, start


def _checkpoints(lines: list[bytes], start: int, *, is_first: bool) -> Iterator[tuple[_Checkpoint, tuple[int, int]]]:
    """Yield what the lines say, the last first, each with the sizes at the checkpoint before it.

    start: where the lines begin in the journal; is_first: nothing stands before them.
    """
    found: list[tuple[_Checkpoint, tuple[int, int]]] = []
    base = (0, 0) if is_first else None
    for line in lines:
        start += len(line) + 1
        words = line.decode("ascii", "replace").split(" ")
        numbers = [word for i, word in enumerate(words) if i != 4]
        if len(words) not in (5, 7) or not all(word.isascii() and word.isdecimal() for word in numbers):
            continue
        rows, failed, scored_size, failed_size, *checksums = map(int, numbers)
        sizes = (scored_size, failed_size)
        sums = (checksums[0], checksums[1]) if checksums else None
        if sums is None:
            base = sizes
        if base is not None:
            found.append((_Checkpoint(Position(rows, failed, words[4]), sizes, sums, start), base))
    return reversed(found)


def _difference(before: bytes, head: bytes) -> str:
    try:
        old, new = json.loads(before), json.loads(head)
        names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    except (ValueError, AttributeError, TypeError):
        names = []
    return f"{', '.join(names)} differ" if names else "its journal is not readable"
