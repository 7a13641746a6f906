"""The register of models, read from Git: which version served what share on which target, from when to when.

from modelyard.api import register

found, problems = register.read(["overlays/dev", "overlays/prod"])
for each in found:
    print(each.environment, each.model, each.target, each.variant, each.image, each.percent, each.since, each.until)

A models file counts from the commit that brings it to the main line, and until the next one that changes it there. A
commit in which it has errors changes nothing, for nothing of it is rendered. Files that moved are followed.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modelyard.api.pipeline import models_file
from modelyard.api.register.states import Change, Key, State, changes
from modelyard.files.git import DEEPEN, GitProblem
from modelyard.files.git_log import NOBODY, Commit, Log, People
from modelyard.files.trailers import Trailers, trailers_of
from modelyard.manifests.names import offer
from modelyard.problems import Problem, problem

__all__ = ["Entry", "history", "read"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one variant of a model served on one target, for as long as nothing of it changed.

    environment: the models file, by its path in the repository now. image: as it is rendered, with its digest where
    one is known. percent: of the calls. since, until: seconds since 1970 (UTC); until is None for what is served
    still. commit: the one that brought it; ended: the one that ended it. source, version: of the artefact; where the
    file says neither, as the commit's trailers do, and then the version is the tag of the image.
    """

    environment: str
    model: str
    target: str
    variant: str
    image: str
    percent: int
    version: str
    source: str
    since: int
    commit: str
    until: int | None = None
    ended: str = ""
    subject: str = ""
    people: People = NOBODY

    @property
    def digest(self) -> str:
        """The image's digest; empty where it is not known."""
        return self.image.partition("@")[2]


def read(files: Iterable[str | Path], model: str = "", revision: str = "HEAD") -> tuple[list[Entry], list[Problem]]:
    """Return the register of models files, the oldest entries first. model: of this one alone.

    Problems: MY721 no repository, MY722 no such revision, MY741 a file that was never committed; MY742, a warning,
    where the clone has not the whole history.
    """
    entries: list[Entry] = []
    problems: list[Problem] = []
    for each in files:
        try:
            found, wrong = _of_file(models_file(each), model, revision)
        except GitProblem as error:
            found, wrong = [], [error.problem]
        entries += found
        problems += wrong
    return sorted(entries, key=lambda each: each.since), list(dict.fromkeys(problems))


def history(files: Sequence[str | Path], name: str, revision: str = "HEAD") -> tuple[list[Entry], list[Problem]]:
    """Return the register of one model. Problems: as for `read`; MY723 where no commit has it."""
    found, problems = read(files, name, revision)
    if found or any(each.severity == "error" for each in problems):
        return found, problems
    every, _ = read(files, revision=revision)
    known = sorted({each.model for each in every})
    hint = offer(name, known)
    return [], [*problems, problem("MY723", f"no commit has a model {name}", hint=hint)]


def _of_file(file: Path, model: str, revision: str) -> tuple[list[Entry], list[Problem]]:
    log = Log(file)
    log.commit(revision)
    name = log.name(file)
    if name is None:
        raise GitProblem(problem("MY741", f"{file} is outside of its repository", hint="name a file that is under git"))
    found = changes(log, name, revision)
    if not found:
        hint = "commit it first: the register is what git's history says"
        return [], [problem("MY741", f"no commit on the main line has {name}", hint=hint)]
    problems = [problem("MY742", f"the history of {name} is cut off here", hint=DEEPEN)] if log.is_shallow else []
    return list(_entries(log, name, found, model)), problems


def _entries(log: Log, environment: str, found: Sequence[Change], model: str) -> Iterator[Entry]:
    """Yield what changes amount to."""
    running: dict[Key, tuple[State, Entry]] = {}
    said: dict[str, Trailers] = {}  # image -> what the commit that brought it last said
    for change in found:
        after = {key: state for key, state in change.states.items() if model in ("", key.model)}
        before = {state.image for state, _ in running.values()}
        for key in [key for key, (state, _) in running.items() if state != after.get(key)]:
            yield replace(running.pop(key)[1], until=change.commit.time, ended=change.commit.hash)
        new = {key: state for key, state in after.items() if key not in running}
        if not new:
            continue
        message, people = log.message(change.commit), log.people(change.commit, change.names)
        trailers = trailers_of(message.whole)
        images = {state.image for state in new.values()}
        said |= dict.fromkeys(_told(trailers, images, images - before), trailers)
        for key, state in new.items():
            about = said.get(state.image, Trailers())
            entry = _entry(environment, key, state, about, change.commit)
            running[key] = state, replace(entry, subject=message.subject, people=people)
    yield from (entry for _, entry in running.values())


def _told(trailers: Trailers, images: Collection[str], fresh: Collection[str]) -> list[str]:
    """Return the images that a commit's trailers are about: by the digest, else the one that is new."""
    named = [each for each in images if trailers.digest and each.endswith(f"@{trailers.digest}")]
    tags = [each for each in fresh if not trailers.digest or "@" not in each]
    return named or (tags if any(trailers) and len(tags) == len(fresh) == 1 else [])


def _entry(environment: str, key: Key, state: State, said: Trailers, commit: Commit) -> Entry:
    image = f"{state.image}@{said.digest}" if said.digest and "@" not in state.image else state.image
    return Entry(
        environment=environment,
        model=key.model,
        target=key.target,
        variant=key.variant,
        image=image,
        percent=state.percent,
        version=state.version or said.version or _tag(state.image),
        source=state.source or said.source,
        since=commit.time,
        commit=commit.hash,
    )


def _tag(image: str) -> str:
    """Return the tag of an image, which is what people call its version."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
