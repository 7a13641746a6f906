"""The folders that Helm looks for plugins in, and what we install there.

A plugin.yaml without apiVersion is read by both majors, as that of a command. One of apiVersion v1 stops Helm 3 from
loading any plugin of the folder (json: unknown field "apiVersion"), so a post-renderer of Helm 4 needs one of its own.

Sources: Helm 4.3.2, internal/plugin/loader.go; Helm 3.22.0, pkg/plugin/plugin.go.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import modelyard
from modelyard.files import disk, regular
from modelyard.plugin.helm.post_renderer import POST_RENDERER
from modelyard.plugin.install import beside_or_on_path, link_to, not_written, points_to
from modelyard.problems import Problem, problem

PROGRAM: Final = "modelyard-helm"
NAME: Final = "modelyard"
_FILE: Final = "plugin.yaml"
_HEADER: Final = "# Written by modelyard plugin install.\n"
_NAMES: Final = ("helm", "helm3", "helm4")  # as which people have both majors side by side
_ASKING: Final = 10.0  # seconds until Helm must have answered; it takes 0.06
_VERSION: Final = re.compile(r"v(([0-9]{1,6})\.[0-9.]{1,16})")  # one that `go install` built says v4.3
_V1: Final = re.compile(rb"^[\"']?apiVersion[\"']?\s*:", re.MULTILINE)
LEGACY: Final = """\
name: {name}
version: {version}
usage: Run helm with what a models file makes of a chart
description: |-
  helm modelyard template|install|upgrade RELEASE CHART --models FILE|DIR
  All other words go to helm unchanged.
platformCommand:
  - command: ${{HELM_PLUGIN_DIR}}/modelyard-helm
"""
V1: Final = """\
apiVersion: v1
type: postrenderer/v1
name: {name}
version: 1.0.0
runtime: subprocess
runtimeConfig:
  platformCommand:
    - command: ${{HELM_PLUGIN_DIR}}/modelyard-helm
"""


class Version(NamedTuple):
    """A version of Helm, as it says it, without the v."""

    text: str
    major: int


@dataclass(frozen=True, slots=True)
class Helm:
    """A Helm on PATH. folders: where it looks for plugins; it installs into the first."""

    path: Path
    version: Version
    folders: tuple[Path, ...]

    def __str__(self) -> str:
        """Return what people call it."""
        return f"helm {self.version.text}"


def helms(env: Mapping[str, str]) -> list[Helm]:
    """Return each Helm on PATH once, in the order of PATH."""
    found: dict[Path, Helm] = {}
    for name in _NAMES:
        path = shutil.which(name, path=env.get("PATH", ""))
        number = version(path, env) if path else None
        if path is not None and number is not None:
            folders = tuple(Path(each) for each in _asked([path, "env", "HELM_PLUGINS"], env).split(os.pathsep) if each)
            found.setdefault(Path(path).resolve(), Helm(Path(path), number, folders))
    return list(found.values())


def version(helm: str, env: Mapping[str, str]) -> Version | None:
    """Return the version of a Helm; None if it does not say."""
    found = _VERSION.search(_asked([helm, "version", "--template={{.Version}}"], env))
    return Version(found[1], int(found[2])) if found else None


def _asked(words: Sequence[str], env: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            words, env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_ASKING
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def program(env: Mapping[str, str]) -> Path | None:
    """Return the program modelyard-helm."""
    return beside_or_on_path(PROGRAM, env)


def is_ours(plugin: Path) -> bool:
    """Tell whether a plugin is one that we installed, or what a killed run left of one."""
    names = {each.name for each in plugin.iterdir()} if regular.is_folder(plugin) and not plugin.is_symlink() else None
    if names is None or names - {_FILE, PROGRAM, f".{PROGRAM}.modelyard-new", f".{_FILE}.modelyard-new"}:
        return False
    return (_FILE not in names or _content(plugin).startswith(_HEADER.encode())) and (
        PROGRAM not in names or points_to(plugin / PROGRAM, PROGRAM)
    )


def is_v1(plugin: Path) -> bool:
    """Tell whether a plugin is of the form that Helm 3 cannot load."""
    return _V1.search(_content(plugin)) is not None


def _content(plugin: Path) -> bytes:
    try:
        return regular.content(plugin / _FILE, 64 * 1024)
    except OSError:
        return b""


def install(env: Mapping[str, str], *, post_renderer: bool) -> tuple[list[Path], list[Problem]]:
    """Lay the plugin of commands, or the post-renderer, where each Helm on PATH looks for it.

    Returns the folders of plugins that are there afterwards, and problems.
    """
    own, every = program(env), helms(env)
    wanted = [each for each in every if each.folders and (each.version.major >= 4 or not post_renderer)]
    if own is None:
        hint = "install modelyard with pip or pipx, so that its commands are on PATH"
        return [], [problem("MY506", f"{PROGRAM} is not found", hint=hint)]
    if not wanted:
        which = "Helm 4" if post_renderer else "Helm"
        return [], [problem("MY506", f"there is no {which} on PATH", hint="install it, or put it on PATH")]
    name = POST_RENDERER if post_renderer else NAME
    plugins = list(dict.fromkeys(each.folders[0] / name for each in wanted))
    refused = (_refused(each, every, post_renderer=post_renderer) for each in plugins)
    if problems := [each for each in refused if each]:
        return [], problems
    form = V1 if post_renderer else LEGACY
    text = _HEADER + form.format(name=name, version=_number())
    for each in plugins:
        if problems := _laid(each, own, text):
            return [], problems
    return plugins, []


def _number() -> str:
    """Return our version as Helm takes one: SemVer 2 has no `.dev1`."""
    return ".".join(modelyard.__version__.split(".")[:3])


def _refused(plugin: Path, every: Sequence[Helm], *, post_renderer: bool) -> Problem | None:
    old = next((each for each in every if each.version.major < 4 and plugin.parent in each.folders), None)
    if post_renderer and old:
        message = f"{old} looks for plugins in {plugin.parent} too, and would load none of them any more"
        hint = "use `helm modelyard`, which works in both; or give Helm 4 a folder of its own by HELM_PLUGINS"
        return problem("MY507", message, hint=hint)
    if os.path.lexists(plugin) and not is_ours(plugin):
        hint = "move it elsewhere; modelyard replaces only its own plugins"
        return problem("MY402", f"{plugin} is not a plugin of modelyard", hint=hint)
    return None


def _laid(plugin: Path, own: Path, text: str) -> list[Problem]:
    """Lay a plugin: plugin.yaml comes last, and before it is there Helm sees nothing."""
    try:
        link_to(plugin / PROGRAM, own)
    except OSError as error:
        return [not_written(error, plugin)]
    return disk.write(plugin / _FILE, text.encode())


def uninstall(env: Mapping[str, str]) -> tuple[list[Path], list[Problem]]:
    """Take our plugins out of the folders of each Helm on PATH. Returns those that went, and problems."""
    gone: list[Path] = []
    problems: list[Problem] = []
    folders = dict.fromkeys(folder for each in helms(env) for folder in each.folders)
    for plugin in (folder / name for folder in folders for name in (NAME, POST_RENDERER)):
        if not os.path.lexists(plugin) or not is_ours(plugin):
            continue
        try:
            for name in (_FILE, PROGRAM):  # Helm loads nothing without the first
                (plugin / name).unlink(missing_ok=True)
            shutil.rmtree(plugin)
            gone.append(plugin)
        except OSError as error:
            problems.append(not_written(error, plugin))
    return gone, problems
