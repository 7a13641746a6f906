"""The legacy plugin's place for kubectl.

Source: kustomize 5.8.1, api/konfig/plugins.go and api/internal/plugins/loader.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.kustomize.kustomization import KINDS
from modelyard.models.model_set import API_VERSION
from modelyard.problems import Problem, problem

FUNCTION: Final = "modelyard-fn"
OWN_HOME: Final = "KUSTOMIZE_PLUGIN_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that kustomize looks for plugins in, and what makes it one."""

    path: Path
    reason: str


def homes(env: Mapping[str, str]) -> list[Home]:
    """Return the folders in kustomize's order; it takes the first that exists, and looks no further."""
    base = home(env)
    found = [Home(Path(own), OWN_HOME)] if (own := env.get(OWN_HOME)) else []
    if config := env.get("XDG_CONFIG_HOME"):
        found.append(Home(Path(config, "kustomize", "plugin"), "XDG_CONFIG_HOME"))
    if base is not None:
        found.append(Home(base / ".config" / "kustomize" / "plugin", "the default of XDG_CONFIG_HOME"))
        found.append(Home(base / "kustomize" / "plugin", "the home folder"))
    return found


def home(env: Mapping[str, str]) -> Path | None:
    """Return the user's home folder; None for a user without one, as in some containers."""
    try:
        return Path(env.get("HOME") or Path.home())
    except RuntimeError:
        return None


def taken(env: Mapping[str, str]) -> Home | None:
    """Return the folder that kustomize looks for plugins in, or None where none exists."""
    return next((each for each in homes(env) if regular.exists(each.path)), None)


def links(base: Path) -> dict[str, Path]:
    """Return for each kind where its plugin lies: group, version, kind in lower case, kind."""
    return {kind: base / API_VERSION / kind.lower() / kind for kind in KINDS}


def function(env: Mapping[str, str]) -> Path | None:
    """Return the program modelyard-fn: beside this Python first, so that environments do not mix."""
    return beside_or_on_path(FUNCTION, env)


def beside_or_on_path(name: str, env: Mapping[str, str]) -> Path | None:
    """Return a program of ours: beside this Python first, so that environments do not mix."""
    beside = Path(sys.executable).parent / name
    return beside if beside.exists() else on_path(env, name)


def on_path(env: Mapping[str, str], name: str = FUNCTION) -> Path | None:
    """Return a program of ours that is on PATH: modelyard-fn is what kustomize finds for a KRM function."""
    found = shutil.which(name, path=env.get("PATH", ""))
    return Path(found).absolute() if found else None


def is_ours(link: Path) -> bool:
    """Tell whether a plugin is a link to modelyard-fn, wherever that is."""
    return points_to(link, FUNCTION)


def points_to(link: Path, name: str) -> bool:
    """Tell whether a path is a link to a program of this name, wherever that is."""
    try:
        return link.readlink().name == name
    except OSError:
        return False


def install(env: Mapping[str, str]) -> tuple[list[Path], list[Problem]]:
    """Link modelyard-fn into the folder that KUSTOMIZE_PLUGIN_HOME names, or that kustomize takes.

    Returns the links that are there afterwards, and problems.
    """
    program = function(env)
    if program is None:
        hint = "install modelyard with pip or pipx, so that its commands are on PATH"
        return [], [problem("MY501", f"{FUNCTION} is not found", hint=hint)]
    found = homes(env)
    if not found:
        return [], [problem("MY402", "this user has no home folder", hint=f"set HOME, or {OWN_HOME}")]
    chosen = found[0] if env.get(OWN_HOME) else taken(env) or found[0]
    wanted = list(links(chosen.path).values())
    for link in wanted:
        if os.path.lexists(link) and not is_ours(link):
            hint = "move it elsewhere; modelyard replaces only its own links"
            return [], [problem("MY402", f"{link} is not a link of modelyard", hint=hint)]
    try:
        for link in wanted:
            link_to(link, program)
    except OSError as error:
        return [], [not_written(error, chosen.path)]
    return wanted, []


def link_to(link: Path, program: Path) -> None:
    """Make or replace a link in one step: a build that runs at the same moment finds the old or the new one."""
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name(f".{link.name}.modelyard-new")
    if points_to(new, program.name):  # a killed run left it
        new.unlink()
    new.symlink_to(program)
    new.rename(link)


def not_written(error: OSError, path: Path) -> Problem:
    """Return the problem of what cannot be written."""
    wrong = f"{error.filename or path} cannot be written: {(error.strerror or 'unknown error').lower()}"
    return problem("MY402", wrong, hint="check who may write there")


def uninstall(env: Mapping[str, str]) -> tuple[list[Path], list[Problem]]:
    """Take our links out of every plugin folder, with the folders below it that they leave empty.

    Returns the links that went, and problems.
    """
    gone: list[Path] = []
    problems: list[Problem] = []
    for link in (link for home in homes(env) for link in links(home.path).values() if is_ours(link)):
        try:
            link.unlink()
            gone.append(link)
            for folder in link.parents[:3]:
                if not any(folder.iterdir()):
                    folder.rmdir()
        except OSError as error:
            problems.append(not_written(error, link))
    return gone, problems
