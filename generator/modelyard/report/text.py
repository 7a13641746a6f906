"""Problems as text for people, with the line of the source that each is about."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from modelyard.problems import Place, Problem, is_open, printable

if TYPE_CHECKING:
    from modelyard.report.counts import Report

MOST_OF_A_CODE: Final = 10  # findings that are shown; of more people read none
Excerpt = Callable[[Place], Sequence[str]]


def line(problem: Problem) -> str:
    """Return `file:line:column: severity: message [code]`, without the place if there is none."""
    place = f"{problem.place}: " if problem.place else ""
    return printable(f"{place}{problem.severity}: {problem.message} [{problem.code}]")


def text(problems: Sequence[Problem], excerpt: Excerpt | None = None, *, most: int | None = None) -> str:
    """Return all problems with their hints and related places, the counts, and what is accepted; empty without any.

    excerpt: gives the lines that show a place in its source. most: so many findings of a code are shown.
    """
    opened = [each for each in problems if is_open(each)]
    shown: Counter[str] = Counter()
    parts: list[str] = []
    for each in opened:
        shown[each.code] += 1
        if most is None or shown[each.code] <= most:
            parts += _lines(each, excerpt)
    parts += [
        f"{count - most} more of {code}; --format json shows all"
        for code, count in shown.items()
        if most is not None and count > most
    ]
    if opened:
        parts.append(summary(problems))
    parts += _accepted([each for each in problems if not is_open(each)])
    return "\n".join([*parts, ""]) if parts else ""


def write(report: "Report") -> str:
    """Return a report as text with excerpts of the sources, or one line that says that there are no problems."""
    from modelyard.report.excerpt import Excerpts  # the exec plugin shows none

    shown = text(report.problems, Excerpts(report.contents))
    return shown if report.open else f"{report.counts}\n{shown}"


def _lines(problem: Problem, excerpt: Excerpt | None) -> Iterable[str]:
    yield line(problem)
    if excerpt and problem.place:
        yield from excerpt(problem.place)
    for related in problem.related:
        yield printable(f"  {related.place}: {related.message}")
    if problem.subject:
        yield printable(f"  in {problem.subject.object}: {problem.subject.pointer}")
    if problem.hint:
        yield printable(f"  hint: {problem.hint}")


def _accepted(problems: Sequence[Problem]) -> Iterable[str]:
    if problems:
        yield f"{len(problems)} finding{'' if len(problems) == 1 else 's'} accepted:"
    for each in problems:
        place = f"{each.place}: " if each.place else ""
        yield printable(f"  {place}{each.message} [{each.code}]")
        yield printable(f"    reason: {each.accepted}")


def summary(problems: Iterable[Problem]) -> str:
    """Return the counts of what is open, such as `1 error, 2 warnings`."""
    from modelyard.report.counts import Counts

    return str(Counts.of(problems))


def bug(program: str, error: Exception) -> str:
    """Return the one line that is said of an exception: its type alone, for its text may hold a credential."""
    return (
        f"{program}: a bug in modelyard ({type(error).__name__}); please report it, with the traceback that "
        "MODELYARD_TRACEBACK=1 prints\n"
    )
