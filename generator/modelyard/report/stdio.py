"""Standard input, output and error of a program: they may be closed, full, or without a reader."""

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TextIO

EXIT_PROBLEMS: Final = 1
EXIT_BUG: Final = 3
EXIT_INTERRUPTED: Final = 130


def guarded(program: str, work: Callable[[], int]) -> int:
    """Run a program to its last byte of output; return its exit code, or 1, 3 or 130 for what it did not foresee.

    1: the system refuses something, such as a write to a full disk; 3: a bug. MODELYARD_TRACEBACK=1 lets both through.
    """
    _open()
    try:
        code = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader has gone; it must not be complained about
        code = EXIT_PROBLEMS
    except OSError as error:
        if os.environ.get("MODELYARD_TRACEBACK"):
            raise
        code = EXIT_PROBLEMS
        _say(f"{program}: error: {_refused(error)}\n")
    except Exception as error:  # the last door: whatever it is, it is a bug
        if os.environ.get("MODELYARD_TRACEBACK"):
            raise
        from modelyard.report.text import bug

        code = EXIT_BUG
        _say(bug(program, error))
    _drop()
    return code


def _refused(error: OSError) -> str:
    from modelyard.problems import printable

    what = error.filename if isinstance(error.filename, str) else "standard output"
    return printable(f"cannot read or write {what}: {error.strerror or type(error).__name__}")


def _say(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


class _Closed(io.RawIOBase):
    """A descriptor that was closed before the program began. refuses: until nobody is left to be told."""

    refuses = True

    def __init__(self, name: str, *, is_input: bool) -> None:
        self._name = name
        self._is_input = is_input

    def readable(self) -> bool:
        """Tell whether it is standard input."""
        return self._is_input

    def writable(self) -> bool:
        """Tell whether it is standard output."""
        return not self._is_input

    def readinto(self, _: object) -> int:
        """Refuse."""
        raise OSError(errno.EBADF, "it is closed", self._name)

    def write(self, data: Any) -> int:
        """Refuse."""
        if _Closed.refuses:
            raise OSError(errno.EBADF, "it is closed", self._name)
        return len(data)


def was_closed(stream: TextIO) -> bool:
    """Tell whether a standard stream was closed before the program began."""
    return isinstance(getattr(stream.buffer, "raw", None), _Closed)


def _open() -> None:
    """Put something in place of what is closed: else the first file that is opened is taken for standard output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    # Python has no stream where a descriptor is closed, whatever its types say.
    streams: dict[str, object] = vars(sys)
    if streams["stdin"] is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_Closed("standard input", is_input=True)))
    if streams["stdout"] is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed("standard output", is_input=False)))
    if streams["stderr"] is None:
        sys.stderr = io.TextIOWrapper(io.FileIO(os.open(os.devnull, os.O_WRONLY), "w"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Manifests are UTF-8 whatever the locale is; names of files can hold bytes that are no text.
        encoding = None if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


def _drop() -> None:
    """Let the end of Python find nothing in the buffers that it cannot write: it would change the exit code."""
    _Closed.refuses = False
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _redirect(stream)


def _redirect(stream: object) -> None:
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[attr-defined]
        os.close(nowhere)
        stream.flush()  # type: ignore[attr-defined]
