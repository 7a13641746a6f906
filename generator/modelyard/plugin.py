"""The legacy plugin's place for kubectl, and the silent cases in which a host does not run modelyard-fn.

Sources: kustomize 5.8.1, api/konfig/plugins.go (where plugins are looked up), api/internal/plugins/loader
(which kind of plugin an annotation makes).
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelyard.kustomization import NAMES, generators
from modelyard.models.modelset import API_VERSION
from modelyard.problem import Problem, problem

KINDS: Final = ("ModelGenerator", "ModelSet")
FUNCTION: Final = "modelyard-fn"


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that kustomize looks for plugins in, and what makes it one."""

    path: Path
    reason: str


def homes(env: Mapping[str, str]) -> Iterator[Home]:
    """Yield the folders in kustomize's order; it takes the first that exists, and looks no further."""
    if own := env.get("KUSTOMIZE_PLUGIN_HOME"):
        yield Home(Path(own), "KUSTOMIZE_PLUGIN_HOME")
    if config := env.get("XDG_CONFIG_HOME"):
        yield Home(Path(config) / "kustomize" / "plugin", "XDG_CONFIG_HOME")
    home = Path(env.get("HOME") or Path.home())
    yield Home(home / ".config" / "kustomize" / "plugin", "~/.config")
    yield Home(home / "kustomize" / "plugin", "~")


def home(env: Mapping[str, str]) -> Home:
    """Return the folder that kustomize takes, or, where none exists, the one to make."""
    candidates = list(homes(env))
    return next((each for each in candidates if each.path.is_dir()), candidates[0])


def links(base: Path) -> dict[str, Path]:
    """Return for each kind where its plugin lies: group, version, kind in lower case, kind."""
    return {kind: base / API_VERSION / kind.lower() / kind for kind in KINDS}


def function() -> Path | None:
    """Return the program modelyard-fn: beside this Python first, so that environments do not mix."""
    beside = Path(sys.executable).parent / FUNCTION
    found = str(beside) if beside.exists() else shutil.which(FUNCTION)
    return Path(found) if found else None


def install(env: Mapping[str, str]) -> tuple[list[Path], list[Problem]]:
    """Link modelyard-fn into the plugin folder. Returns the links that are there afterwards, and problems."""
    program = function()
    if program is None:
        hint = "install modelyard with pip or pipx, so that its commands are on PATH"
        return [], [problem("MY501", f"{FUNCTION} is not found", hint=hint)]
    made: list[Path] = []
    for link in links(home(env).path).values():
        if link.exists() and not link.is_symlink():
            hint = "move it elsewhere; modelyard replaces only its own links"
            return made, [problem("MY402", f"{link} is not a link of modelyard", hint=hint)]
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            new = link.with_name(f".{link.name}.new")
            new.unlink(missing_ok=True)
            new.symlink_to(program)
            new.rename(link)
        except OSError as error:
            return made, [
                problem("MY402", f"{link} cannot be written: {error.strerror}", hint="check who may write there")
            ]
        made.append(link)
    return made, []


def uninstall(env: Mapping[str, str]) -> list[Path]:
    """Take our links out of every plugin folder, with the folders that they leave empty. Returns what went."""
    gone = []
    for each in homes(env):
        for link in links(each.path).values():
            if link.is_symlink() and link.readlink().name == FUNCTION:
                link.unlink()
                gone.append(link)
                for folder in (link.parent, link.parent.parent, link.parent.parent.parent):
                    if folder.is_dir() and not any(folder.iterdir()):
                        folder.rmdir()
    return gone


def status(env: Mapping[str, str], folder: Path) -> list[str]:
    """Return lines that say whether each host would run the plugin for the kustomization in a folder."""
    return [*_function_lines(), *_home_lines(env), *_kustomization_lines(folder)]


def _function_lines() -> Iterator[str]:
    program, on_path = function(), shutil.which(FUNCTION)
    if on_path is None:
        yield f"problem  {FUNCTION} is not on PATH: the KRM function `exec: {{path: {FUNCTION}}}` will not be found"
        if program is not None:
            yield f"         add {program.parent} to PATH"
    else:
        yield f"ok       {FUNCTION} is {on_path}"


def _home_lines(env: Mapping[str, str]) -> Iterator[str]:
    taken = home(env)
    if not taken.path.is_dir():
        yield f"note     no plugin folder for kubectl; `modelyard plugin install` makes {taken.path}"
        return
    yield f"ok       kustomize looks for plugins in {taken.path} ({taken.reason}), and nowhere else"
    for kind, link in links(taken.path).items():
        if not link.is_symlink() and not link.exists():
            yield f"note     {kind} is not installed there; run: modelyard plugin install"
        elif not link.exists():
            yield f"problem  {link} points to {link.readlink()}, which is gone; run: modelyard plugin install"
        elif not os.access(link, os.X_OK):
            yield f"problem  {link} is not executable"
        else:
            yield f"ok       {kind} is {link}"
    for other in homes(env):
        hidden = [kind for kind, link in links(other.path).items() if link.is_symlink() and other.path != taken.path]
        if hidden:
            yield f"problem  {' and '.join(hidden)} in {other.path} is never looked at, because {taken.path} exists"


def _kustomization_lines(folder: Path) -> Iterator[str]:
    path = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if path is None:
        yield f"note     there is no kustomization in {folder}"
        return
    found = list(generators(path))
    if not found:
        yield f"note     {path} lists no {' or '.join(KINDS)} under generators"
    for each in found:
        if each.is_function:
            yield f"note     {each.shown} has the KRM annotation: kustomize runs it with"
            yield "         --enable-alpha-plugins --enable-exec; with the first flag alone, and in kubectl,"
            yield "         it is skipped without a word"
        else:
            yield f"note     {each.shown} has no KRM annotation: kustomize and kubectl run the legacy plugin"
            yield "         with --enable-alpha-plugins; `kubectl apply -k` has no such flag, so pipe"
            yield "         `kubectl kustomize --enable-alpha-plugins` into `kubectl apply -f -`"
        if not each.has_configurations:
            yield "problem  a plugin cannot hand over name references, so prefixes, suffixes and hashes do not reach"
            yield "         Knative objects. Run: modelyard plugin configurations > kustomizeconfig.yaml"
            yield "         and add to the kustomization: configurations: [kustomizeconfig.yaml]"
