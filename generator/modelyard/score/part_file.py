"""A file that is written beside its path, and takes its place when it is whole: `.NAME.modelyard-part`."""

import csv
import errno
import io
import os
import shutil
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from modelyard.files import regular
from modelyard.problems import Problem, problem
from modelyard.score import formats
from modelyard.score.options import Row, Stopped
from modelyard.score.packing import Damaged, member, packed, unpacked

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
DELIMITERS: Final = (",", ";", "\t", "|")
_HEADER: Final = 1 << 20  # bytes that a header is looked for in
_HINTS: Final = {
    errno.ENOSPC: "free some space, then go on with --resume",
    errno.EACCES: "give yourself the permission to write there",
    errno.ENOENT: "make the folder first",
}


class _Lines(io.StringIO):
    """Takes rows that end with CRLF, and keeps them ending with LF."""

    def write(self, row: str) -> int:
        """Take one row."""
        return super().write(row[:-2] + "\n")


class Text:
    """CSV text that grows in memory until it is taken."""

    def __init__(self, delimiter: str) -> None:
        self._buffer = _Lines()
        # Python before 3.13 quotes of CR and LF only what it ends a line with, and every reader ends lines at both.
        self._writer = csv.writer(self._buffer, delimiter=delimiter, lineterminator="\r\n")

    def add(self, cells: Sequence[str]) -> None:
        """Write one row."""
        self._writer.writerow(cells)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        content = self._buffer.getvalue().encode("utf-8")
        self._buffer.seek(0)
        self._buffer.truncate()
        return content


class Records(Protocol):
    """Rows as the bytes of a part, which may be cut behind what was taken, and gone on with."""

    def begin(self) -> None:
        """Begin with what stands before the rows."""

    def add(self, row: Row, /) -> None:
        """Take the next row."""

    def take(self) -> bytes:
        """Return what was added since the last time; nothing if nothing was."""

    def join(self, part: BinaryIO, whole: BinaryIO) -> None:
        """Write the file that a part becomes."""


class Csv:
    """Rows as CSV text, which gzip or Zstandard may pack: a part in many members, the whole in one.

    cells: what a row has in this file.
    """

    def __init__(self, header: Sequence[str], cells: Callable[[Row], list[str]], delimiter: str, packing: str) -> None:
        self._header = header
        self._cells = cells
        self._text = Text(delimiter)
        self._packing = packing

    def begin(self) -> None:
        """Begin with the header."""
        self._text.add(self._header)

    def add(self, row: Row, /) -> None:
        """Take the next row."""
        self._text.add(self._cells(row))

    def take(self) -> bytes:
        """Return what was added since the last time."""
        content = self._text.take()
        return member(content, self._packing) if content and self._packing else content

    def join(self, part: BinaryIO, whole: BinaryIO) -> None:
        """Write the file that a part becomes."""
        with packed(whole, self._packing) as sink:
            shutil.copyfileobj(unpacked(part, self._packing), sink)


