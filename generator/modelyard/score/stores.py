"""The files of a table on a volume or in a bucket, s3:// or gs://: pyarrow reads and writes all of them alike.

Credentials are those of the process: of its service account in the cloud, or of the environment. An object in a bucket
appears whole; a file on a volume is written beside its place and moved there.
"""

import os
import posixpath
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa
from pyarrow import fs

from modelyard.problems import problem
from modelyard.score.options import Stopped

SCHEMES: Final = ("s3", "gs")
_WRONG: Final = (pa.ArrowException, OSError, ValueError)
_PIECE: Final = 1 << 20
# Google's client asks again for 15 minutes, while nobody hears why; that of Amazon for some seconds.
_RETRIED: Final = "retry_limit_seconds=30"
_LONGEST: Final = 300  # characters of what a store says


class Entry(NamedTuple):
    """A file or folder, by its name in the folder that holds it."""

    name: str
    is_folder: bool


def entries(system: Any, path: str) -> list[Entry]:
    """Return what a folder holds, by name; nothing if there is no such folder.

    Of Google's buckets pyarrow lists only folders that have an object of their own (Arrow 26, gcsfs.cc, GetFileInfo),
    which few programs write: there they are those that the names of all files below lead through.
    """
    is_flat = system.type_name == "gcs"
    found = system.get_file_info(fs.FileSelector(path, recursive=is_flat, allow_not_found=True))
    parts = ((each, each.path[len(path) :].strip("/").partition("/")) for each in found)
    return sorted({Entry(name, bool(below) or each.type == fs.FileType.Directory) for each, (name, _, below) in parts})


@dataclass(frozen=True, slots=True)
class Store:
    """A file, or a folder of files. shown: what messages call it; remote: it is in a bucket."""

    shown: str
    remote: bool
    _system: Any
    _path: str

    def is_same(self, other: "Store") -> bool:
        """Tell whether it is the same file or folder."""
        return (self.remote, self._path) == (other.remote, other._path)

    def files(self) -> list[str]:
        """Return the paths of what it holds, by name, or its own path. Raises Stopped MY805.

        Names that begin with _ or a dot are no data, as for Spark.
        """
        with _said("MY805", f"cannot read {self.shown}"):
            (own,) = self._system.get_file_info([self._path])
            found = [] if own.type != fs.FileType.Directory else entries(self._system, self._path)
        if own.type == fs.FileType.NotFound:
            hint = "check the address, and that this process may read there"
            raise Stopped(problem("MY805", f"there is no {self.shown}", hint=hint))
        if own.type != fs.FileType.Directory:
            return [self._path]
        data = [each for each in found if not each.name.startswith(("_", "."))]
        if folder := next((each for each in data if each.is_folder), None):
            hint = "columns in names of folders are not read: name a folder that holds files alone"
            raise Stopped(problem("MY805", f"{self.shown} holds the folder {folder.name}", hint=hint))
        if not data:
            raise Stopped(problem("MY805", f"{self.shown} holds no files"))
        return [posixpath.join(self._path, each.name) for each in data]

    def names(self) -> list[str]:
        """Return the names of the files of a folder, none if there is no such folder yet. Raises Stopped MY809."""
        with _said("MY809", f"cannot read {self.shown}"):
            found = self._system.get_file_info(fs.FileSelector(self._path, allow_not_found=True))
        return sorted(each.base_name for each in found)

    def file(self, path: str) -> Any:
        """Open a file that is read from anywhere. Raises OSError."""
        return self._system.open_input_file(path)

    def stream(self, path: str) -> Any:
        """Open a file that is read from its beginning, as it is. Raises OSError."""
        return self._system.open_input_stream(path, compression=None)

    def put(self, source: Path, name: str) -> None:
        """Let a file of the folder be the same as one here, whole or not at all. Raises Stopped MY809."""
        place = posixpath.join(self._path, name)
        with _said("MY809", f"cannot write {name} of {self.shown}"):
            if self.remote:
                with source.open("rb") as content, self._system.open_output_stream(place, compression=None) as sink:
                    shutil.copyfileobj(content, sink, _PIECE)
            else:
                moved(source, Path(place))
            size = self._system.get_file_info(place).size
        if size != source.stat().st_size:
            message = f"{name} of {self.shown} has {size} bytes, and {source.stat().st_size} were written"
            raise Stopped(problem("MY809", message, hint="score it again"))

    def remove(self, name: str) -> None:
        """Remove a file of the folder, if it is there. Raises Stopped MY809."""
        with _said("MY809", f"cannot remove {name} of {self.shown}"), suppress(FileNotFoundError):
            self._system.delete_file(posixpath.join(self._path, name))


def opened(address: str, code: str) -> Store:
    """Return where an address leads. code: of the problem, where it leads nowhere. Raises Stopped."""
    return Store(*located(address, code))


def located(address: str, code: str) -> tuple[str, bool, Any, str]:
    """Return how messages call an address, whether it is in a bucket, pyarrow's file system, and the path there.

    code: of the problem, where it leads nowhere. Raises Stopped.
    """
    parts = urlsplit(address)
    if "://" not in address:
        return address, False, fs.LocalFileSystem(), str(Path(address).absolute())
    if parts.scheme not in SCHEMES:
        hint = "name a file or folder, s3://BUCKET/PATH or gs://BUCKET/PATH"
        raise Stopped(problem(code, f"{parts.scheme}:// is not known", hint=hint))
    shown = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    if parts.username is not None or not parts.hostname:
        hint = "credentials come from the environment" if parts.username is not None else "name a bucket"
        raise Stopped(problem(code, f"{shown} is no address of a bucket's folder", hint=hint))
    if parts.scheme == "gs":
        address = urlunsplit(parts._replace(query=f"{parts.query}&{_RETRIED}".lstrip("&")))
    with _said(code, f"cannot open {shown}"):
        system, path = fs.FileSystem.from_uri(address)
    return shown, True, system, path.rstrip("/")


def moved(source: Path, place: Path) -> None:
    """Let a file be the same as another one, whole or not at all; its folder is made. Raises OSError."""
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        shutil.copyfile(source, beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _said(code: str, what: str) -> Iterator[None]:
    """Turn what a store raises into a problem."""
    try:
        yield
    except _WRONG as error:
        said = cast("str", getattr(error, "strerror", None)) or next(iter(str(error).splitlines()), "")
        raise Stopped(problem(code, f"{what}: {said[:_LONGEST]}")) from None
