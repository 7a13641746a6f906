"""A notice: what changed, from which version to which, by whom, and where to look."""

import getpass
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from modelyard.files.git import GitProblem, Repository
from modelyard.problems import printable
from modelyard.problems.credentials import without_forms

Event = Literal["applied", "promoted", "rolled back", "proposed", "built", "publish failed", "degraded", "recovered"]

# Variables of who started a pipeline, and of the address of its run: GitHub, GitLab.
_ACTORS: Final = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")
_RUNS: Final = ("CI_JOB_URL", "CI_PIPELINE_URL", "BUILD_URL")
# Events that nobody causes: the monitor finds them.
_FOUND: Final = frozenset(["degraded", "recovered"])
_MOST_LINE: Final = 300  # characters of a line
_SHOWN: Final = 3  # models that a title names


class Link(NamedTuple):
    """A page with more, and what it is called."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told. lines: what changed, a line a model, without what has the form of a credential. time: RFC 3339."""

    event: Event
    set_name: str
    file: str
    models: tuple[str, ...]
    lines: tuple[str, ...]
    by: str
    links: tuple[Link, ...]
    time: str

    @property
    def title(self) -> str:
        """What happened, in one line."""
        rest = len(self.models) - _SHOWN
        what = ", ".join(self.models[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
        return f"{self.set_name}: {what or 'the set'} {self.event}"


def notice(
    event: Event,
    set_name: str,
    file: Path,
    models: Iterable[str],
    lines: Iterable[str],
    links: Sequence[Link] = (),
) -> Notice:
    """Return a notice, as of now."""
    every = (*links, *_links(file, os.environ))
    sound = tuple(Link(_clean(title), url) for title, url in every if _is_page(url))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    by = "modelyard monitor" if event in _FOUND else _clean(_who(file, os.environ))
    return Notice(event, set_name, str(file), tuple(models), tuple(map(_clean, lines)), by, sound, now)


def _clean(text: str) -> str:
    line = printable(without_forms(" ".join(text.split())))
    return line if len(line) <= _MOST_LINE else f"{line[: _MOST_LINE - 1]}…"


def _is_page(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _who(file: Path, environment: Mapping[str, str]) -> str:
    """Return who runs this: who started the pipeline, else who git says commits here, else the user's name."""
    for name in _ACTORS:
        if found := environment.get(name):
            return found
    try:
        if found := Repository(file).identity:
            return found
    except GitProblem:
        pass
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a name for its user
        return "unknown"


def _links(file: Path, environment: Mapping[str, str]) -> Iterator[Link]:
    """Yield the pages of the run and of the commit."""
    if all(f"GITHUB_{name}" in environment for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")):
        repository = f"{environment['GITHUB_SERVER_URL']}/{environment['GITHUB_REPOSITORY']}"
        yield Link("Run", f"{repository}/actions/runs/{environment['GITHUB_RUN_ID']}")
    elif found := next((environment[name] for name in _RUNS if name in environment), ""):
        yield Link("Run", found)
    try:
        repository_ = Repository(file)
        if (source := repository_.source).startswith("https://"):
            yield Link("Commit", f"{source.removesuffix('.git')}/commit/{repository_.commit('HEAD')}")
    except GitProblem:
        pass
