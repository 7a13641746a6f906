"""Pages about models for people who use no terminal: what the monitor has kept, as one file of HTML.

from modelyard.api import pages

outcome = pages.report("overlays/prod", output="report.html")
for model in outcome.models:
    print(model.name, model.state, model.told)
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelyard import __version__
from modelyard.api import measuring, register
from modelyard.api.logs import Log, in_log
from modelyard.api.register import Entry
from modelyard.files import disk
from modelyard.manifests.page import page
from modelyard.problems import Problem, has_errors
from modelyard.report.pages import Event, when
from modelyard.request_log.measures.plan import Plan

if TYPE_CHECKING:
    from modelyard.request_log.report.model import Section

DAYS: Final = 90  # of a report

__all__ = ["DAYS", "Report", "person", "report", "sections"]


@dataclass
class Report:
    """What was written. models: how each stands, with its figures."""

    path: Path | None = None
    models: "list[Section]" = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def report(
    file: str | Path = ".",
    models: Sequence[str] = (),
    *,
    output: str | Path,
    since: datetime | None = None,
) -> Report:
    """Write what was measured of models, of all that are monitored if none is named, as one page without requests.

    since: of the first run that is shown; 90 days before the newest if absent. Promotions are those of Git's history,
    where the models file is in Git. Nothing is measured, and no row of the log is read.
    """
    plans, problems = measuring.plans(file, models)
    if has_errors(problems):
        return Report(problems=problems)
    promotions, found = _promotions(file, {each.model for each in plans})
    problems += found
    log = Log(plans[0].table, plans[0].files)
    sections, faults = in_log(log, lambda connection: list(_sections(connection, plans, promotions, since)))
    if sections is None:
        return Report(problems=[*problems, *faults])
    path = Path(output)
    text = page("report.html", {"models": sections, "made": when(datetime.now(UTC)), "version": __version__})
    problems += disk.write(path, text.encode())
    return Report(None if has_errors(problems) else path, sections, problems)


def sections(file: str | Path) -> "tuple[dict[str, Section], list[Problem]]":
    """Return what was measured of the models of a set that are monitored, by their names; none where none is."""
    plans, problems = measuring.plans(file)
    if any(each.code == "MY826" for each in problems):
        return {}, []
    if has_errors(problems):
        return {}, problems
    promotions, _ = _promotions(file, {each.model for each in plans})
    log = Log(plans[0].table, plans[0].files)
    found, faults = in_log(log, lambda connection: list(_sections(connection, plans, promotions, None)))
    return {each.name: each for each in found or ()}, faults


def _sections(
    connection: Any, plans: Iterable[Plan], promotions: dict[str, list[Event]], since: datetime | None
) -> "Iterator[Section]":
    from modelyard.request_log.report.kept import kept, newest
    from modelyard.request_log.report.model import section

    for i, plan in enumerate(plans):
        last = newest(connection, plan)
        first = since or (last or datetime.now(UTC)) - timedelta(days=DAYS)
        runs = kept(connection, plan, first)
        yield section(f"m{i + 1}", plan, runs, promotions.get(plan.model, []))


def _promotions(file: str | Path, models: Iterable[str]) -> tuple[dict[str, list[Event]], list[Problem]]:
    """Return what Git says of models; where it says nothing, that is no fault."""
    entries, problems = register.read([file])
    if has_errors(problems):
        return {}, []
    return {each: list(_events([one for one in entries if one.model == each])) for each in models}, problems


def _events(entries: Sequence[Entry]) -> Iterator[Event]:
    """Yield when a variant got another share or image, on whatever targets, once."""
    before: dict[str, Entry] = {}
    for each in entries:
        own = before.get(each.variant)
        before[each.variant] = each
        if own is None or (own.image, own.percent) != (each.image, each.percent):
            yield Event(datetime.fromtimestamp(each.since, UTC), _told(each, own))


def _told(entry: Entry, before: Entry | None) -> str:
    name = entry.variant or "the model"
    was = f", {before.percent} % before" if before and before.percent != entry.percent else ""
    version = f", version {entry.version}" if entry.version else ""
    people = [f"proposed by {person(entry.people.proposed)}"] if entry.people.proposed else []
    if entry.people.approved:
        people.append(f"approved by {', '.join(map(person, entry.people.approved))}")
    return f"{name} gets {entry.percent} % of the calls{was}{version}; {', '.join(people)}"


def person(text: str) -> str:
    """Return a person without the address: a page goes further than Git."""
    return text.partition(" <")[0]
