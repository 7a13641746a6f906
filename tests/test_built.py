"""check --built: what a kustomization made of a models file, by the real kustomize."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from modelyard import api
from modelyard.api.built import check_built
from modelyard.problem import Problem
from tests import viya
from tests.test_viya import README, install

ROOT = Path(__file__).resolve().parent.parent


def stream(kustomize: Path, folder: Path) -> bytes:
    return subprocess.run([kustomize, "build", folder], capture_output=True, check=True).stdout


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "overlays" / "dev", tmp_path / "dev"))


def check(folder: Path, content: bytes) -> list[Problem]:
    found = check_built(folder, content, "built.yaml")
    return [each for each in found if each.code.startswith("MY63")]


def add_to(folder: Path, **own: object) -> None:
    path = folder / "kustomization.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text("utf-8")), **own}), "utf-8")


@pytest.mark.parametrize("own", [{}, {"namespace": "elsewhere"}, {"labels": [{"pairs": {"a": "b"}}]}], ids=str)
def test_an_honest_build_has_no_finding(dev: Path, kustomize: Path, own: dict[str, object]) -> None:
    add_to(dev, **own)
    assert check(dev, stream(kustomize, dev)) == []


def test_renamed_objects_are_found_and_their_references_are_no_change(dev: Path, kustomize: Path) -> None:
    models = (dev / "models.yaml").read_text("utf-8")
    without_domain = "\n".join(line for line in models.split("\n") if "domains:" not in line)
    (dev / "models.yaml").write_text(without_domain, "utf-8")
    shutil.rmtree(dev / "generated")
    assert api.write(dev, api.overlay(dev)) == []
    add_to(dev, namePrefix="blue-", nameSuffix="-v2")
    assert check(dev, stream(kustomize, dev)) == []


def test_a_missing_object_is_an_error_at_its_model(dev: Path, kustomize: Path) -> None:
    whole = list(yaml.safe_load_all(stream(kustomize, dev)))
    rest = [each for each in whole if (each["kind"], each["metadata"]["name"]) != ("Route", "churn")]
    (found,) = check(dev, yaml.safe_dump_all(rest).encode())
    assert (found.code, found.severity) == ("MY631", "error")
    assert found.message == "Route.serving.knative.dev churn is not in the stream"
    line = (dev / "models.yaml").read_text("utf-8").split("\n").index("    - name: churn") + 1
    assert found.place
    assert (found.place.file, found.place.line) == (str(dev / "models.yaml"), line)


def test_an_image_for_both_variants_is_an_error(dev: Path, kustomize: Path) -> None:
    name = "registry.example.com/models/churn"
    add_to(dev, images=[{"name": name, "newTag": "3.0.0"}])
    found = check(dev, stream(kustomize, dev))
    (error,) = [each for each in found if each.severity == "error"]
    assert error.code == "MY633"
    assert error.message == f"challenger and champion of churn run one image: {name}:3.0.0"
    notes = [each for each in found if each.severity == "note"]
    assert {each.code for each in notes} == {"MY632"}
    assert [each.message for each in notes if "churn:2.1.0" in each.message]


def test_what_was_changed_is_a_note_at_its_line_and_never_shows_a_variable(dev: Path, kustomize: Path) -> None:
    text = (
        stream(kustomize, dev)
        .decode()
        .replace('autoscaling.knative.dev/max-scale: "5"', 'autoscaling.knative.dev/max-scale: "9"')
    )
    text = text.replace('value: "true"', "value: geheim")
    found = check(dev, text.encode())
    assert {each.severity for each in found} == {"note"}
    (scale,) = [each for each in found if "max-scale" in each.message]
    assert scale.message.endswith('is "9", not "5"')
    source = (dev / "models.yaml").read_text("utf-8").split("\n")
    assert scale.place
    assert "maxScale: 5" in source[scale.place.line - 1]
    assert not [each for each in found if "geheim" in each.message]


def test_a_stream_that_is_no_yaml_is_one_error(dev: Path) -> None:
    (found,) = [each for each in check_built(dev, b"a: [", "built.yaml") if each.severity == "error"]
    assert found.place
    assert found.place.file == "built.yaml"


# ------------------------------------------------------------ site-config


def test_an_installed_site_config_has_arrived(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(models, deploy)
    assert check(models, stream(kustomize, deploy)) == []


def test_a_site_config_that_is_not_listed_has_not_arrived(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    found = check(models, stream(kustomize, deploy))
    assert {each.code for each in found} == {"MY631"}
    said = [each.message for each in found]
    assert "ConfigMap sas-restore-job-parameters has no SAS_BACKUP_ID" in said
    assert [each for each in said if "/spec/template/spec/volumes/-" in each]
    assert all(each.place and each.place.file.endswith("models.yaml") for each in found)


def test_another_restore_in_the_stream_is_a_note(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    models = viya.models_file(tmp_path / "models", README % "model-repository")
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(models, deploy)
    content = stream(kustomize, deploy).replace(b"20261119-014500", b"20250101-000000")
    (found,) = check(models, content)
    assert (found.code, found.severity) == ("MY632", "note")
    assert found.message == "ConfigMap sas-restore-job-parameters: SAS_BACKUP_ID has another value"


def test_the_command_reads_standard_input(
    dev: Path, kustomize: Path, modelyard: Callable[..., CompletedProcess[str]]
) -> None:
    done = modelyard("check", "-f", dev, "--built", "-", stdin=stream(kustomize, dev).decode())
    assert (done.returncode, done.stdout) == (0, "")
    done = modelyard("check", "-f", dev, "--built", "-", stdin="")
    assert done.returncode == 1
    assert "is not in the stream [MY631]" in done.stderr
