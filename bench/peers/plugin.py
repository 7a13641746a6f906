"""`kustomize build` with the plugin, beside builds of the same objects from files and from a function that has them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.peers.measure import Command, Failed, Measured, in_turn, run
from bench.peers.peers import KUSTOMIZE, MODELYARD, Unavailable
from bench.peers.render import LIMIT, Rounds, usual
from bench.peers.sets import models_file
from bench.peers.tables import Row

_CALL: Final = """\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
functionConfig:
  apiVersion: modelyard.dev/v1alpha1
  kind: ModelGenerator
  metadata: {name: models}
  spec: {models: models.yaml}
"""
_HEAD: Final = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
_GENERATOR: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelGenerator
metadata:
  name: models
  annotations:
    config.kubernetes.io/function: |
      exec: {{path: {path}}}
spec:
  models: models.yaml
"""
# What kustomize takes to call a function, and to read what it gives, is none of the plugin's.
_PRINTS: Final = "#!/bin/sh\ncat >/dev/null\nexec cat answer.yaml\n"
ABOUT: Final = """\
The function of the second line is `cat`, which prints what the plugin had answered: what the third takes more is
the plugin's own."""
_FUNCTION: Final = ("generators: [generator.yaml]\n", ("build", "--enable-alpha-plugins", "--enable-exec", "."))
BUILDS: Final = {
    "kustomize build of rendered files": ("components: [generated]\n", ("build", ".")),
    "kustomize build with a function that prints them": _FUNCTION,
    "kustomize build with the plugin": _FUNCTION,
}


def compare(root: Path, sizes: Sequence[int], rounds: Rounds = usual) -> list[Row]:
    """Return a row for each way."""
    cells: dict[str, dict[int, Measured | str]] = {name: {} for name in BUILDS}
    for size in sorted(sizes):
        try:
            measured = in_turn(_commands(root / "plugin" / str(size), size), rounds(size), LIMIT)
        except (Unavailable, Failed) as error:
            measured = dict.fromkeys(BUILDS, str(error))
        for name, cell in measured.items():
            cells[name][size] = cell
    return [Row(name, KUSTOMIZE.version.removeprefix("v"), "", cells[name]) for name in BUILDS]


def _commands(root: Path, size: int) -> dict[str, Command]:
    commands: dict[str, Command] = {}
    for name, (kustomization, arguments) in BUILDS.items():
        folder = root / name.replace(" ", "-")
        folder.mkdir(parents=True)
        (folder / "models.yaml").write_text(models_file("plain", size), "utf-8")
        (folder / "kustomization.yaml").write_text(_HEAD + kustomization, "utf-8")
        path = Path(sys.executable).with_name("modelyard-fn")
        if "prints" in name:
            path = _printing(folder, path)
        (folder / "generator.yaml").write_text(_GENERATOR.format(path=path), "utf-8")
        program = str(KUSTOMIZE.program())
        commands[name] = Command([[program, *arguments]], folder, folder.with_suffix(".out"))
        if "components" in kustomization:
            run(Command([[*MODELYARD, "render"]], folder, folder.with_suffix(".render")), LIMIT)
        run(commands[name], LIMIT)
    outputs = {command.output.read_bytes() for command in commands.values()}
    if len(outputs) != 1:
        raise Failed("the builds give different objects")
    return commands


def _printing(folder: Path, plugin: Path) -> Path:
    """Write a program that prints what the plugin answers, and return it. kustomize starts functions in the folder."""
    call = folder / "call.yaml"
    call.write_text(_CALL, "utf-8")
    run(Command([[str(plugin)]], folder, folder / "answer.yaml", stdin=call), LIMIT)
    program = folder / "prints"
    program.write_text(_PRINTS, "utf-8")
    program.chmod(0o755)
    return program
