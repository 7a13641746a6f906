"""The legacy plugin's place: where kustomize looks, what install links there and uninstall takes back."""

import itertools
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from modelyard.plugin import install
from tests.conftest import Run
from tests.support.kustomize_builds import PLUGINS

BIN: Final = Path(sys.executable).parent
FN: Final = BIN / "modelyard-fn"
LINKS: Final = ("modelgenerator/ModelGenerator", "modelset/ModelSet")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a person with an empty home folder."""
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "PATH": f"{BIN}{os.pathsep}/usr/bin{os.pathsep}/bin"}


def default(env: Mapping[str, str]) -> Path:
    """Return the plugin folder that most people have."""
    return Path(env["HOME"], ".config", "kustomize", "plugin")


def links(home: Path) -> list[Path]:
    """Return where the plugins of both kinds lie."""
    return [home / "modelyard.dev" / "v1alpha1" / link for link in LINKS]


def test_homes_are_taken_in_the_order_of_kustomize(env: dict[str, str], run: Run, tmp_path: Path) -> None:
    # The real one tells: in each folder a plugin that answers with the folder's number.
    env |= {"KUSTOMIZE_PLUGIN_HOME": str(tmp_path / "own"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    (tmp_path / "kustomization.yaml").write_text("generators: [probe.yaml]\n")
    (tmp_path / "probe.yaml").write_text("apiVersion: example.com/v1\nkind: Probe\nmetadata: {name: probe}\n")
    folders = [home.path for home in install.homes(env)]
    assert len(folders) == 4
    for count in range(1, 5):
        for there in itertools.combinations(range(4), count):
            for i in there:
                program = folders[i] / "example.com" / "v1" / "probe" / "Probe"
                program.parent.mkdir(parents=True)
                program.write_text(f"#!/bin/sh\necho '{{apiVersion: v1, kind: Pod, metadata: {{name: home-{i}}}}}'\n")
                program.chmod(0o755)
            done = run("kubectl", "kustomize", PLUGINS, tmp_path, env=env)
            taken = install.taken(env)
            assert taken
            assert f"name: home-{folders.index(taken.path)}\n" in done.stdout, (there, done.stderr)
            for i in there:
                shutil.rmtree(folders[i])


def test_without_variables_there_are_two_homes(env: dict[str, str]) -> None:
    home = Path(env["HOME"])
    assert [each.path for each in install.homes(env)] == [default(env), home / "kustomize" / "plugin"]
    assert install.taken(env) is None


def test_install_links_the_program_of_this_environment(env: dict[str, str]) -> None:
    assert install.install(env) == (links(default(env)), [])
    assert [link.readlink() for link in links(default(env))] == [FN, FN]
    before = sorted(default(env).rglob("*"))
    assert install.install(env) == (links(default(env)), [])
    assert sorted(default(env).rglob("*")) == before


def test_install_goes_where_kustomize_looks(env: dict[str, str], tmp_path: Path) -> None:
    second = Path(env["HOME"], "kustomize", "plugin")
    second.mkdir(parents=True)
    env["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    assert install.install(env) == (links(second), [])
    # What a person names is made, also where another folder exists.
    env["KUSTOMIZE_PLUGIN_HOME"] = str(tmp_path / "own")
    assert install.install(env) == (links(tmp_path / "own"), [])


@pytest.mark.parametrize("target", ["/gone/bin/modelyard-fn", "/usr/bin/modelyard-fn"])
def test_install_replaces_a_link_of_its_own(target: str, env: dict[str, str]) -> None:
    for link in links(default(env)):
        link.parent.mkdir(parents=True)
        link.symlink_to(target)
    assert install.install(env)[1] == []
    assert [link.readlink() for link in links(default(env))] == [FN, FN]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_install_and_uninstall_leave_what_is_foreign(kind: str, env: dict[str, str]) -> None:
    generator, model_set = links(default(env))
    model_set.parent.mkdir(parents=True)
    if kind == "file":
        model_set.write_text("mine")
    else:
        model_set.symlink_to("/usr/bin/mine")
    made, (problem,) = install.install(env)
    assert (made, problem.code) == ([], "MY402")
    assert problem.message == f"{model_set} is not a link of modelyard"
    assert not os.path.lexists(generator)
    assert install.uninstall(env) == ([], [])
    assert os.path.lexists(model_set)


def test_install_says_what_it_cannot_write(env: dict[str, str]) -> None:
    default(env).parent.parent.write_text("no folder")
    made, (problem,) = install.install(env)
    assert (made, problem.code) == ([], "MY402")
    assert problem.message.startswith(env["HOME"])
    assert problem.message.endswith("cannot be written: not a directory")


def test_install_needs_the_program(env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    made, (problem,) = install.install(env | {"PATH": str(tmp_path)})
    assert (made, problem.code, problem.message) == ([], "MY501", "modelyard-fn is not found")
    # Installed elsewhere than beside this Python, it is found on PATH.
    assert install.install(env)[1] == []
    assert links(default(env))[0].readlink() == FN


def test_uninstall_takes_back_what_install_made_everywhere(env: dict[str, str], tmp_path: Path) -> None:
    install.install(env)
    own = env | {"KUSTOMIZE_PLUGIN_HOME": str(tmp_path / "own")}
    install.install(own)
    other = tmp_path / "own" / "modelyard.dev" / "v1alpha1" / "other"
    other.write_text("mine")
    gone, problems = install.uninstall(own)
    assert (sorted(gone), problems) == (sorted([*links(default(env)), *links(tmp_path / "own")]), [])
    assert list(default(env).iterdir()) == []
    assert [path for path in (tmp_path / "own").rglob("*") if path.is_file()] == [other]
    assert install.uninstall(own) == ([], [])
