"""The folder that has the log: of a bucket, s3:// or gs://, or of this machine.

Credentials are those of the process: of its service account in the cloud, or of the environment. What a store says of
an error may hold more than its user should see: only its kind is shown.
"""

import os
import posixpath
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import fs

from modelyard.score import stores
from modelyard.score.options import Stopped

_WRONG: Final = (pa.ArrowException, OSError, ValueError)
_PIECE: Final = 1 << 20
_KIND: Final = re.compile(r"AWS Error [A-Z_]+|google::cloud::Status\((?P<status>[A-Z_]+)")


class Unreachable(Exception):  # noqa: N818 - a finding about a store, which its user is told
    """A store that does not do what it is asked; the text may be shown."""

    def __init__(self, error: Exception) -> None:
        found = _KIND.search(str(error))
        super().__init__((found["status"] or found[0]) if found else f"{type(error).__name__}: {_why(error)}")


def _why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else "the store does not answer, or does not take the login"


class Folder:
    """Files below an address, by their paths there. All methods raise Unreachable."""

    def __init__(self, address: str) -> None:
        try:
            self.shown, self._remote, self.system, self.root = stores.located(address.rstrip("/"), "MY823")
        except Stopped as stopped:
            raise Unreachable(ValueError(stopped.problems[0].message)) from None

    def put(self, source: Path, path: str) -> None:
        """Let a file be the same as one here, whole or not at all."""
        place = self.place(path)
        with _said():
            if not self._remote:
                stores.moved(source, Path(place))
                return
            with source.open("rb") as content, self.system.open_output_stream(place, compression=None) as sink:
                shutil.copyfileobj(content, sink, _PIECE)

    def get(self, path: str, target: Path) -> None:
        """Copy a file to this machine."""
        with _said(), target.open("wb") as sink:
            shutil.copyfileobj(self.system.open_input_stream(self.place(path), compression=None), sink, _PIECE)

    @contextmanager
    def reading(self, path: str) -> Iterator[Any]:
        """Give a file that is read from anywhere."""
        with _said(), self.system.open_input_file(self.place(path)) as file:
            yield file

    def remove_folder(self, path: str) -> None:
        """Remove a folder with all that it holds."""
        with _said():
            self.system.delete_dir_contents(self.place(path), missing_dir_ok=True)
            if self.system.get_file_info(self.place(path)).type == fs.FileType.Directory:
                self.system.delete_dir(self.place(path))  # buckets have one only where somebody has made it

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        with _said(), suppress(FileNotFoundError):
            self.system.delete_file(self.place(path))

    def files(self, path: str) -> list[str]:
        """Return the paths of all files below a folder, in their order; none if there is no such folder."""
        return [each.path[len(self.root) + 1 :] for each in self._found(path)]

    def times(self, path: str) -> dict[str, datetime]:
        """Return the paths of the files below a folder, each with when it was written, by the store's clock."""
        return {each.path[len(self.root) + 1 :]: each.mtime for each in self._found(path)}

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in a folder, in their order."""
        with _said():
            return [each.name for each in stores.entries(self.system, self.place(path)) if each.is_folder]

    def place(self, path: str) -> str:
        """Return what pyarrow calls a path."""
        return posixpath.join(self.root, path)

    def _found(self, path: str) -> list[Any]:
        selector = fs.FileSelector(self.place(path), recursive=True, allow_not_found=True)
        with _said():
            found = self.system.get_file_info(selector)
        return sorted((each for each in found if each.is_file), key=lambda each: str(each.path))


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except _WRONG as error:
        raise Unreachable(error) from None
