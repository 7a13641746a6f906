"""The plan of what goes into the bucket: path, place, size, checksum, and the commands that a person runs.

Nothing is uploaded here. Commands are quoted for the shell; what starts a job by its arrival comes last.
"""

import hashlib
import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.files import disk, regular, trees
from modelyard.problems import Problem
from modelyard.spark_migration.folder import Folder

_MAX_HASHED: Final = 4 << 30  # bytes of one file or data set whose checksum is made


class Row(NamedTuple):
    """A file, or a folder of data, and where it goes. sha256: empty where it is too large, or is made first."""

    path: str
    url: str
    size: int
    sha256: str
    command: str

    @property
    def line(self) -> str:
        """The row of the table."""
        size = "-" if self.command and not self.sha256 and not self.size else self.size
        return f"{size:>12}  {self.sha256 or '-':<64}  {shlex.quote(self.path)} -> {self.url}"


class Plan(NamedTuple):
    """What is uploaded: files, then data. made: commands that make archives first. left_out: files with credentials."""

    made: list[str]
    files: list[Row]
    data: list[Row]
    left_out: list[str]

    @property
    def text(self) -> str:
        """The table and the commands, as a script that only a person runs: the table is a comment."""
        lines = ["# bytes, SHA-256, what -> where"]
        lines += [f"# {each.line}" for each in [*self.files, *self.data]]
        lines += [f"# left out, with credentials: {shlex.quote(each)}" for each in self.left_out]
        lines += [*self.made, *(each.command for each in self.files if each.command)]
        if self.data:
            lines.append("# data: its arrival starts the job that waits for it")
            lines += [each.command for each in self.data]
        return "\n".join([*lines, ""])


def object_name(path: str) -> str:
    """Return where a file of the project lies in the bucket."""
    return path if path.startswith("model/") else f"model/{path}"


def archive(package: str) -> str:
    """Return the name of the archive of a package: `lib` -> `lib.zip`."""
    return f"{package.rstrip('/')}.zip"


def plan(folder: Folder, bucket: str, files: Iterable[str], packages: Iterable[str], left_out: Iterable[str]) -> Plan:
    """Return the plan for files and packages of a project, and for its data."""
    secret = set(left_out)
    made: list[str] = []
    rows: list[Row] = []
    for package in packages:
        inside = [path for path in folder.sizes if path.startswith(f"{package}/") and path.endswith(".py")]
        name = archive(package)
        made.append(_zipped(folder, package, [path for path in inside if path in secret]))
        url = f"gs://{bucket}/{object_name(name)}"
        rows += [_row(folder, bucket, path)._replace(url=url, command="") for path in inside if path not in secret]
        rows.append(Row(name, url, 0, "", _copy(folder, bucket, name)))
    for path in files:
        if path not in secret:
            rows.append(_row(folder, bucket, path))
    data = [_data(folder, bucket, each) for each in folder.datasets]
    return Plan(made, rows, data, sorted(secret))


def _row(folder: Folder, bucket: str, path: str) -> Row:
    size = folder.sizes.get(path, 0)
    digest = _digest(folder.root / path) if size <= _MAX_HASHED else ""
    return Row(path, f"gs://{bucket}/{object_name(path)}", size, digest, _copy(folder, bucket, path))


def _digest(path: Path) -> str:
    try:
        with os.fdopen(regular.opened(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _copy(folder: Folder, bucket: str, path: str) -> str:
    local = disk.shown(Path(folder.shown) / path)
    return shlex.join(["gcloud", "storage", "cp", *_end(local), local, f"gs://{bucket}/{object_name(path)}"])


def _end(local: str) -> Iterator[str]:
    if local.startswith("-"):
        yield "--"


def _zipped(folder: Folder, package: str, secret: Iterable[str]) -> str:
    """Return the command that packs the Python files of a package, so that its name is the archive's first folder."""
    parent, _, name = package.rpartition("/")
    words = ["zip", "-q", "-r", archive(name), name, "-i", "*.py"]
    excluded = [path.removeprefix(f"{parent}/") if parent else path for path in secret]
    words += ["-x", *excluded] if excluded else []
    return f"(cd {shlex.quote(disk.shown(Path(folder.shown) / parent))} && {shlex.join(words)})"


def _data(folder: Folder, bucket: str, path: str) -> Row:
    local = disk.shown(Path(folder.shown) / path)
    url = f"gs://{bucket}/{path}"
    command = shlex.join(["gcloud", "storage", "rsync", "--recursive", *_end(local), local, url])
    sizes, problems = trees.files(folder.root / path)
    size = sum(sizes.values())
    digest = _whole(folder.root / path, sizes, problems) if size <= _MAX_HASHED else ""
    return Row(f"{path}/", f"{url}/", size, digest, command)


def _whole(path: Path, sizes: Iterable[str], problems: list[Problem]) -> str:
    """Return the checksum over a folder's files, as `files.trees` makes it."""
    try:
        return "" if problems else trees.digest(path, sizes).removeprefix("sha256:")
    except OSError:
        return ""
