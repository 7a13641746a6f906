"""Mistakes in hand-written kustomizations: all that is said of them, and where."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.kustomize.build import build
from modelyard.kustomize.simulate import check
from modelyard.report import text as report
from tests.support.viya_deployments import DATA, found, lay, variant

CASES: Final[list[dict[str, Any]]] = yaml.safe_load((DATA / "cases.yaml").read_text("utf-8"))
BASE: Final = (DATA / "base.yaml").read_bytes()
RESTORE: Final = "kustomization.yaml:37 MY620"
VARIANTS: Final = {
    "good-order": [],
    "older": [RESTORE],
    "lts-2023.10": [RESTORE],
    "newest": [RESTORE],
    "bad-order": ["kustomization.yaml:21 MY614 site-config/mas-python-transformer.yaml:10 kustomization.yaml:18"],
    "bad-pointer": [RESTORE, "site-config/sas-model-repository/python-transformer.yaml:15 MY609"],
    "bad-target": [RESTORE, "site-config/sas-model-repository/restore-transformer.yaml:15 MY608"],
    "bad-target-group": [RESTORE, "site-config/sas-model-manager/restore-transformer.yaml:12 MY608"],
    "bad-no-merge": ["kustomization.yaml:32 MY611"],
    "bad-duplicate-name": [
        "kustomization.yaml:38 MY620",
        "site-config/two.yaml:4 MY612 site-config/one.yaml:4",
    ],
    "bad-second-key": ["kustomization.yaml:40 MY606 kustomization.yaml:22", "kustomization.yaml:45 MY620"],
}


@pytest.fixture
def pinned(kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the pinned kustomize first on PATH."""
    monkeypatch.setenv("PATH", f"{kustomize.parent}:/usr/bin:/bin")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_said(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, case["files"])
    monkeypatch.chdir(tmp_path)
    problems = check(Path(), component=None, base=BASE)
    assert report.text(problems) == case["says"]


def test_every_code_of_a_finding_has_a_case() -> None:
    said = "".join(case["says"] for case in CASES)
    # Between the models file and a hand-written one, of kustomize itself, and of a stream: in other tests.
    elsewhere = {"MY618", "MY619", "MY624", "MY625", "MY626"}
    assert {f"MY{number}" for number in range(601, 627) if f"[MY{number}]" not in said} == elsewhere


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.usefixtures("pinned")
def test_variants_of_a_viya_deployment(name: str, shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", name)
    assert found(check(deploy, component=None), deploy) == VARIANTS[name]


def test_all_variants_are_tried(shared: Path) -> None:
    folders = {each.name for each in (shared / "data" / "viya-base" / "variants").iterdir()}
    assert folders == VARIANTS.keys()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("bad-target", "this base is of the newest releases, where sas-model-manager restores"),
        ("bad-target-group", "write group: apps"),
        ("bad-pointer", "in a Deployment it is /spec/template/spec/containers/0/volumeMounts/-"),
    ],
)
@pytest.mark.usefixtures("pinned")
def test_hints_name_what_to_write(name: str, says: str, shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", name)
    ready = build(deploy / "sas-bases" / "base").stream
    hints = [each.hint for each in check(deploy, component=None, base=ready)]
    assert [hint for hint in hints if says in hint]


@pytest.mark.usefixtures("pinned")
def test_the_sidecar_of_sas_needs_the_astores_overlay_that_is_there(shared: Path, tmp_path: Path) -> None:
    deploy = variant(shared, tmp_path / "deploy", "good-order")
    transformer = deploy / "site-config" / "mas-python-transformer.yaml"
    text = transformer.read_text("utf-8")
    mounts = "      image: sas-microanalytic-score\n      volumeMounts: [{name: astores-volume, mountPath: /m}]\n"
    transformer.write_text(text.replace("      image: sas-microanalytic-score\n", mounts), "utf-8")
    [problem] = check(deploy, component=None)
    assert (problem.code, problem.place and problem.place.line) == ("MY622", 11)
    assert "sas-bases/overlays/sas-microanalytic-score/astores to resources and sas-bases/overlays/" in problem.hint
    main = deploy / "kustomization.yaml"
    text = main.read_text("utf-8").replace("  # - sas-bases/overlays/sas-m", "  - sas-bases/overlays/sas-m")
    line = "  - sas-bases/overlays/sas-microanalytic-score/astores/astores-transformer.yaml\ntransformers:\n"
    main.write_text(text.replace("transformers:\n", f"transformers:\n{line.splitlines()[0]}\n"), "utf-8")
    assert check(deploy, component=None) == []
