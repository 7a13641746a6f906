"""What `modelyard plugin status` says of each host, and how it looks in a terminal."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from modelyard.plugin import install
from modelyard.plugin.lines import Line
from modelyard.plugin.status import status
from modelyard.render.component import KUSTOMIZECONFIG, kustomizeconfig
from tests.conftest import Run
from tests.support.kustomize_builds import KUSTOMIZATIONS

BIN: Final = Path(sys.executable).parent
FN: Final = BIN / "modelyard-fn"
KINDS: Final = "ModelGenerator and ModelSet"
INLINE: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata:
  name: risk
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a person with an empty home folder."""
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "PATH": f"{BIN}{os.pathsep}/usr/bin{os.pathsep}/bin"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for a kustomization."""
    (tmp_path / "overlay").mkdir()
    return tmp_path / "overlay"


def default(env: Mapping[str, str]) -> Path:
    """Return the plugin folder that most people have."""
    return Path(env["HOME"], ".config", "kustomize", "plugin")


def said(env: Mapping[str, str], folder: Path, word: str) -> Line:
    """Return the one line of `status` that holds a word."""
    (line,) = (line for line in status(env, folder) if word in line.text)
    return line


def lay(folder: Path, form: str, *, configurations: bool = True) -> None:
    """Lay the kustomization of a plugin, and what it names, into a folder."""
    shutil.copytree(KUSTOMIZATIONS / f"plugin-{form}", folder, dirs_exist_ok=True)
    (folder / KUSTOMIZECONFIG).write_text(kustomizeconfig(), "utf-8")
    if not configurations:
        path = folder / "kustomization.yaml"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith("configurations")))


def test_status_of_a_complete_function(env: dict[str, str], folder: Path) -> None:
    lay(folder, "krm")
    assert said(env, folder, "modelyard-fn is") == Line("ok", f"modelyard-fn is {FN}")
    note = said(env, folder, "ModelGenerator in models-generator.yaml")
    assert "kubectl, it is skipped without a word" in note.text
    assert (note.level, note.command) == ("note", f"kustomize build --enable-alpha-plugins --enable-exec {folder}")
    assert said(env, folder, "the configurations").level == "ok"
    assert {line.level for line in status(env, folder)} == {"ok", "note"}


def test_status_of_a_function_that_is_not_on_path(env: dict[str, str], folder: Path) -> None:
    env["PATH"] = "/usr/bin:/bin"
    assert said(env, folder, "is not on PATH") == Line(
        "note", "modelyard-fn is not on PATH, where kustomize looks for KRM functions", f'export PATH="$PATH:{BIN}"'
    )
    lay(folder, "krm")
    assert said(env, folder, "is not on PATH").level == "problem"


def test_status_of_a_function_of_another_environment(env: dict[str, str], folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "modelyard-fn"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    env["PATH"] = f"{tmp_path}{os.pathsep}{env['PATH']}"
    assert said(env, folder, "on PATH is").text == f"modelyard-fn on PATH is {other}, and not this environment's {FN}"


def test_status_says_how_long_kustomize_takes_for_many_objects(
    env: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(folder, "krm")
    assert not [line for line in status(env, folder) if "kustomize takes" in line.text]
    monkeypatch.setattr("modelyard.kustomize.size.LONG", 0)
    assert said(env, folder, "kustomize takes about 0 s for").level == "note"


def test_status_of_a_legacy_plugin(env: dict[str, str], folder: Path) -> None:
    lay(folder, "legacy")
    assert said(env, folder, "there is no folder") == Line(
        "problem",
        "there is no folder for legacy plugins, such as ~/.config/kustomize/plugin",
        "modelyard plugin install",
    )
    default(env).mkdir(parents=True)
    assert said(env, folder, KINDS) == Line("problem", f"{KINDS}: not installed there", "modelyard plugin install")
    install.install(env)
    assert said(env, folder, KINDS) == Line("ok", f"{KINDS}: installed there")
    note = said(env, folder, "is for the legacy plugin")
    assert note.command == f"kubectl kustomize --enable-alpha-plugins {folder} | kubectl apply -f -"
    assert {line.level for line in status(env, folder)} == {"ok", "note"}


def test_status_of_links_that_do_not_work(env: dict[str, str], folder: Path, tmp_path: Path) -> None:
    generator, model_set = install.links(default(env)).values()
    for link in (generator, model_set):
        link.parent.mkdir(parents=True)
    generator.symlink_to(tmp_path / "modelyard-fn")
    model_set.write_text("mine")
    gone = said(env, folder, "ModelGenerator:")
    text = f"ModelGenerator: installed there as a link to {tmp_path}/modelyard-fn, which is gone"
    assert gone == Line("problem", text, "modelyard plugin install")
    assert said(env, folder, "ModelSet:").text == f"ModelSet: what lies at {model_set} is not modelyard's"
    (tmp_path / "modelyard-fn").write_text("")
    assert said(env, folder, "ModelGenerator:").text.endswith("which is not executable")


def test_status_of_a_home_that_another_hides(env: dict[str, str], folder: Path, tmp_path: Path) -> None:
    install.install(env)
    env["KUSTOMIZE_PLUGIN_HOME"] = str(tmp_path / "own")
    assert (
        said(env, folder, "which does not exist").text
        == f"KUSTOMIZE_PLUGIN_HOME is {tmp_path}/own, which does not exist"
    )
    (tmp_path / "own").mkdir()
    line = said(env, folder, "never be looked at")
    text = f"{KINDS} in ~/.config/kustomize/plugin will never be looked at, because {tmp_path}/own exists"
    assert line == Line("problem", text, "modelyard plugin install")
    env["KUSTOMIZE_PLUGIN_HOME"] = str(default(env))
    assert not [line for line in status(env, folder) if "never" in line.text]


@pytest.mark.parametrize("form", ["krm", "legacy"])
def test_status_of_a_kustomization_without_configurations(form: str, env: dict[str, str], folder: Path) -> None:
    lay(folder, form, configurations=False)
    line = said(env, folder, "would not reach into Knative's objects")
    assert line.level == "problem"
    assert "Add to kustomization.yaml\n  configurations: [kustomizeconfig.yaml]\n" in line.text
    assert line.command == f"modelyard plugin configurations > {folder}/kustomizeconfig.yaml"


def test_status_of_configurations_that_lack_an_entry(env: dict[str, str], folder: Path) -> None:
    lay(folder, "krm")
    rest = yaml.safe_load(kustomizeconfig())
    for named in rest["nameReference"][:2]:
        named["fieldSpecs"].pop()
    (folder / KUSTOMIZECONFIG).write_text(yaml.safe_dump(rest))
    line = said(env, folder, "under configurations")
    assert line.level == "problem"
    assert "names kustomizeconfig.yaml under configurations, where 2 of the references" in line.text
    # Several files may have them together, in any form of YAML.
    (folder / "more.yaml").write_text(yaml.safe_dump(yaml.safe_load(kustomizeconfig()), default_flow_style=True))
    path = folder / "kustomization.yaml"
    path.write_text(path.read_text().replace("[kustomizeconfig.yaml]", "[kustomizeconfig.yaml, more.yaml]"))
    assert said(env, folder, "has the configurations").level == "ok"


@pytest.mark.parametrize("content", ["nameReference: x\n", "nameReference: [x, {fieldSpecs: y}]\n", "", "[", "- a\n"])
def test_status_bears_configurations_of_any_shape(content: str, env: dict[str, str], folder: Path) -> None:
    lay(folder, "krm")
    (folder / KUSTOMIZECONFIG).write_text(content)
    assert said(env, folder, "under configurations").level == "problem"


def test_status_of_inline_entries(env: dict[str, str], folder: Path) -> None:
    annotated = f"{INLINE}  annotations:\n    config.k8s.io/function: 'exec: {{path: modelyard-fn}}'\n"
    (folder / "Kustomization").write_text(yaml.safe_dump({"generators": [INLINE, annotated, "other.yaml", 5]}))
    lines = [line for line in status(env, folder) if line.text.startswith("ModelSet in Kustomization ")]
    assert ["legacy plugin" in line.text for line in lines] == [True, False]
    assert len([line for line in status(env, folder) if "1.10 into 1.1" in line.text]) == 2


def test_status_reads_all_documents_of_a_file(env: dict[str, str], folder: Path) -> None:
    lay(folder, "legacy")
    path = folder / "models-generator.yaml"
    path.write_text(f"kind: Other\n--- # next\n{path.read_text()}---\n{INLINE}")
    assert [line.text.split(" in ")[0] for line in status(env, folder) if "legacy plugin:" in line.text] == [
        "ModelGenerator",
        "ModelSet",
    ]


@pytest.mark.parametrize(
    "content", ["resources: []\n", "generators: []\n", "generators: x\n", "generators: [a/]\n", ""]
)
def test_status_of_a_kustomization_without_a_plugin(content: str, env: dict[str, str], folder: Path) -> None:
    assert said(env, folder, "there is no kustomization").text == f"there is no kustomization in {folder}"
    (folder / "kustomization.yml").write_text(content)
    line = said(env, folder, "under generators")
    assert line == Line("note", f"{folder}/kustomization.yml names no ModelGenerator or ModelSet under generators")


# ---------------------------------------------------------------- the commands


def test_the_commands_in_a_terminal(env: dict[str, str], folder: Path, modelyard: Run) -> None:
    lay(folder, "legacy", configurations=False)
    call = {"env": env, "cwd": folder}
    done = modelyard("plugin", "install", **call)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == "Next: kubectl kustomize --enable-alpha-plugins DIR | kubectl apply -f -"
    done = modelyard("plugin", "status", **call)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith(
        """\