class Part:
    """One file. beside: where it is written; size: bytes of it that the system has. Methods raise OSError.

    checksum: of those among them that may not be on disk.
    A CSV file takes its place as it is. Others are joined first, in a third file: `.NAME.modelyard-whole`.
    """

    def __init__(self, path: Path, records: Records) -> None:
        self.path = path
        self.beside = path.with_name(f".{path.name}.modelyard-part")
        self.size = 0
        self.checksum = 0
        self._is_on_disk = True
        self.add = records.add
        self._whole = path.with_name(f".{path.name}.modelyard-whole")
        self._is_joined = formats.is_parquet(path) or bool(formats.packing(path))
        self._records = records
        self._fd = -1

    def open(self) -> None:
        """Open what an earlier run left, or make it. Raises Stopped for a path that is no plain file."""
        check_plain(self.path)
        self._fd = os.open(self.beside, _FLAGS, 0o666)
        self.size = os.fstat(self._fd).st_size

    def begin(self) -> None:
        """Begin with the header alone."""
        self.cut(0)
        self._records.begin()

    def cut(self, size: int, checksum: int = 0) -> None:
        """Go on behind so many bytes, with the checksum of those that may not be on disk."""
        os.truncate(self._fd, size)
        os.lseek(self._fd, size, os.SEEK_SET)
        self.size, self.checksum = size, checksum
        self._is_on_disk = False

    def holds(self, start: int, size: int, checksum: int) -> bool:
        """Tell whether the bytes from start to size have a checksum."""
        content = os.pread(self._fd, size - start, start)
        return len(content) == size - start and zlib.crc32(content) == checksum

    def flush(self) -> bool:
        """Give the system what was added since the last time; tell whether there was anything."""
        content = self._records.take()
        if content:
            write(self._fd, content)
            self.size += len(content)
            self.checksum = zlib.crc32(content, self.checksum)
            self._is_on_disk = False
        return bool(content)

    def bring(self) -> bool:
        """Bring to disk what was added since the last time; tell whether there was anything."""
        self.flush()
        if self._is_on_disk:
            return False
        os.fdatasync(self._fd)
        self.checksum, self._is_on_disk = 0, True
        return True

    def publish(self, *, again: bool = False) -> None:
        """Take the path's place. again: an earlier run may have come to do it."""
        if again and not self.beside.exists():
            return
        if not self._is_joined:
            self.beside.replace(self.path)
            return
        self._join()
        self._whole.replace(self.path)
        self.beside.unlink()

    def _join(self) -> None:
        fd = os.open(self._whole, _FLAGS | os.O_TRUNC, 0o666)
        with self.beside.open("rb") as part, os.fdopen(fd, "wb") as whole:
            self._records.join(part, whole)
            whole.flush()
            os.fsync(fd)

    def discard(self) -> None:
        """Remove it, and the failed rows that an earlier run left at the path."""
        if holds_failed_rows(self.path):
            self.path.unlink(missing_ok=True)
        for each in (self.beside, self._whole):
            each.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; what stands in it is kept."""
        if self._fd >= 0:
            with suppress(OSError):
                os.close(self._fd)
        self._fd = -1


def errors_path(output: Path) -> Path:
    """Return where the failed rows of an output go: scores.csv has scores.errors.csv beside it.

    The whole ending stays: scores.csv.gz has scores.errors.csv.gz.
    """
    if formats.packing(output):
        inner = errors_path(output.with_suffix(""))
        return inner.with_name(inner.name + output.suffix)
    return output.with_name(f"{output.stem}.errors{output.suffix or '.csv'}")


def holds_failed_rows(path: Path) -> bool:
    """Tell whether a file is one of failed rows, as a run writes it, by its header."""
    try:
        return any(_is_own(header) for header in _headers(path))
    except (OSError, Damaged):
        return False


def _headers(path: Path) -> Iterator[list[str]]:
    """Yield what may be the header of a table: of CSV with each delimiter. Raises OSError and Damaged."""
    if formats.is_parquet(path):
        from modelyard.score import parquet

        yield parquet.header(path)
        return
    content = regular.content(path, _HEADER)
    if packing := formats.packing(path):
        content = unpacked(io.BytesIO(content), packing).read(_HEADER)
    text = content.decode("utf-8", "replace")
    for delimiter in DELIMITERS:
        with suppress(csv.Error):
            yield next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])


def _is_own(header: list[str]) -> bool:
    own = [each.removesuffix("_out") for each in (*header[:2], *header[-1:])]
    return own == ["row", "line", "error"]


def check_foreign(path: Path) -> None:
    """Refuse a file of failed rows that would take the place of another. Raises Stopped MY809."""
    if regular.is_file(path) and path.stat().st_size and not holds_failed_rows(path):
        hint = "move it elsewhere, or name another output: the failed rows go there"
        raise Stopped(problem("MY809", f"{path} is there already, and holds no failed rows", hint=hint))


def check_plain(path: Path) -> None:
    """Refuse what a rename would replace by a plain file. Raises Stopped MY809, or OSError."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise Stopped(problem("MY809", f"{path} is not a plain file", hint="name another, or - for standard output"))


def write(fd: int, content: bytes) -> None:
    """Write all bytes to a file."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def unwritten(error: OSError, path: Path) -> Problem:
    """Return what is wrong when a file cannot be written."""
    message = f"cannot write {path}: {error.strerror or error}"
    return problem("MY809", message, hint=_HINTS.get(error.errno or 0, ""))
