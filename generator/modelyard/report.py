"""Problems as text for people. Machines' formats stand beside it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from modelyard.problem import Problem, Severity

# Control characters and directional overrides of a hostile file must not reach a terminal (CVE-2021-25743).
_UNSAFE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def printable(text: str) -> str:
    """Return the text with control characters written as escapes."""
    return _UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def line(problem: Problem) -> str:
    """Return `file:line:column: severity: message [code]`, without the place if there is none."""
    place = f"{problem.place}: " if problem.place else ""
    return printable(f"{place}{problem.severity}: {problem.message} [{problem.code}]")


def text(problems: Sequence[Problem]) -> str:
    """Return all problems with their hints and related places, and a line that counts them; empty if there are none."""
    if not problems:
        return ""
    parts = [part for each in problems for part in _lines(each)]
    return "\n".join([*parts, summary(problems)]) + "\n"


def _lines(problem: Problem) -> Iterable[str]:
    yield line(problem)
    for related in problem.related:
        yield printable(f"  {related.place}: {related.message}")
    if problem.subject:
        yield printable(f"  in {problem.subject.object}: {problem.subject.pointer}")
    if problem.hint:
        yield printable(f"  hint: {problem.hint}")


def summary(problems: Sequence[Problem]) -> str:
    """Return the counts, such as `1 error, 2 warnings`."""
    counts = Counter(each.severity for each in problems)
    words = [f"{counts[s]} {s}{'' if counts[s] == 1 else 's'}" for s in Severity if counts[s]]
    return ", ".join(words) or "no problems"


def bug(program: str, error: Exception) -> str:
    """Return the one line that is said of an exception: its type alone, for its text may hold a credential."""
    return (
        f"{program}: a bug in modelyard ({type(error).__name__}); please report it, with the traceback that "
        "MODELYARD_TRACEBACK=1 prints\n"
    )
