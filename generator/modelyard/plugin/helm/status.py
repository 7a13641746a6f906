"""Whether each Helm on PATH would run the plugin, and what keeps one from loading any plugin at all."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from modelyard.plugin.helm.folders import NAME, PROGRAM, Helm, helms, is_ours, is_v1
from modelyard.plugin.helm.post_renderer import POST_RENDERER
from modelyard.plugin.lines import Line, short

INSTALL: Final = "modelyard plugin install --helm"
_POST_RENDERER: Final = "modelyard plugin install --helm-post-renderer"


def status(env: Mapping[str, str]) -> Iterator[Line]:
    """Say which Helms there are, in which folders they look for plugins, and what would break; nothing without one."""
    every = helms(env)
    for each in every:
        where = " and ".join(short(folder, env) for folder in each.folders) or "no folder"
        yield Line("ok", f"{each} is {short(each.path, env)}; it looks for plugins in {where}")
    for folder in dict.fromkeys(folder for each in every for folder in each.folders):
        users = [each for each in every if folder in each.folders]
        names = " and ".join(str(each) for each in users)
        yield _command(folder / NAME, names, env)
        if os.path.lexists(folder / POST_RENDERER):
            yield _installed(folder / POST_RENDERER, f"the post-renderer of {names}", _POST_RENDERER)
        yield from _breaking(folder, users, env)


def _command(plugin: Path, names: str, env: Mapping[str, str]) -> Line:
    if not os.path.lexists(plugin):
        return Line("note", f"`helm modelyard` is not installed for {names} in {short(plugin.parent, env)}", INSTALL)
    return _installed(plugin, f"`helm modelyard` of {names}", INSTALL)


def _installed(plugin: Path, what: str, command: str) -> Line:
    """Return what to say of a plugin that lies there."""
    program = plugin / PROGRAM
    if not is_ours(plugin):
        return Line("problem", f"{what}: what lies at {plugin} is not modelyard's")
    if not program.exists():
        gone = f"as a link to {program.readlink()}, which is gone" if program.is_symlink() else "without its program"
        return Line("problem", f"{what}: installed {gone}", command)
    if not (plugin / "plugin.yaml").exists():
        return Line("problem", f"{what}: installed without its plugin.yaml", command)
    if not os.access(program, os.X_OK):
        return Line("problem", f"{what}: installed as a link to {program.readlink()}, which is not executable")
    return Line("ok", f"{what}: installed")


def _breaking(folder: Path, users: Sequence[Helm], env: Mapping[str, str]) -> Iterator[Line]:
    """Yield what stops a Helm 3 from loading plugins."""
    old = [each for each in users if each.version.major < 4]
    newer = sorted(each.parent.name for each in folder.glob("*/plugin.yaml") if is_v1(each.parent))
    if old and newer:
        text = (
            f"{old[0]} loads no plugin at all from {short(folder, env)}, for its plugin.yaml of apiVersion v1, which "
        )
        text += f"Helm 4 alone can read: {', '.join(newer)}. Give Helm 4 a folder of its own by HELM_PLUGINS"
        yield Line("problem", text, "modelyard plugin uninstall" if newer == [POST_RENDERER] else "")
