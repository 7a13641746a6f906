"""The exec plugin in a SAS Viya deployment gives what the installed Component gives."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from tests.support import viya
from tests.support.forks import FORKS
from tests.support.kustomize_builds import Object, load
from tests.targets.test_viya import CONFIG, NFS, RESTORE, install

GENERATOR = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelGenerator
metadata:
  name: {emit}
  annotations:
    config.kubernetes.io/function: |
      exec: {{path: modelyard-fn}}
spec: {{models: {models}, emit: {emit}}}
"""
VIYA = f"""
    python:
      volume: {NFS}
      mountPath: /python
      services: [model-repository, mas, cas, launcher, compute, batch, connect]
      config: {CONFIG}
      volumeCheck: {{image: registry.example.com/ubi9}}
    restore: {RESTORE % "model-repository"}"""


def with_plugin(deploy: Path, models: Path) -> None:
    """List the plugin twice: as a generator of ConfigMaps, and in a folder that gives transformers."""
    folder = deploy / "models"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text("generators: [generator.yaml]\n", "utf-8")
    for path, emit in ((deploy / "generator.yaml", "resources"), (folder / "generator.yaml", "transformers")):
        relative = os.path.relpath(models / "models.yaml", path.parent)
        path.write_text(GENERATOR.format(emit=emit, models=relative), "utf-8")
    listed = deploy / "kustomization.yaml"
    text = listed.read_text("utf-8").replace(
        "\ntransformers:\n", "\ngenerators: [generator.yaml]\ntransformers:\n  - models\n", 1
    )
    listed.write_text(text, "utf-8")


def test_the_plugin_gives_what_the_component_gives(
    shared: Path, kustomize: Path, tmp_path: Path, run: Callable[..., CompletedProcess[str]]
) -> None:
    (tmp_path / ".git").mkdir()  # the plugin leads to a file beside its folder
    models = viya.models_file(tmp_path / "models", VIYA)
    static, plugin = (viya.with_more(viya.deployment(shared, tmp_path / name)) for name in ("static", "plugin"))
    install(models, static)
    with_plugin(plugin, models)
    path = f"{FORKS.programs()}{os.pathsep}{os.environ['PATH']}"
    done = run(kustomize, "build", "--enable-alpha-plugins", "--enable-exec", plugin, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    expected = viya.build(kustomize, static)
    assert load(done.stdout) == expected
    jobs: list[Object] = [body for (_, kind, _), body in expected.items() if kind == "Job"]
    assert len(jobs) == 1


def test_a_set_without_patches_emits_no_transformers(tmp_path: Path, run: Callable[..., CompletedProcess[str]]) -> None:
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec: {allowEmpty: true}\n"
    (tmp_path / "models.yaml").write_text(head, "utf-8")
    own = "apiVersion: modelyard.dev/v1alpha1, kind: ModelGenerator, metadata: {name: m}"
    config = f"{{{own}, spec: {{models: models.yaml, emit: transformers}}}}"
    stdin = f"{{apiVersion: config.kubernetes.io/v1, kind: ResourceList, items: [], functionConfig: {config}}}"
    done = run(Path(sys.executable).parent / "modelyard-fn", stdin=stdin, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "models.yaml gives no transformers [MY502]" in done.stderr
