"""The page on the container: what it says of the image is so, and its samples run as they stand, without an image."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.conftest import ROOT, Run
from tests.support.consoles import blocks, environment, read
from tests.support.plugin_calls import MODELS

PAGE: Final = "docs/how-to/container.md"
CONTAINERFILE: Final = (ROOT / "image" / "Containerfile").read_text("utf-8")
IMAGE: Final = "registry.example.com/modelyard:0.1.0"
# Docker, which runs the function in the folder that it is told to mount.
DOCKER: Final = """\
#!/bin/sh
printf '%s\\n' "$*" >"$CALLS"
for word in "$@"; do
    case $word in type=bind,source=*) folder=${word#*source=} && cd "${folder%%,*}" ;; esac
done
exec modelyard-fn
"""


def settings(word: str) -> list[str]:
    return re.findall(rf"^{word} (.+)$", CONTAINERFILE, re.MULTILINE)


def checkout(folder: Path) -> None:
    """Put the samples into a repository, which bounds what a models file may read."""
    shutil.copytree(ROOT / "overlays", folder / "overlays")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def test_what_it_says_of_the_image_is_so() -> None:
    page = read(PAGE)
    assert settings("CMD") == ['["modelyard-fn"]']
    assert settings("ENTRYPOINT") == []
    assert settings("USER") == ["1001:0"]
    assert settings("WORKDIR")[-1] == "/work"
    [listed] = re.findall(r"--output-file (\S+sbom\S+)", CONTAINERFILE)
    assert f"`{listed}`" in page
    assert f"cat {listed} " in page
    assert set(re.findall(r"registry\.example\.com/modelyard:[\w.]+", page)) == {IMAGE}


def test_the_function_runs_by_kustomize(kustomize: Path, tmp_path: Path) -> None:
    (generator,) = (each for each in blocks(read(PAGE), "yaml") if "ModelGenerator" in each)
    folder = tmp_path / "overlays" / "prod"
    folder.mkdir(parents=True)
    (folder / "models.yaml").write_text(MODELS, "utf-8")
    (folder / "models-generator.yaml").write_text(generator, "utf-8")
    (folder / "kustomization.yaml").write_text("generators: [models-generator.yaml]\n", "utf-8")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER, "utf-8")
    docker.chmod(0o755)
    (command,) = re.findall(r"^kustomize build .+$", read(PAGE), re.MULTILINE)
    variables = environment(kustomize.parent, docker.parent, CALLS=str(tmp_path / "calls"))
    done = subprocess.run(
        command.split(), cwd=tmp_path, env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert {each["kind"] for each in yaml.safe_load_all(done.stdout)} >= {"Service", "NetworkPolicy"}
    words = (tmp_path / "calls").read_text("utf-8").split()
    assert words[-1] == IMAGE, "no command is named"
    assert f"type=bind,source={folder},target=/work,readonly" in words


@pytest.mark.parametrize("command", re.findall(rf"{IMAGE} modelyard (.+)", read(PAGE)))
def test_what_is_run_by_hand_runs(modelyard: Run, tmp_path: Path, command: str) -> None:
    checkout(tmp_path)
    assert modelyard(*command.split(), cwd=tmp_path).returncode == 0


def test_the_job_of_gitlab_runs(tmp_path: Path) -> None:
    (job,) = (yaml.safe_load(each)["models"] for each in blocks(read(PAGE), "yaml") if "script:" in each)
    checkout(tmp_path)
    variables = environment(**job["variables"])
    assert len(job["script"]) == 2
    for line in job["script"]:
        done = subprocess.run(
            ["sh", "-ec", line], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    # The line that Git wants: a checkout of another user is no repository without it.
    assert (variables["GIT_CONFIG_KEY_0"], variables["GIT_CONFIG_VALUE_0"]) == ("safe.directory", "*")
