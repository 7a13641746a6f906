"""`modelyard image` of a model of TensorFlow Serving: the context, the image, and what is refused."""

import contextlib
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import pytest
import yaml

from modelyard.api import containers
from modelyard.files import trees
from modelyard.targets.workloads.serving_image import BASE, HEADER
from tests.conftest import Run, need

WELLS: Final = Path(__file__).parent / "wells"
MODEL: Final = WELLS / "well-failure" / "7"
PRINTED: Final = (WELLS / "show-all.txt").read_text("utf-8").partition("The MetaGraph with tag set")[0]
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: wells}
spec:
  namespace: modelops
  registry: registry.example.com
  models:
    - name: well-failure
      image: well-failure:7
      runtime: tensorflow
      version: VERSION
      TENSORFLOW
      targets: {openshift: {}}
    - name: churn
      image: churn:1
      targets: {deployment: {}}
"""
# A program for containers that says what it was asked, and does what the variables say.
FAKE: Final = """#!/bin/sh
echo "${0##*/} $*" >>"$CALLS"
case "$1" in
info|version) [ -n "$SILENT" ] && { echo "Cannot connect to the daemon" >&2; exit 1; } ;;
build) echo "STEP 1"; exit ${BUILDING:-0} ;;
push) exit ${PUSHING:-0} ;;
esac
exit 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a models file."""
    return declared(tmp_path)


def declared(folder: Path, version: int = 7, tensorflow: str = "labels: null") -> Path:
    """Write the models file; tensorflow: a line of the model."""
    line = "" if tensorflow == "labels: null" else tensorflow
    (folder / "models.yaml").write_text(
        MODELS.replace("VERSION", str(version)).replace("      TENSORFLOW\n", f"      {line}\n" if line else ""),
        "utf-8",
    )
    return folder


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a folder without programs for containers on PATH, and return it; `calls` in it says what was asked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("CALLS", str(programs / "calls"))
    return programs


def install(folder: Path, *names: str) -> None:
    """Put stand-ins of programs for containers into a folder."""
    for name in names:
        (folder / name).write_text(FAKE, "utf-8")
        (folder / name).chmod(0o755)


def test_it_writes_the_context_and_prints_the_signatures(modelyard: Run, folder: Path) -> None:
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "-o", folder / "a" / "context")
    assert (done.returncode, done.stdout) == (0, PRINTED), done.stderr
    context = folder / "a" / "context"
    found = {str(each.relative_to(context)): each for each in context.rglob("*") if each.is_file()}
    model = {f"model/{name}" for name in trees.files(MODEL)[0]}
    assert found.keys() == {"Containerfile", ".containerignore", *model}
    assert all(found[each].read_bytes() == (MODEL / each.removeprefix("model/")).read_bytes() for each in model)
    assert {stat.S_IMODE(each.stat().st_mode) for each in found.values()} == {0o644}
    assert {stat.S_IMODE(each.stat().st_mode) for each in context.rglob("*") if each.is_dir()} == {0o755}


def test_the_containerfile_says_what_is_in_the_image(modelyard: Run, folder: Path) -> None:
    assert modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "-o", folder / "out").returncode == 0
    lines = (folder / "out" / "Containerfile").read_text("utf-8").splitlines()
    assert lines[0] == HEADER
    assert f"FROM {BASE}" in lines
    assert "COPY --chown=0:0 model /models/well-failure/7" in lines
    digest = trees.digest(MODEL, trees.files(MODEL)[0])
    labels = [each.strip(" \\").removeprefix("LABEL ") for each in lines if ".dev/" in each or "opencontainers" in each]
    assert labels == [
        "org.opencontainers.image.title=well-failure",
        "org.opencontainers.image.version=7",
        f"org.opencontainers.image.source={MODEL}",
        f"org.opencontainers.image.base.name={BASE}",
        "modelyard.dev/model=wells/well-failure",
        f"modelyard.dev/artefact.digest={digest}",
    ]
    start = json.loads(lines[-1].removeprefix("ENTRYPOINT "))
    assert start[0] == "tensorflow_model_server"
    assert start[3:] == ["--model_name=well-failure", "--model_base_path=/models/well-failure"]
    assert (folder / "out" / ".containerignore").read_text("utf-8") == f"{HEADER}\n*\n!model\n"


def test_names_inside_the_image_and_the_base_are_the_declared_ones(modelyard: Run, tmp_path: Path) -> None:
    folder = declared(tmp_path, tensorflow="tensorflow: {modelName: wells_2, basePath: /srv/models}")
    base = f"registry.example.com/serving:2.19.1@sha256:{'a' * 64}"
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "-o", folder / "out", "--base", base)
    assert done.returncode == 0, done.stderr
    text = (folder / "out" / "Containerfile").read_text("utf-8")
    assert f"\nFROM {base}\n" in text
    assert "COPY --chown=0:0 model /srv/models/wells_2/7\n" in text
    assert '"--model_name=wells_2", "--model_base_path=/srv/models/wells_2"]' in text


def test_without_a_folder_it_only_looks(modelyard: Run, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL)
    assert (done.returncode, done.stdout, done.stderr) == (0, PRINTED, "")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz", "versions", "versions.zip"])
def test_archives_and_folders_of_versions_give_the_same_image(modelyard: Run, folder: Path, kind: str) -> None:
    versions = folder / "versions" / "well-failure"
    shutil.copytree(MODEL, versions / "7")
    shutil.copytree(MODEL, versions / "8")
    source = folder / f"archive.{kind}"
    if kind == "versions":
        source = folder / "versions"
    elif kind.endswith("zip"):
        top = versions.parent if kind == "versions.zip" else MODEL
        with zipfile.ZipFile(source, "w") as archive:
            for each in sorted(top.rglob("*")):
                archive.write(each, each.relative_to(top))
    else:
        with tarfile.open(source, "w:gz" if kind == "tgz" else "w") as packed:
            packed.add(MODEL, "7")
    for name, path in (("one", MODEL), ("two", source)):
        done = modelyard("image", "well-failure", "-f", folder, "--from", path, "-o", folder / name)
        assert (done.returncode, done.stdout) == (0, PRINTED), done.stderr
    first, second = ((folder / name / "Containerfile").read_text("utf-8") for name in ("one", "two"))
    assert first.replace(str(MODEL), "SOURCE") == second.replace(str(source), "SOURCE")
    assert trees.files(folder / "one")[0].keys() == trees.files(folder / "two")[0].keys()


def test_a_folder_of_another_version_is_refused(modelyard: Run, tmp_path: Path) -> None:
    done = modelyard("image", "well-failure", "-f", declared(tmp_path, 8), "--from", MODEL, "-o", tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the folder of the SavedModel says version 7, but the model declares 8 [MY114]" in done.stderr
    assert not (tmp_path / "out").exists()


def test_of_several_savedmodels_none_is_taken_by_chance(modelyard: Run, folder: Path) -> None:
    for name in ("5", "6"):
        shutil.copytree(MODEL, folder / "versions" / name)
    done = modelyard("image", "well-failure", "-f", folder, "--from", folder / "versions")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there are 2 SavedModels" in done.stderr
    assert "[MY114]" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["well-failure"], "MY117", "the SavedModel of well-failure is not given"),
        (["well-failure", "--from", "absent"], "MY409", "cannot read absent: No such file"),
        (["well-failure", "--from", "models.yaml"], "MY409", "not an archive"),
        (["well-failure", "--from", "."], "MY112", "there is no saved_model.pb in ."),
        (["well-failure", "--from", str(MODEL), "--base", "Not An Image"], "MY117", "--base Not An Image"),
        (["well-failure", "--from", str(MODEL), "-o", str(MODEL / "out")], "MY117", "are inside one another"),
        (["well-failure", "--from", str(MODEL), "-o", str(WELLS)], "MY117", "are inside one another"),
        (["churn", "--from", str(MODEL), "-o", "out"], "MY117", "is made from the model's own image"),
        (["churn", "--build", "-o", "out"], "MY117", "is made from the model's own image"),
        (["well-failure", "--for", "sagemaker", "-o", "out"], "MY111", "does not know how to start an image"),
        (["well-failur", "--from", str(MODEL)], "MY110", "did you mean well-failure?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_written(
    modelyard: Run, folder: Path, words: list[str], code: str, said: str
) -> None:
    before = sorted(folder.rglob("*"))
    done = modelyard("image", *words, cwd=folder)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert f"[{code}]" in done.stderr
    assert said in done.stderr
    assert sorted(folder.rglob("*")) == before
    assert not (MODEL / "out").exists()


@pytest.mark.parametrize(
    "words",
    [["--push", "--from", "x"], ["--base", "x"], ["--for", "sagemaker", "--from", "x"], ["--for", "azure"],
     ["--for", "sagemaker", "--build"]],
)  # fmt: skip
def test_options_without_effect_are_wrong_usage(modelyard: Run, folder: Path, words: list[str]) -> None:
    assert modelyard("image", "well-failure", "-f", folder, *words).returncode == 2


def test_the_image_for_sagemaker_needs_a_folder(modelyard: Run, folder: Path) -> None:
    done = modelyard("image", "churn", "-f", folder)
    assert done.returncode == 2
    assert "-o DIR" in done.stderr


@pytest.mark.parametrize(
    "line", ["tensorflow: {models: [{name: well-failure}, {name: b}]}", "tensorflow: {basePath: '/a b'}"]
)
def test_a_server_that_no_image_is_made_for_is_refused_at_its_line(modelyard: Run, tmp_path: Path, line: str) -> None:
    done = modelyard("image", "well-failure", "-f", declared(tmp_path, tensorflow=line), "--from", MODEL)
    assert (done.returncode, done.stdout) == (1, "")
    assert "models.yaml:12:" in done.stderr
    assert "[MY117]" in done.stderr


def test_a_folder_that_is_not_modelyards_stands_as_it_is(modelyard: Run, folder: Path) -> None:
    command = ("image", "well-failure", "-f", folder, "--from", MODEL, "-o", folder / "out")
    (folder / "out").mkdir()
    (folder / "out" / "Containerfile").write_text("FROM mine\n", "utf-8")
    assert "[MY401]" in modelyard(*command).stderr
    (folder / "out" / "Containerfile").unlink()
    assert modelyard(*command).returncode == 0
    (folder / "out" / "notes").write_text("mine", "utf-8")
    done = modelyard(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert (folder / "out" / "notes").read_text("utf-8") == "mine"
    (folder / "out" / "notes").unlink()
    (folder / "out" / "model" / "stale").write_text("old", "utf-8")
    assert modelyard(*command).returncode == 0
    assert not (folder / "out" / "model" / "stale").exists()
    assert [each.name for each in folder.iterdir() if "modelyard-" in each.name] == []


def test_what_openshift_needs_is_said(modelyard: Run, folder: Path) -> None:
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "-o", "my out", cwd=folder)
    assert (
        "On OpenShift, with buildConfig: true: oc start-build well-failure --namespace modelops --from-dir 'my out'\n"
        in done.stderr
    )
    assert (
        "Next: docker build -f 'my out/Containerfile' -t registry.example.com/well-failure:7 'my out'\n" in done.stderr
    )


def test_it_builds_and_pushes_with_the_first_program_that_answers(modelyard: Run, folder: Path, fake: Path) -> None:
    install(fake, "podman", "docker")
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "--build", "--push", "-o", folder / "out")
    assert (done.returncode, done.stdout) == (0, PRINTED), done.stderr
    asked = (fake / "calls").read_text("utf-8").splitlines()
    tag, out = "registry.example.com/well-failure:7", folder / "out"
    assert asked == ["podman info", f"podman build --file {out}/Containerfile --tag {tag} {out}", f"podman push {tag}"]
    assert f"built and pushed {tag}" in done.stderr


def test_a_client_whose_server_is_not_there_is_passed_over(
    modelyard: Run, folder: Path, fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(fake, "docker")
    monkeypatch.setenv("SILENT", "1")
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "--build", "-o", folder / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert "docker does not answer: Cannot connect to the daemon [MY115]" in done.stderr
    assert not (folder / "out").exists()
    (fake / "docker").unlink()
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "--build")
    assert "none of buildah, podman, docker is on PATH [MY115]" in done.stderr
    assert "install podman" in done.stderr


@pytest.mark.parametrize(("variable", "what"), [("BUILDING", "build"), ("PUSHING", "push")])
def test_a_build_that_fails_prints_nothing_on_standard_output(
    modelyard: Run, folder: Path, fake: Path, monkeypatch: pytest.MonkeyPatch, variable: str, what: str
) -> None:
    install(fake, "buildah")
    monkeypatch.setenv(variable, "3")
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "--build", "--push")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"buildah {what} ends with 3 [MY116]" in done.stderr
    assert "STEP 1" in done.stderr


@pytest.mark.slow
def test_buildah_makes_the_image_and_any_user_of_group_0_can_read_it(
    modelyard: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(Path(shutil.which("buildah") or "buildah"), "install buildah")
    if os.geteuid() != 0:
        pytest.skip("buildah without a user namespace needs root")
    store = ["--storage-driver", "vfs", "--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run")]
    (tmp_path / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/root"\nrunroot = "{tmp_path}/run"\n', "utf-8"
    )
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "Containerfile").write_text("FROM scratch\nLABEL is=base\n", "utf-8")
    base = "localhost/serving-base:1"
    subprocess.run(["buildah", *store, "build", "--tag", base, str(tmp_path / "base")], check=True, capture_output=True)
    folder = declared(tmp_path, 7)
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "--base", base, "--build")
    assert (done.returncode, done.stdout) == (0, PRINTED), done.stderr
    image = "registry.example.com/well-failure:7"
    inspected = subprocess.run(
        ["buildah", *store, "inspect", "--type", "image", image], check=True, capture_output=True
    )
    config = json.loads(inspected.stdout)["OCIv1"]["config"]
    assert config["User"] == "1001:0"
    assert config["Labels"]["modelyard.dev/artefact.digest"] == trees.digest(MODEL, trees.files(MODEL)[0])
    pushed = ["buildah", *store, "push", image, f"oci-archive:{tmp_path}/image.tar"]
    subprocess.run(pushed, check=True, capture_output=True)
    with tarfile.open(tmp_path / "image.tar") as archive:
        layers = [each for each in archive if each.name.startswith("blobs/") and each.size > 2]
        found: dict[str, tarfile.TarInfo] = {}
        for each in layers:
            content = archive.extractfile(each)
            if content is not None and content.read(2) == b"\x1f\x8b":
                content.seek(0)
                with tarfile.open(fileobj=content) as layer:
                    found |= {entry.name: entry for entry in layer}
    model = found["models/well-failure/7/saved_model.pb"]
    assert (model.gid, model.mode & 0o044) == (0, 0o044)
    assert found["models/well-failure/7"].mode & 0o055 == 0o055


def test_a_rendered_build_is_the_one_that_is_started(modelyard: Run, folder: Path) -> None:
    file = folder / "models.yaml"
    file.write_text(
        file.read_text("utf-8").replace("{openshift: {}}", "{openshift: {imageStream: true, buildConfig: true}}"),
        "utf-8",
    )
    done = modelyard("image", "well-failure", "-f", folder, "--from", MODEL, "-o", folder / "out")
    rendered = modelyard("render", "-f", folder, "--stdout")
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("On OpenShift: ")]
    words = line.removeprefix("On OpenShift: ").split()
    assert words[:2] == ["oc", "start-build"]
    bodies = {each["kind"]: each for each in yaml.safe_load_all(rendered.stdout) if each}
    assert bodies["BuildConfig"]["metadata"]["name"] == words[2]
    assert bodies["BuildConfig"]["spec"]["output"]["to"] == {"kind": "ImageStreamTag", "name": "well-failure:7"}
    assert bodies["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] == "well-failure:7"
    strategy = bodies["BuildConfig"]["spec"]["strategy"]["dockerStrategy"]
    assert (folder / "out" / strategy["dockerfilePath"]).is_file()


def test_what_a_program_says_needs_no_standard_error_of_python(fake: Path, tmp_path: Path) -> None:
    install(fake, "podman")
    (program, problems), said = containers.find(("podman",)), io.StringIO()
    assert program
    with contextlib.redirect_stderr(said):  # as in a notebook
        assert [*problems, *containers.build(program, tmp_path, "churn:1")] == []
    assert (fake / "calls").read_text("utf-8").splitlines()[1].endswith("--tag churn:1 " + str(tmp_path))
