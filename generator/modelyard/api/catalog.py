"""The catalog: a static site of what runs where, from which image and source, approved by whom, and how good it is.

from modelyard.api import catalog

outcome = catalog.write(["overlays/test", "overlays/prod"], output="site")
print(outcome.models, outcome.files)
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from modelyard import __version__
from modelyard.api import pages, register
from modelyard.api.pipeline import load, models_file
from modelyard.api.register import Entry
from modelyard.api.register.states import Key, State, of_set
from modelyard.api.request_log import DATABASE
from modelyard.files import disk
from modelyard.manifests.page import page
from modelyard.models.contract import Column, Contract
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Problem, has_errors
from modelyard.report.pages import Figure, Table

if TYPE_CHECKING:
    from modelyard.request_log.report.model import Section

HEADER: Final = "# Written by modelyard catalog."
_NO_SLUG: Final = re.compile("[^a-z0-9]+")
_SERVED: Final = (
    "Target", "Variant", "Share in %", "Version", "Image", "Source", "Since", "Proposed by", "Approved by", "Signature",
    "Commit",
)  # fmt: skip
_COLUMN: Final = ("Name", "Type", "Format", "Shape", "Required", "May be null", "At most characters")
_SHORT: Final = 12  # digits of a commit

__all__ = ["Written", "write"]


@dataclass
class Written:
    """What became of the site. models, files: how many there are."""

    path: Path | None = None
    models: int = 0
    files: int = 0
    problems: list[Problem] = field(default_factory=list)


class Listed(NamedTuple):
    """A model of one models file. file: its page. newest: the variant with most of the calls, as it is served."""

    name: str
    environment: str
    file: str
    targets: str
    runtime: str
    newest: State
    served: str
    approval: str
    contract: str
    quality: "Section | None"
    facts: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]


class _Set(NamedTuple):
    """A models file. entries: of the register, all of them. quality: by model, where a database was asked."""

    shown: str
    models: DeclaredSet
    entries: Sequence[Entry]
    quality: "Mapping[str, Section]"


def write(files: Iterable[str | Path] = (".",), *, output: str | Path) -> Written:
    """Write the models of models files as a site into a folder, which then holds nothing else, all or nothing.

    How good they are is shown where MODELYARD_DATABASE names the database of their log; who approved what, where the
    files are in Git. Problems: what is wrong in a models file, and MY401 for a folder with other files.
    """
    sets, problems = _read(files)
    if has_errors(problems):
        return Written(problems=problems)
    listed = list(_listed(sets))
    content = dict(_pages(listed))
    folder = Path(output)
    problems += disk.exchange(folder, content, HEADER)
    return Written(None if has_errors(problems) else folder, len(listed), len(content), problems)


def _read(files: Iterable[str | Path]) -> tuple[list[_Set], list[Problem]]:
    sets, problems = [], list[Problem]()
    for each in files:
        loaded = load(each)
        problems += loaded.problems
        if loaded.models is None or has_errors(loaded.problems):
            continue
        entries, found = register.read([each])
        problems += [] if has_errors(found) else found  # a file outside of Git has no history, and that is no fault
        quality, found = pages.sections(each) if os.environ.get(DATABASE) else ({}, [])
        problems += found
        shown = entries[0].environment if entries else models_file(each).as_posix()
        sets.append(_Set(shown, loaded.models, entries, quality))
    return sets, problems


def _listed(sets: Iterable[_Set]) -> Iterator[Listed]:
    taken: set[str] = set()
    for own in sets:
        slug = _NO_SLUG.sub("-", own.shown.lower().removesuffix("models.yaml")).strip("-") or "models"
        slug = next(name for i in range(1, len(taken) + 2) if (name := slug if i == 1 else f"{slug}-{i}") not in taken)
        taken.add(slug)
        for model in own.models.models:
            states = {key: state for key, state in of_set(own.models).items() if key.model == model.name}
            yield _model(own, model, states, f"{slug}/{model.name}.html")


def _model(own: _Set, model: DeclaredModel, states: Mapping[Key, State], file: str) -> Listed:
    running = {Key(each.model, each.target, each.variant): each for each in own.entries if each.until is None}
    known = {key: _known(state, running.get(key)) for key, state in states.items()}
    newest = max(known.values(), key=lambda each: each.percent, default=State("", 0, "", ""))
    own_runs = [running[key] for key in states if key in running]
    approved = list(dict.fromkeys(pages.person(name) for each in own_runs for name in each.people.approved))
    pinned = (own.models.contracts or {}).get(model.name)
    contract = pinned.relied_on if pinned else None
    quality = own.quality.get(model.name)
    served = "; ".join(_share(key, state) for key, state in states.items())
    return Listed(
        name=model.name,
        environment=own.shown,
        file=file,
        targets=", ".join(model.targets),
        runtime=model.whole.model.runtime,
        newest=newest,
        served=served,
        approval=", ".join(approved),
        contract=f"{len(contract.inputs)} inputs, {len(contract.outputs)} outputs" if contract else "",
        quality=quality,
        facts=tuple(_facts(own, model)),
        figures=tuple(_figures(own, model, known, running, contract)),
    )


def _known(state: State, entry: Entry | None) -> State:
    """Return what serves, with what Git knows of its version and source where the file does not say it."""
    if entry is None:
        return state
    return state._replace(version=state.version or entry.version, source=state.source or entry.source)


def _share(key: Key, state: State) -> str:
    return f"{key.target}: {key.variant or 'the model'} {state.percent} %"


def _facts(own: _Set, model: DeclaredModel) -> Iterator[tuple[str, str]]:
    yield "Models file", own.shown
    yield "Set", own.models.metadata.name
    yield "Namespace", own.models.spec.namespace or "that of the kustomization"
    yield "Runtime", model.whole.model.runtime
    yield "Targets", ", ".join(model.targets) or "none"


def _figures(
    own: _Set,
    model: DeclaredModel,
    states: Mapping[Key, State],
    running: Mapping[Key, Entry],
    contract: Contract | None,
) -> Iterator[Figure]:
    rows = [_row(key, state, running.get(key)) for key, state in states.items()]
    told = "" if own.entries else " The models file is not in Git, so that nobody is known to have approved it."
    table = Table(f"{model.name}-served.csv", _SERVED, rows)
    yield Figure("served", "What runs where", f"As the models file declares it.{told}", table)
    yield from _contract(model.name, contract)
    past = [each for each in own.entries if each.model == model.name and each.until is not None]
    if past:
        head = (*_SERVED[:6], "From", "Until", *_SERVED[7:])
        rows = [
            (each.target, each.variant, each.percent, each.version, each.image, each.source, _time(each.since),
             _time(each.until or 0), *_people(each))
            for each in reversed(past)
        ]  # fmt: skip
        text = "What was served before, by Git's history."
        yield Figure("history", "History", text, Table(f"{model.name}-history.csv", head, rows))


def _row(key: Key, state: State, entry: Entry | None) -> tuple[str | int | datetime | None, ...]:
    people = _people(entry) if entry else ("", "", "", "")
    since = _time(entry.since) if entry else None
    return key.target, key.variant, state.percent, state.version, state.image, state.source, since, *people


def _people(entry: Entry) -> tuple[str, str, str, str]:
    approved = ", ".join(map(pages.person, entry.people.approved))
    return pages.person(entry.people.proposed), approved, entry.people.signature, entry.commit[:_SHORT]


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _contract(model: str, contract: Contract | None) -> Iterator[Figure]:
    """Yield what callers rely on."""
    if contract is None:
        return
    for key, columns in (("inputs", contract.inputs), ("outputs", contract.outputs)):
        rows = [row for name, column in columns.items() for row in _columns(name, column)]
        text = f"Pinned by the lock, from {contract.origin}."
        table = Table(f"{model}-{key}.csv", _COLUMN, rows)
        yield Figure(key, f"Contract: {key}", text, table)


def _columns(name: str, column: Column) -> Iterator[tuple[str | int | bool | None, ...]]:
    shape = str(list(column.shape)) if column.shape else ""
    yield name, column.type, column.format, shape, column.required, column.nullable, column.maxLength
    for inner, below in (column.properties or {}).items():
        yield from _columns(f"{name}.{inner}", below)
    if column.items is not None:
        yield from _columns(f"{name}[]", column.items)


def _pages(listed: Sequence[Listed]) -> Iterator[tuple[str, str]]:
    head = (
        "Model",
        "Models file",
        "Targets",
        "Serves",
        "Version",
        "Image",
        "Source",
        "Approved by",
        "Contract",
        "Quality",
    )
    rows = [
        (each.name, each.environment, each.targets, each.served, each.newest.version, each.newest.image,
         each.newest.source, each.approval, each.contract, each.quality.told if each.quality else "")
        for each in listed
    ]  # fmt: skip
    table = Table("catalog.csv", head, rows)
    shared = {"header": f"<!-- {HEADER.removeprefix('# ')} -->", "made": "", "version": __version__}
    measured = any(each.quality for each in listed)
    yield "index.html", page("catalog.html", {**shared, "models": listed, "table": table, "measured": measured})
    for each in listed:
        yield each.file, page("catalog-model.html", {**shared, "own": each})
