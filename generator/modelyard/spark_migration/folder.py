"""A project's folder, read within bounds: texts by kind, sizes of all files; nothing is run or imported."""

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from modelyard.files import disk, regular
from modelyard.problems import Place, Problem, printable, problem
from modelyard.problems.patterns import pattern

MAX_FILES: Final = 20_000
MAX_TEXT: Final = 1 << 20  # bytes of one text; programs and settings of people are shorter
MAX_TEXTS: Final = 64 << 20  # bytes of all texts
MAX_DEPTH: Final = 32  # folders inside each other
_SKIPPED: Final = frozenset(
    ("__pycache__", "build", "dist", "node_modules", "site-packages", "venv", "env", "target", "spark-warehouse")
)
_ENDINGS: Final = {
    ".py": "python",
    ".sh": "shell", ".bash": "shell", ".ksh": "shell", ".mk": "make",
    ".md": "prose", ".rst": "prose",
    ".yaml": "settings", ".yml": "settings", ".ini": "settings", ".cfg": "settings", ".conf": "settings",
    ".json": "settings", ".properties": "settings",
}  # fmt: skip
_NAMES: Final = {"makefile": "make", "gnumakefile": "make", "dockerfile": "docker", "containerfile": "docker"}
_REQUIREMENTS: Final = pattern(
    r"(?:requirements|constraints)[\w.-]{0,64}\.(?:txt|in)|pipfile|pyproject\.toml|setup\.cfg"
)
_TESTS: Final = pattern(r"tests?|test_\w{1,200}\.py|\w{1,200}_test\.py|conftest\.py", re.IGNORECASE)
_INTERPRETER: Final = pattern(r"#![^\n]{0,80}\b(?:ba|k|z|da)?sh\b")


@dataclass(frozen=True)
class Text:
    """A text of the project. path: relative to its folder, with `/`. kind: as in _ENDINGS."""

    path: str
    kind: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines, as editors count them."""
        return re.split(r"\r\n|\n|\r", self.text)

    @property
    def name(self) -> str:
        """The name without folders."""
        return self.path.rpartition("/")[2]

    @property
    def is_test(self) -> bool:
        """Tell whether it is part of the project's tests, by its name or a folder's."""
        return is_test(self.path)


@dataclass
class Folder:
    """A project. shown: what messages call it. sizes: bytes of all its files. datasets: folders that Spark wrote."""

    root: Path
    shown: str
    texts: dict[str, Text] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    datasets: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: str, line: int = 1, column: int = 1) -> Place:
        """Return a place that people can follow from where they are."""
        return Place(disk.shown(Path(self.shown) / path), max(line, 1), max(column, 1))

    def of_kind(self, *kinds: str) -> list[Text]:
        """Return the texts of some kinds, in the order of their paths, without those of the project's tests."""
        return [each for each in self.texts.values() if each.kind in kinds and not each.is_test]


def is_test(path: str) -> bool:
    """Tell whether a path is part of a project's tests, by its name or a folder's."""
    return any(_TESTS.fullmatch(part) for part in path.split("/"))


def read(root: Path) -> Folder:
    """Read a folder. What cannot be read is a problem of the result: MY901 the folder itself, MY918 a part of it."""
    folder = Folder(root, disk.shown(root))
    if not regular.is_folder(root):
        hint = "name the folder of a pyspark project"
        folder.problems.append(problem("MY901", f"{printable(folder.shown)} is not a folder", hint=hint))
        return folder
    left = MAX_TEXTS
    for path, size in _files(folder):
        kind = _kind(path)
        if (kind is None and "." in path.rpartition("/")[2]) or left <= 0:
            continue
        if size > MAX_TEXT:
            if kind:
                _skip(folder, path, f"has {size >> 20} MiB, and is not looked into")
            continue
        text = _text(folder, path, kind)
        left -= size
        if text is not None:
            folder.texts[path] = text
    if left <= 0:
        _skip(folder, "", f"holds more than {MAX_TEXTS >> 20} MiB of text, and the rest is not looked into")
    return folder


def _files(folder: Folder) -> Iterator[tuple[str, int]]:
    """Yield path and bytes of each regular file, folder by folder; links that lead out are not followed."""
    waiting = [""]
    for here in waiting:  # grows while it is read: no recursion, however deep the folders are
        try:
            with os.scandir(folder.root / here) as inside:
                entries = sorted(inside, key=lambda each: each.name)
        except OSError as error:
            folder.problems.append(disk.refused(error, folder.root / here, code="MY918", doing="read"))
            continue
        if any(each.name == "_SUCCESS" for each in entries) or here.rstrip("/").endswith(".parquet"):
            folder.datasets.append(here.rstrip("/"))
            continue
        for each in entries:
            path = f"{here}{each.name}"
            if len(folder.sizes) >= MAX_FILES:
                _skip(folder, "", f"holds more than {MAX_FILES} files, and the rest is not looked at")
                return
            if each.is_dir(follow_symlinks=False):
                if not each.name.startswith(".") and each.name not in _SKIPPED and path.count("/") < MAX_DEPTH:
                    waiting.append(f"{path}/")
            elif (size := _size(folder, each, path)) is not None:
                folder.sizes[path] = size
                yield path, size


def _size(folder: Folder, entry: os.DirEntry[str], path: str) -> int | None:
    """Return the bytes of a file that belongs to the project; None for what does not, which is said of links."""
    try:
        if printable(path) != path or not entry.is_file():
            return None
        if entry.is_symlink() and not (folder.root / path).resolve().is_relative_to(folder.root.resolve()):
            _skip(folder, path, "is a link that leads out of the project, and is not followed")
            return None
        return entry.stat().st_size
    except OSError:
        return None


def _kind(path: str) -> str | None:
    name = path.rpartition("/")[2].lower()
    stem = name.partition(".")[0].partition("-")[0]
    if _REQUIREMENTS.fullmatch(name):
        return "requirements"
    if name.startswith("spark-defaults.conf"):
        return "settings"
    if name == ".env" or name.startswith(".env."):
        return "env"
    if stem in _NAMES:
        return _NAMES[stem]
    return "prose" if stem == "readme" else _ENDINGS.get(Path(name).suffix)


def _text(folder: Folder, path: str, kind: str | None) -> Text | None:
    try:
        content = regular.content(folder.root / path, MAX_TEXT + 1)
    except OSError as error:
        folder.problems.append(disk.refused(error, folder.root / path, code="MY918", doing="read"))
        return None
    text = _decoded(content)
    if text is None:
        if kind:
            _skip(folder, path, "is not text, and is not looked into")
        return None
    kind = kind or ("shell" if _INTERPRETER.match(text) else None)
    return Text(path, kind, text) if kind else None


def _decoded(content: bytes) -> str | None:
    """Return a text; None for bytes that are none. Latin-1 takes what is neither UTF-8 nor UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except ValueError:
        return content.decode("latin-1")


def _skip(folder: Folder, path: str, why: str) -> None:
    shown = printable(disk.shown(Path(folder.shown) / path))
    hint = "look at it yourself" if path else "name a smaller folder"
    place = folder.place(path) if path else None
    folder.problems.append(problem("MY918", f"{shown} {why}", hint=hint, place=place))
