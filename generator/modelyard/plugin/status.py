"""Whether hosts would run modelyard-fn, with the cases in which they skip it without a word.

Source: kustomize 5.8.1, api/internal/plugins/loader (which kind of plugin an annotation makes), and runs of
kustomize 5.8.1 and kubectl 1.32.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from modelyard.compose import KUSTOMIZECONFIG, kustomizeconfig
from modelyard.kustomization import KINDS, Generator, find, generators, missing_references
from modelyard.plugin import FUNCTION, OWN_HOME, function, homes, is_ours, links, on_path, taken

Level = Literal["ok", "note", "problem"]
INSTALL: Final = "modelyard plugin install"


@dataclass(frozen=True, slots=True)
class Line:
    """One finding, and the command that mends it or that it is about."""

    level: Level
    text: str
    command: str = ""


def status(env: Mapping[str, str], folder: Path) -> list[Line]:
    """Say whether each host would run the plugin for the kustomization in a folder."""
    path = find(folder)
    entries = list(generators(path)) if path else []
    needed = any(not each.is_function for each in entries)
    lines = [*_function(env), *_home(env, "problem" if needed else "note"), *_hidden(env)]
    if path is None:
        lines.append(Line("note", f"there is no kustomization in {folder}"))
    elif not entries:
        lines.append(Line("note", f"{path} names no {' or '.join(KINDS)} under generators"))
    else:
        lines += [line for each in entries for line in _entry(each, folder)]
        lines += _configurations(path)
    return lines


def _function(env: Mapping[str, str]) -> Iterator[Line]:
    program, found = function(env), on_path(env)
    if found is None:
        command = f'export PATH="$PATH:{program.parent}"' if program else ""
        yield Line("problem", f"{FUNCTION} is not on PATH, where kustomize looks for KRM functions", command)
    elif program and not program.samefile(found):
        yield Line("note", f"{FUNCTION} on PATH is {found}, and not this environment's {program}")
    else:
        yield Line("ok", f"{FUNCTION} is {found}")


def _home(env: Mapping[str, str], missing: Level) -> Iterator[Line]:
    """missing: what it means that the legacy plugin is not installed."""
    home = taken(env)
    if home is None:
        yield Line(missing, f"there is no folder for legacy plugins, such as {homes(env)[0].path}", INSTALL)
        return
    if (own := env.get(OWN_HOME)) and home.reason != OWN_HOME:
        yield Line("note", f"{OWN_HOME} is {own}, which does not exist")
    yield Line("ok", f"legacy plugins are looked for in {home.path} ({home.reason}) and nowhere else")
    for kind, link in links(home.path).items():
        yield _link(kind, link, missing)


def _link(kind: str, link: Path, missing: Level) -> Line:
    if not os.path.lexists(link):
        return Line(missing, f"{kind} is not installed there", INSTALL)
    if not is_ours(link):
        return Line("problem", f"{link} is not modelyard's")
    if not link.exists():
        return Line("problem", f"{kind} is a link to {link.readlink()}, which is gone", INSTALL)
    if not os.access(link, os.X_OK):
        return Line("problem", f"{kind} is a link to {link.readlink()}, which is not executable")
    return Line("ok", f"{kind} is installed there")


def _hidden(env: Mapping[str, str]) -> Iterator[Line]:
    first = taken(env)
    for other in homes(env):
        kinds = [kind for kind, link in links(other.path).items() if is_ours(link)]
        if first and kinds and not other.path.samefile(first.path):
            text = f"{' and '.join(kinds)} in {other.path} is never looked at, because {first.path} exists"
            yield Line("problem", text)


def _entry(each: Generator, folder: Path) -> Iterator[Line]:
    if each.is_function:
        text = "has the annotation of a KRM function: kustomize runs it with two flags. With the first "
        text += "alone, and in kubectl, it is skipped without a word:"
        command = f"kustomize build --enable-alpha-plugins --enable-exec {folder}"
    else:
        text = "is for the legacy plugin: kubectl and kustomize run it with one flag, which `kubectl apply -k` "
        text += "does not have:"
        command = f"kubectl kustomize --enable-alpha-plugins {folder} | kubectl apply -f -"
    yield Line("note", f"{each.kind} in {each.file} {text}", command)
    if each.kind == "ModelSet":
        text = "kustomize turns values such as 1.10 into 1.1, and drops lines, in what it passes on; "
        yield Line("note", f"{text}a ModelGenerator that points to the file avoids both")


def _configurations(path: Path) -> Iterator[Line]:
    files, missing = missing_references(path, kustomizeconfig().encode())
    command = f"modelyard plugin configurations > {path.parent / KUSTOMIZECONFIG}"
    if missing and not files:
        text = "prefixes, suffixes and hashes of names would not reach into Knative's objects, and a plugin "
        text += (
            f"cannot see to it. Add to {path.name} the line\nconfigurations: [{KUSTOMIZECONFIG}]\nand write that file:"
        )
        yield Line("problem", text, command)
    elif missing:
        text = f"{' and '.join(files)} under configurations of {path.name} lacks {len(missing)} of the places where "
        yield Line(
            "problem", f"{text}our objects hold names. Write it anew, or add to the list what this writes:", command
        )
    else:
        yield Line("ok", f"{path.name} has the configurations that carry renaming into Knative's objects")
