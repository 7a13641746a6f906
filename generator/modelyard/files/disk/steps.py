"""What both ways of writing have in common: the lock, what a killed run left, what is foreign, what differs."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.files.disk import entries
from modelyard.files.disk.lock import locked
from modelyard.files.disk.refused import FileProblem, foreign, refused, shown
from modelyard.problems import Problem, problem

PART: Final = ".modelyard-part"  # inside the folder: the file that is being written in place
_AROUND: Final = 24  # bytes that may stand around the header's sentence, see `_is_headed`
_KINDS: Final = {entries.LINK: "a symbolic link", entries.FILE: "a file", entries.OTHER: "a socket, pipe or device"}


class Work(NamedTuple):
    """One write under the lock; names are relative to `fd`, the folder's parent.

    aside: files that are written with the others, and are no reason to write.
    """

    folder: Path
    fd: int
    content: Mapping[str, bytes]
    header: bytes
    aside: frozenset[str] = frozenset()

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


class Found(NamedTuple):
    """What stands in the folder, relative to it: `same` are files with the wanted bytes, folders include ""."""

    folders: set[str]
    files: set[str]
    same: set[str]
    foreign: dict[str, str]  # path -> what it is


Works = Sequence[tuple[Work, Found]]
Way = Callable[[Works], list[Problem]]


def write(
    contents: Mapping[Path, Mapping[str, str]], header: str, way: Way, *, aside: Collection[str] = ()
) -> list[Problem]:
    """Make folders hold their contents in one of the ways, those that do not already; none if one is refused.

    All are locked and looked at before the first changes; their parents differ. aside: see Work.
    """
    texts = {folder: _encoded(content, header) for folder, content in contents.items()}
    if wrong := next((folder for folder in texts if folder.name in {"", ".."}), None):
        hint = "name a folder that does not exist yet, or one that modelyard wrote, such as build"
        return [problem("MY402", f"{shown(wrong)} has no name of its own, so it cannot be replaced", hint=hint)]
    try:
        with ExitStack() as held:
            works = [
                Work(
                    folder, held.enter_context(locked(folder.parent)), texts[folder], header.encode(), frozenset(aside)
                )
                for folder in sorted(texts)  # two runs take the locks in one order
            ]
            return _write(works, way)
    except FileProblem as error:
        return [error.problem]


@contextmanager
def refusing(folder: Path) -> Iterator[None]:
    """Turn what the system refuses while a folder is written into a FileProblem."""
    try:
        yield
    except OSError as error:
        raise FileProblem(refused(error, named(error, folder))) from error


def named(error: OSError, folder: Path) -> Path:
    """Return the path that an error is about; what lies in the new folder has the name it was to get."""
    if error.filename is None:
        return folder
    head, _, rest = str(error.filename).partition("/")
    return folder.parent / (folder.name if head == _hidden(folder, "new") else head) / rest


def folders(paths: Iterable[str]) -> set[str]:
    """Return the folders that the files need: "" itself, and all between it and them."""
    return {"", *(path[:end] for path in paths for end, letter in enumerate(path) if letter == "/")}


def _write(works: Sequence[Work], way: Way) -> list[Problem]:
    problems: list[Problem] = []
    changing: list[tuple[Work, Found]] = []
    for work in works:
        with refusing(work.folder):
            found, foreign_ = _seen(work)
        problems += foreign_
        if not _is_done(work, found):
            changing.append((work, found))
    return problems or (way(changing) if changing else [])


def _seen(work: Work) -> tuple[Found, list[Problem]]:
    """Return what stands in a folder after a killed run is cleared away, and what is foreign there."""
    kind = entries.kind(work.fd, work.at(""))
    if kind not in {None, entries.FOLDER}:
        what = f"{_KINDS[kind or entries.OTHER]} where modelyard's folder should be"
        return _nothing_found(), foreign(work.folder, {"": what})
    try:
        work.mend()
    except OSError as error:
        left = work.folder.parent / str(error.filename)
        raise FileProblem(refused(error, left, doing="remove")) from error
    found = _look(work)
    return found, foreign(work.folder, found.foreign)


def _is_done(work: Work, found: Found) -> bool:
    """Tell whether a folder holds what it is to hold, but for what stands aside."""
    wanted = work.content.keys() - work.aside
    return found.same - work.aside == found.files - work.aside == wanted and found.folders == folders(work.content)


def _nothing_found() -> Found:
    return Found(set(), set(), set(), {})


def _look(work: Work) -> Found:
    found = _nothing_found()
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
            data = entries.load(work.fd, name, max(len(wanted) + 1, len(work.header) + _AROUND))
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
    return "" if _is_headed(data, header) else "a file that does not start with modelyard's header"


def _is_headed(data: bytes, header: bytes) -> bool:
    """Tell whether a file starts with the header, which # begins, or with its sentence as other languages have it.

    Those are comments of Helm's templates and of Markdown, and $comment of JSON Schema, which is the second line.
    """
    first, second = [*data.replace(b"\r\n", b"\n").split(b"\n", 2), b""][:2]
    sentence = header.removeprefix(b"# ")
    others = (b"{{- /* " + sentence + b" */ -}}", b"<!-- " + sentence + b" -->")
    return first in (header, *others) or (first == b"{" and second == b'  "$comment": "' + sentence + b'",')


def _encoded(content: Mapping[str, str], header: str) -> dict[str, bytes]:
    between = folders(content)
    for path, text in content.items():
        odd = {"", ".", "..", PART}.intersection(path.split("/"))
        if odd or path in between or "\\" in path or not path.isprintable():
            raise ValueError(f"not the relative path of a file: {path!r}")
        if not _is_headed(text.encode(), header.encode()):
            raise ValueError(f"{path} does not start with the header")
    return {path: text.encode() for path, text in content.items()}


def _joined(folder: str, path: str) -> str:
    return f"{folder}/{path}" if path else folder


def _hidden(folder: Path, what: str) -> str:
    return f".{folder.name}.modelyard-{what}"
