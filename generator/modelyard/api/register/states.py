"""What a models file says at each commit of the main line: which image serves what share on which target."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from modelyard.api.history import loaded_as
from modelyard.files.git_log import Commit, Log, Lookup
from modelyard.models.declared import DeclaredSet, Served
from modelyard.models.source import address, pinned
from modelyard.modelsfile import patterns
from modelyard.modelsfile.load import LOCK, leads_to
from modelyard.problems import has_errors
from modelyard.targets.workloads.objects import registered


class Key(NamedTuple):
    """What runs: a variant of a model on a target. variant: empty for a model without variants."""

    model: str
    target: str
    variant: str


class State(NamedTuple):
    """What serves there. version, source: as the models file says; empty where it does not."""

    image: str
    percent: int
    version: str
    source: str


class Change(NamedTuple):
    """A commit after which something else is served. names: the files of the commit that it follows from."""

    commit: Commit
    names: tuple[str, ...]
    states: Mapping[Key, State]


Files = tuple[tuple[str, str], ...]  # name -> object of git, of all that a models file leads to


def changes(log: Log, name: str, revision: str) -> list[Change]:
    """Return the changes of a models file, the oldest first. name: what it is called now.

    A commit in which the file has errors is passed over, and one without the file serves nothing. Raises GitProblem.
    """
    found: list[Change] = []
    known: dict[Files, Mapping[Key, State] | None] = {(): {}}
    with log.lookup() as lookup:
        walk = _Walk(log, lookup)
        for commit, called in walk.names(log.mainline(revision), name):
            files = walk.files(commit.hash, called)
            if files not in known:
                known[files] = _states(log, commit.hash, called)
            states = known[files]
            if states is not None and states != (found[-1].states if found else {}):
                found.append(Change(commit, tuple(each for each, _ in files), states))
    return found


@dataclass
class _Walk:
    log: Log
    lookup: Lookup
    leads: dict[str, tuple[str | None, list[str]]] = field(default_factory=dict)  # object -> base and patterns

    def names(self, commits: list[Commit], name: str) -> Iterator[tuple[Commit, str]]:
        """Return commits, each with what a file was called there."""
        found: list[tuple[Commit, str]] = []
        for commit in reversed(commits):
            found.append((commit, name))
            is_new = commit.parents and not self.lookup.object(commit.parents[0], name)
            if is_new and self.lookup.object(commit.hash, name):
                name = self.log.renamed_from(commit, name) or name
        return reversed(found)

    def files(self, commit: str, name: str | None) -> Files:
        """Return what a models file leads to at a commit: itself, its lock, its bases, and where fragments lie."""
        found: dict[str, str] = {}
        lock = posixpath.join(posixpath.dirname(name or ""), LOCK)
        while name and name not in found and (own := self.lookup.object(commit, name)):
            found[name] = own
            if own not in self.leads:
                self.leads[own] = leads_to(self.log.content(commit, name) or b"")
            base, includes = self.leads[own]
            beside = posixpath.dirname(name)
            for each in includes:
                folder = posixpath.normpath(posixpath.join(beside, patterns.above(each)))
                found[folder] = self.lookup.object(commit, "" if folder == "." else folder)
            name = posixpath.normpath(posixpath.join(beside, base)) if base else None
        if found and (locked := self.lookup.object(commit, lock)):
            found[lock] = locked
        return tuple(found.items())


def _states(log: Log, commit: str, name: str) -> Mapping[Key, State] | None:
    """Return what a models file says at a commit; None if it has errors there."""
    loaded = loaded_as(log, commit, name, commit)
    if loaded is None or loaded.models is None or has_errors(loaded.problems):
        return None
    return of_set(loaded.models)


def of_set(models: DeclaredSet) -> dict[Key, State]:
    """Return what a set serves."""
    return {
        Key(model.name, target, served.variant or ""): _state(models, served, target)
        for model in models.models
        for target in model.targets
        for served in model.served
    }


def _state(models: DeclaredSet, served: Served, target: str) -> State:
    own = getattr(served.specs[target], "image", None) or served.model.image
    image = models.locked(registered(models, own)) if isinstance(own, str) else ""
    percent = 100 if served.percent is None else served.percent
    source = served.model.source
    version = served.model.version or (pinned(source) if source else "")
    return State(image, percent, str(version), address(source) if source else "")
