"""What both ways of writing have in common: the lock, what a killed run left, what is foreign, what differs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from modelyard.files import entries
from modelyard.files.lock import locked
from modelyard.files.problems import FileProblem, foreign, refused
from modelyard.problem import Problem

PART: Final = ".modelyard-part"  # inside the folder: the file that is being written in place
_KINDS: Final = {entries.LINK: "a symbolic link", entries.FILE: "a file", entries.OTHER: "a socket, pipe or device"}


@dataclass(frozen=True, slots=True)
class Work:
    """One write under the lock; names are relative to `fd`, the folder's parent."""

    folder: Path
    fd: int
    content: Mapping[str, bytes]
    header: bytes

    def at(self, path: str) -> str:
        """Return the name of what the folder holds under this path; "" is the folder itself."""
        return _joined(self.folder.name, path)

    def new(self, path: str = "") -> str:
        """Return the name that it has in the new folder, before the exchange."""
        return _joined(_hidden(self.folder, "new"), path)

    @property
    def old(self) -> str:
        """Return the name that the folder has between two renames."""
        return _hidden(self.folder, "old")

    def mend(self) -> None:
        """Remove what a killed run left; if it was killed between two renames, put the old folder back."""
        if entries.kind(self.fd, self.at("")) is None and entries.kind(self.fd, self.old) == entries.FOLDER:
            entries.rename(self.fd, self.old, self.at(""))
        for left in (self.new(), self.old, self.at(PART)):
            entries.remove(self.fd, left)


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in the folder, relative to it: `same` are files with the wanted bytes, folders include ""."""

    folders: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    same: set[str] = field(default_factory=set)
    foreign: dict[str, str] = field(default_factory=dict)  # path -> what it is


Way = Callable[[Work, Found], list[Problem]]


def write(folder: Path, content: Mapping[str, str], header: str, way: Way) -> list[Problem]:
    """Make the folder hold the content in one of the two ways, unless it does already or holds foreign files."""
    texts = _encoded(content, header)
    if folder.name in {"", ".."}:
        raise ValueError(f"{folder} has no name of its own")
    try:
        with locked(folder.parent) as fd:
            return _write(Work(folder, fd, texts, header.encode()), way)
    except FileProblem as error:
        return [error.problem]
    except OSError as error:
        return [refused(error, named(error, folder))]


def named(error: OSError, folder: Path) -> Path:
    """Return the path that an error is about; what lies in the new folder has the name it was to get."""
    if error.filename is None:
        return folder
    head, _, rest = str(error.filename).partition("/")
    return folder.parent / (folder.name if head == _hidden(folder, "new") else head) / rest


def folders(paths: Iterable[str]) -> set[str]:
    """Return the folders that the files need: "" itself, and all between it and them."""
    return {"", *(path[:end] for path in paths for end, letter in enumerate(path) if letter == "/")}


def _write(work: Work, way: Way) -> list[Problem]:
    kind = entries.kind(work.fd, work.at(""))
    if kind not in {None, entries.FOLDER}:
        return foreign(work.folder, {"": f"{_KINDS[kind or entries.OTHER]} where modelyard's folder is to be"})
    try:
        work.mend()
    except OSError as error:
        left = work.folder.parent / str(error.filename)
        raise FileProblem(refused(error, left, doing="remove")) from error
    found = _look(work)
    if found.foreign:
        return foreign(work.folder, found.foreign)
    if found.same == found.files == work.content.keys() and found.folders == folders(work.content):
        return []
    return way(work, found)


def _look(work: Work) -> Found:
    found = Found()
    missing = entries.kind(work.fd, work.at("")) is None
    for name, kind in () if missing else entries.tree(work.fd, work.at("")):
        path = name.partition("/")[2]
        if kind == entries.FOLDER:
            found.folders.add(path)
            continue
        found.files.add(path)
        wanted = work.content.get(path, b"")
        wrong = _KINDS[kind]
        if kind == entries.FILE:
            data = entries.load(work.fd, name, max(len(wanted), len(work.header)) + 2)
            wrong = _wrong(data, work.header)
            if data == wanted:
                found.same.add(path)
        if wrong:
            found.foreign[path] = wrong
    return found


def _wrong(data: bytes, header: bytes) -> str:
    """Tell why a file is foreign. A carriage return is not: git adds them where core.autocrlf is set."""
    if not data:
        return "an empty file"
    if data.partition(b"\n")[0].removesuffix(b"\r") == header:
        return ""
    return "a file that does not start with modelyard's header"


def _encoded(content: Mapping[str, str], header: str) -> dict[str, bytes]:
    between = folders(content)
    for path, text in content.items():
        odd = {"", ".", "..", PART}.intersection(path.split("/"))
        if odd or path in between or "\\" in path or not path.isprintable():
            raise ValueError(f"not the relative path of a file: {path!r}")
        if text.partition("\n")[0] != header:
            raise ValueError(f"{path} does not start with the header")
    return {path: text.encode() for path, text in content.items()}


def _joined(folder: str, path: str) -> str:
    return f"{folder}/{path}" if path else folder


def _hidden(folder: Path, what: str) -> str:
    return f".{folder.name}.modelyard-{what}"
