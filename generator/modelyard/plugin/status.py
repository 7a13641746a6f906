"""Whether hosts would run modelyard-fn, with the cases in which they skip it without a word.

Sources: kustomize 5.8.1, api/internal/plugins/loader (which kind of plugin an annotation makes), and runs of
kustomize 5.8.1 and kubectl 1.32.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from modelyard.kustomize.kustomization import KINDS, Generator, find, generators, missing_references
from modelyard.kustomize.size import long_build
from modelyard.plugin.configuration import render
from modelyard.plugin.helm import status as helm
from modelyard.plugin.install import (
    FUNCTION,
    OWN_HOME,
    function,
    homes,
    is_ours,
    links,
    on_path,
    taken,
)
from modelyard.plugin.lines import Level, Line, short
from modelyard.render.component import KUSTOMIZECONFIG, kustomizeconfig

INSTALL: Final = "modelyard plugin install"


def status(env: Mapping[str, str], folder: Path) -> list[Line]:
    """Say whether each host would run the plugin: for the kustomization in a folder, and for charts."""
    path = find(folder)
    entries = list(generators(path)) if path else []
    lines = [
        *_function(env, "problem" if any(each.is_function for each in entries) else "note"),
        *_home(env, "problem" if any(not each.is_function for each in entries) else "note"),
        *_hidden(env),
        *helm.status(env),
    ]
    if path is None:
        return [*lines, Line("note", f"there is no kustomization in {folder}")]
    if not entries:
        return [*lines, Line("note", f"{path} names no {' or '.join(KINDS)} under generators")]
    told = [line for each in entries for line in (*_entry(each, folder), *_size(each, path.parent))]
    return [*lines, *told, *_configurations(path)]


def _function(env: Mapping[str, str], missing: Level) -> Iterator[Line]:
    program, found = function(env), on_path(env)
    if found is None:
        command = f'export PATH="$PATH:{program.parent}"' if program else ""
        yield Line(missing, f"{FUNCTION} is not on PATH, where kustomize looks for KRM functions", command)
    elif program and not program.samefile(found):
        yield Line("note", f"{FUNCTION} on PATH is {found}, and not this environment's {program}")
    else:
        yield Line("ok", f"{FUNCTION} is {short(found, env)}")


def _home(env: Mapping[str, str], missing: Level) -> Iterator[Line]:
    home = taken(env)
    if home is None:
        such = f", such as {short(found[0].path, env)}" if (found := homes(env)) else ": this user has no home"
        text = f"there is no folder for legacy plugins{such}"
        yield Line(missing, text, INSTALL)
        return
    if (own := env.get(OWN_HOME)) and home.reason != OWN_HOME:
        yield Line("note", f"{OWN_HOME} is {own}, which does not exist")
    yield Line("ok", f"legacy plugins are looked for in {short(home.path, env)} ({home.reason}) and nowhere else")
    states: dict[Line, list[str]] = {}
    for kind, link in links(home.path).items():
        states.setdefault(_installed(link, missing), []).append(kind)
    for state, kinds in states.items():
        yield Line(state.level, f"{' and '.join(kinds)}: {state.text}", state.command)


def _installed(link: Path, missing: Level) -> Line:
    """Return what to say of a plugin behind its name."""
    if not os.path.lexists(link):
        return Line(missing, "not installed there", INSTALL)
    if not is_ours(link):
        return Line("problem", f"what lies at {link} is not modelyard's")
    if not link.exists():
        return Line("problem", f"installed there as a link to {link.readlink()}, which is gone", INSTALL)
    if not os.access(link, os.X_OK):
        return Line("problem", f"installed there as a link to {link.readlink()}, which is not executable")
    return Line("ok", "installed there")


def _hidden(env: Mapping[str, str]) -> Iterator[Line]:
    first = taken(env)
    for other in homes(env):
        kinds = [kind for kind, link in links(other.path).items() if is_ours(link)]
        if first and kinds and not other.path.samefile(first.path):
            text = f"{' and '.join(kinds)} in {short(other.path, env)} will never be looked at, because "
            yield Line("problem", f"{text}{short(first.path, env)} exists", INSTALL)


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


def _size(each: Generator, folder: Path) -> Iterator[Line]:
    """Say so if what the plugin gives is more than kustomize builds in a short time."""
    if text := long_build(len(render(each.config, folder).objects)):
        yield Line("note", text)


def _configurations(path: Path) -> Iterator[Line]:
    files, missing = missing_references(path, kustomizeconfig().encode())
    command = f"modelyard plugin configurations > {path.parent / KUSTOMIZECONFIG}"
    if missing and not files:
        text = "prefixes, suffixes and hashes of names would not reach into Knative's objects, and a plugin cannot "
        text += f"bring that about. Add to {path.name}\n  configurations: [{KUSTOMIZECONFIG}]\nand write that file:"
        yield Line("problem", text, command)
    elif missing:
        text = f"{path.name} names {' and '.join(files)} under configurations, where {len(missing)} of the references "
        yield Line("problem", f"{text}in our objects are missing. Write them to a file that it names:", command)
    else:
        yield Line("ok", f"{path.name} has the configurations that carry renaming into Knative's objects")
