"""The samples for Flux: their objects are Flux's, by its own definitions, and they name what the commands write."""

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import Run
from tests.support.consoles import blocks, read

PAGE = "docs/how-to/flux.md"


def test_the_objects_are_flux_s_by_its_definitions(modelyard: Run, tmp_path: Path) -> None:
    samples = [each for each in blocks(read(PAGE), "yaml") if "kind: Kustomization" in each]
    assert len(samples) == 2
    for number, sample in enumerate(samples):
        (tmp_path / f"{number}.yaml").write_text(sample, "utf-8")
        done = modelyard("check", tmp_path / f"{number}.yaml", "--strict")
        assert done.returncode == 0, done.stderr
        (tmp_path / "wrong.yaml").write_text(sample.replace("prune: true", "prun: true"), "utf-8")
        assert "prun" in modelyard("check", tmp_path / "wrong.yaml", "--strict").stderr


def test_the_repository_is_what_the_command_writes() -> None:
    page = read(PAGE)
    repository, kustomization = yaml.safe_load_all(blocks(page, "yaml")[1])
    (address,) = set(re.findall(r"modelyard (?:push|pull|diff --oci) (oci://\S+)", page))
    assert address == f"{repository['spec']['url']}:{repository['spec']['ref']['tag']}"
    source = kustomization["spec"]["sourceRef"]
    assert (source["kind"], source["name"]) == (repository["kind"], repository["metadata"]["name"])


@pytest.mark.parametrize("kind", ["Service", "Route"])
def test_what_is_served_by_knative_has_a_health_check(kind: str) -> None:
    (_, kustomization) = yaml.safe_load_all(blocks(read(PAGE), "yaml")[1])
    checks = {each["kind"]: each for each in kustomization["spec"]["healthCheckExprs"]}
    assert checks[kind]["apiVersion"] == "serving.knative.dev/v1"