problem  prefixes, suffixes and hashes of names would not reach into Knative's
         objects, and a plugin cannot bring that about. Add to
         kustomization.yaml
           configurations: [kustomizeconfig.yaml]
         and write that file:
           modelyard plugin configurations > kustomizeconfig.yaml
"""
    )
    lines = [line for line in done.stdout.splitlines() if str(BIN) not in line]
    assert all(len(line) <= 80 for line in lines), lines
    assert {line[:9].strip() for line in lines} == {"ok", "note", "problem", ""}
    done = modelyard("plugin", "uninstall", **call)
    assert (done.returncode, done.stdout, done.stderr.count("removed ")) == (0, "", 2)
    assert modelyard("plugin", "uninstall", **call).stderr == "there was nothing to remove\n"


def test_what_status_asks_for_makes_it_content(env: dict[str, str], folder: Path, modelyard: Run, run: Run) -> None:
    lay(folder, "krm", configurations=False)
    (folder / KUSTOMIZECONFIG).unlink()
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("configurations: [kustomizeconfig.yaml]\n")
    (line,) = (line for line in status(env, folder) if line.level == "problem")
    done = run("sh", "-c", line.command, env=env)
    assert done.returncode == 0, done.stderr
    assert modelyard("plugin", "status", "-f", folder, env=env).returncode == 0
