"""Archives that somebody names, unpacked: zip and tar, plain or packed with gzip, bzip2 or xz.

An archive is anybody's. Only regular files and folders leave it, below the folder that is given, with modes of ours;
a name that leads elsewhere, a link, a device, and what is larger than it may be, refuse it whole.
"""

import bz2
import gzip
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from modelyard.files import disk, regular
from modelyard.problems import Problem, printable, problem

MAX_FILES: Final = 10_000
MAX_BYTES: Final = 32 << 30  # of all files, unpacked
MAX_DEPTH: Final = 32  # folders in folders
MAX_RATIO: Final = 200  # of what is unpacked to the archive; weights hardly shrink
FREE: Final = 64 << 20  # bytes that are unpacked whatever the ratio
_CHUNK: Final = 1 << 20
_READ: Final = 16 << 20  # bytes that a header may ask for at once
_MAX_NAME: Final = 255  # bytes of one segment; Linux, NAME_MAX
_PACKED: Final[tuple[tuple[bytes, Callable[[Any], Any]], ...]] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
)
# What the standard library raises on archives that are damaged, or made to do damage; OSError is a file system's too.
_BROKEN: Final = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    struct.error,
    ArithmeticError,
    LookupError,
    ValueError,
    EOFError,
    RuntimeError,  # RecursionError and NotImplementedError among them
)


class _Refused(Exception):  # noqa: N818 - a finding about an archive
    """What is wrong with an archive."""


class _Entry(NamedTuple):
    """A file (open) or folder (None) of an archive. name: as the archive has it."""

    name: str
    open: Callable[[], IO[bytes]] | None


class _Limited:
    """A file whose reader is given no more at once than a header can need: of a lie about a length nothing is kept."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _READ:
            raise _Refused("it has a header that is too large")
        content: bytes = self._file.read(size)
        return content


def unpack(path: Path, into: Path) -> list[Problem]:
    """Unpack an archive into an empty folder; what it then holds is of use only if there is no problem."""
    try:
        with ExitStack() as closing:
            file = closing.enter_context(os.fdopen(regular.opened(path), "rb"))
            most = max(FREE, MAX_RATIO * os.fstat(file.fileno()).st_size)
            _unpack(_entries(file, closing), into, min(most, MAX_BYTES))
    except disk.FileProblem as found:
        return [found.problem]
    except _Refused as wrong:
        return [_problem(path, str(wrong))]
    except _BROKEN as error:
        return [_problem(path, f"it is damaged, or not an archive ({type(error).__name__})")]
    except OSError as error:
        return [disk.refused(error, path, code="MY409", doing="read")]
    return []


def _problem(path: Path, wrong: str) -> Problem:
    hint = "create it again with only the files: zip, tar, tar.gz, tar.bz2 or tar.xz"
    return problem("MY409", f"{disk.shown(path)} cannot be unpacked: {wrong}", hint=hint)


def _entries(file: IO[bytes], closing: ExitStack) -> Iterator[_Entry]:
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"PK"):
        return _of_zip(closing.enter_context(zipfile.ZipFile(file)))
    opener = next((each for magic, each in _PACKED if head.startswith(magic)), None)
    plain: Any = closing.enter_context(opener(file)) if opener else file
    limited: Any = _Limited(plain)
    return _of_tar(closing.enter_context(tarfile.open(fileobj=limited, mode="r:")), limited)


def _of_zip(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    for each in archive.infolist():
        kind = stat.S_IFMT(each.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _Refused(f"{printable(each.filename)} is a link or a device")
        if each.flag_bits & 1:
            raise _Refused(f"{printable(each.filename)} is encrypted")
        yield _Entry(each.filename, None if each.is_dir() else lambda each=each: archive.open(each))  # type: ignore[misc]


def _of_tar(archive: tarfile.TarFile, file: _Limited) -> Iterator[_Entry]:
    for each in archive:
        if not (each.isdir() or each.isreg()) or each.issparse():
            raise _Refused(f"{printable(each.name)} is a link, a device or a file with holes")
        yield _Entry(each.name, None if each.isdir() else lambda each=each: _member(archive, each))  # type: ignore[misc]
    _check_end(archive, file)


def _check_end(archive: tarfile.TarFile, file: _Limited) -> None:
    """Read on to the end, where the checksum is. One that is cut off between two files has no block of zeros there."""
    file.seek(archive.offset)
    if not file.read(tarfile.BLOCKSIZE):
        raise _Refused("it is cut off")
    for _ in range(FREE // _CHUNK):
        if not file.read(_CHUNK):
            return
    raise _Refused("it has data after its end")


def _member(archive: tarfile.TarFile, each: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(each)
    if found is None:
        raise _Refused(f"{printable(each.name)} is not a file")
    return found


def _unpack(entries: Iterator[_Entry], into: Path, most: int) -> None:
    left, seen = most, set[str]()
    for number, entry in enumerate(entries):
        if number >= MAX_FILES:
            raise _Refused(f"it has more than {MAX_FILES} files and folders")
        name = _safe(entry.name)
        if entry.open is None:
            _made(into / name)
            continue
        if not name or name in seen:
            raise _Refused(f"{printable(entry.name)} is in it twice" if name else "it has a file without a name")
        seen.add(name)
        _made((into / name).parent)
        with entry.open() as source:
            left -= _copy(source, into / name, left)


def _safe(name: str) -> str:
    """Return a name relative to the folder; "" is the folder itself. Raises _Refused for one that leads elsewhere."""
    parts = [each for each in name.split("/") if each not in ("", ".")]
    if name.startswith("/") or "\\" in name or ".." in parts or (parts and parts[0].endswith(":")):
        raise _Refused(f"{printable(name)} leads out of it")
    if len(parts) > MAX_DEPTH or any(len(os.fsencode(each)) > _MAX_NAME for each in parts):
        raise _Refused(f"{printable(name)[:80]}… is too long or too deep")
    if printable(name) != name or "\0" in name:
        raise _Refused(f"{printable(name)} has control characters")
    return "/".join(parts)


def _made(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _Refused(f"{printable(folder.name)} is in it as a file and as a folder") from None
    except OSError as error:
        raise disk.FileProblem(disk.refused(error, folder, doing="make")) from error


def _copy(source: IO[bytes], path: Path, left: int) -> int:
    """Write one file, and return its bytes. Raises _Refused if they are more than are left."""
    done = 0
    try:
        target = path.open("xb")
    except FileExistsError:
        raise _Refused(f"{printable(path.name)} is in it as a file and as a folder") from None
    except OSError as error:
        raise disk.FileProblem(disk.refused(error, path)) from error
    with target:
        while part := source.read(_CHUNK):
            done += len(part)
            if done > left:
                raise _Refused("it is too large when unpacked")
            try:
                target.write(part)
            except OSError as error:
                raise disk.FileProblem(disk.refused(error, path)) from error
    return done
