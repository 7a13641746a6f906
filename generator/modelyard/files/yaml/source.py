"""One file on its way into the parser: its bytes, its text, its places, and the problems met."""

import codecs
import re
from functools import cached_property
from typing import Final, NoReturn

from modelyard.files.yaml.marks import COLUMN_BITS, Sources
from modelyard.problems import Problem, Related, problem

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_PROBLEMS: Final = 100  # of one file: a reader does not mend more in one go
_COLUMN_MASK: Final = (1 << COLUMN_BITS) - 1
SHOWN: Final = 60  # characters of the file's text in a message

# What a file in another encoding starts with; of those without a byte order mark the NULs that ASCII has there.
_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark"),
)
_NULS: Final = re.compile(rb"\0\0\0[^\0]|[^\0]\0\0\0|(?P<sixteen>[^\0]\0[^\0]\0|\0[^\0]\0[^\0])", re.DOTALL)

# Control characters, and the characters that libyaml takes for line breaks while editors do not.
_RAW_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURE: Final = b"\t\n\r" + bytes(range(0x20, 0x7F))  # characters that are never forbidden, as bytes
# kustomize 5.8.1 stops at these or turns them into a blank, however they are quoted.
VALUE_FORBIDDEN: Final = re.compile("[\x00\x7f-\x9f\ufffe\uffff]")


class StopReadingError(Exception):
    """Reading cannot go on; the reason is among the problems."""


class Source:
    """One file while it is read."""

    def __init__(self, content: bytes, sources: Sources, file: str, *, start: int | None = None) -> None:
        """Register the file under the name that messages show; `start`: the content is a part of it, from this mark."""
        self.content = content
        self.sources = sources
        self.base = sources.add(file) if start is None else start
        self.problems: list[Problem] = []

    @cached_property
    def text(self) -> str:
        """The file as text; made when needed, because it can take four times the memory of the bytes."""
        return self.content.decode("utf-8")

    def mark(self, index: int) -> int:
        """Return the mark of a character, counting lines as editors do: by LF, CRLF and CR."""
        return self.base + _offset(self.text[:index])

    def after(self, mark: int, passed: str) -> int:
        """Return the mark behind the text that starts at a mark."""
        offset = _offset(passed)
        return (mark | _COLUMN_MASK) - _COLUMN_MASK + offset if offset >> COLUMN_BITS else mark + offset

    def report(self, code: str, message: str, mark: int, *, hint: str = "", related: tuple[Related, ...] = ()) -> None:
        """Add a problem. Raises StopReadingError when there are too many."""
        place = self.sources.place(mark)
        self.problems.append(problem(code, message, hint=hint, place=place, related=related))
        if len(self.problems) >= MAX_PROBLEMS:
            raise StopReadingError

    def related(self, mark: int, message: str) -> tuple[Related, ...]:
        """Return a second place for a problem."""
        return (Related(self.sources.place(mark), message),)

    def stop(self, code: str, message: str, mark: int, *, hint: str) -> NoReturn:
        """Add a problem after which nothing can be read. Raises StopReadingError."""
        self.report(code, message, mark, hint=hint)
        raise StopReadingError


def shown(text: str) -> str:
    """Return text of the file for a message: short, and with escapes for what a terminal would obey."""
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…")[1:-1]


def check_text(source: Source) -> int:
    """Check size, encoding and characters; return the number of characters.

    Raises StopReadingError after the first problem: a file in another encoding would have thousands.
    """
    content, base = source.content, source.base
    if len(content) > MAX_BYTES:
        hint = f"at most {MAX_BYTES} are read; split the set"
        source.stop("MY009", f"the file has {len(content)} bytes", base, hint=hint)
    text = check_encoding(source)
    if found := first_of(_RAW_FORBIDDEN, source.content, text):
        source.stop(
            "MY003",
            f"the character {name_of(found[0])} is not allowed",
            base + _offset(text[: found.start()]),
            hint=_raw_hint(found[0]),
        )
    return len(text)


def first_of(forbidden: re.Pattern[str], content: bytes, text: str) -> re.Match[str] | None:
    """Return the first forbidden character of a text. content: its bytes, which tell of most that there is none."""
    is_sure = content.isascii() and not content.translate(None, _SURE)
    return None if is_sure else forbidden.search(text)


def check_encoding(source: Source) -> str:
    """Return the text of a file in UTF-8 without a byte order mark. Raises StopReadingError for any other."""
    content, base = source.content, source.base
    if name := _other_encoding(content):
        source.stop("MY002", f"the file is {name}", base, hint="save it as UTF-8 without a byte order mark")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        mark = base + _offset(content[: error.start].decode("utf-8"))
        byte = f"0x{content[error.start]:02x}"
        source.stop("MY002", f"the byte {byte} is not UTF-8", mark, hint="save the file as UTF-8")


def name_of(character: str) -> str:
    """Return a character's name in the form of the Unicode standard, such as U+0085."""
    return f"U+{ord(character):04X}"


def _offset(before: str) -> int:
    """Return the line and column bits of the mark after this text."""
    line = before.count("\n") + before.count("\r") - before.count("\r\n")
    column = len(before) - 1 - max(before.rfind("\n"), before.rfind("\r"))
    return (line << COLUMN_BITS) + min(column, _COLUMN_MASK)


def _other_encoding(content: bytes) -> str | None:
    for start, name in _ENCODINGS:
        if content.startswith(start):
            return name
    if found := _NULS.match(content):
        return "UTF-16" if found["sixteen"] else "UTF-32"
    return None


def _raw_hint(character: str) -> str:
    if VALUE_FORBIDDEN.fullmatch(character):
        return "remove it"
    return f'remove it, or write it as "\\u{ord(character):04x}" between double quotes'
