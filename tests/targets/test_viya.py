"""spec.viya over a deployment with the shape of SAS Viya, built with the real kustomize."""

import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard import api
from modelyard.api import site_config
from modelyard.kustomize.site_config import apply
from modelyard.problems import has_errors
from tests.support import viya
from tests.support.kustomize_builds import Identity, Object, load

TODAY = date.fromisoformat(viya.TODAY)
CONFIG = """{PROC_PYPATH: /python/bin/python3, DM_PYPATH: /python/bin/python3, MAS_PYPATH: /python/bin/python3,
        MAS_M2PATH: /opt/sas/mas2py.py}"""
NFS = "{nfs: {server: nfs.example.com, path: /vol/python}}"
RESTORE = '{service: %s, until: 2026-12-31, backupId: "20261119-014500", startMode: RESTORE}'
README = f"""
    python: {{volume: {NFS}, mountPath: /python, services: [model-repository]}}
    restore: {RESTORE}"""

PYTHON_SERVICES = {
    "model-repository": [("apps", "Deployment", "sas-model-repository")],
    "mas": [("apps", "Deployment", "sas-microanalytic-score")],
    "cas": [("viya.sas.com", "CASDeployment", "default")],
    "launcher": [("", "PodTemplate", "sas-launcher-job-config")],
    "compute": [("", "PodTemplate", "sas-compute-job-config")],
    "batch": [("", "PodTemplate", "sas-batch-pod-template"), ("", "PodTemplate", "sas-batch-cmd-pod-template")],
    "connect": [("", "PodTemplate", "sas-connect-pod-template")],
}


def install(models: Path, deploy: Path) -> None:
    result = api.overlay(models, today=TODAY)
    assert not has_errors(result.problems), result.problems
    change, problems = site_config.installation(models, deploy, result)
    assert change is not None, problems
    assert apply(change) == []


def env_from(container: dict[str, Any]) -> list[str]:
    return [each["configMapRef"]["name"] for each in container.get("envFrom", []) if "configMapRef" in each]


def added(before: list[Any], after: list[Any]) -> list[Any]:
    """Return what a list has more; all that was there is still there, in its order."""
    assert [each for each in after if each in before] == before
    return [each for each in after if each not in before]


CASES = {
    "older": (viya.deployment, "model-repository", README),
    "lts": (viya.deployment, "model-repository", f"\n    restore: {RESTORE}"),
    "newest": (viya.newest, "model-manager", f"\n    restore: {RESTORE}"),
}


@pytest.mark.parametrize("generation", CASES)
def test_the_readme_case(shared: Path, kustomize: Path, tmp_path: Path, generation: str) -> None:
    laid, service, text = CASES[generation]
    deploy, plain = laid(shared, tmp_path / "deploy"), viya.build(kustomize, laid(shared, tmp_path / "plain"))
    install(viya.models_file(tmp_path / "models", text % service), deploy)
    objects = viya.build(kustomize, deploy)
    identity = ("apps", "Deployment", f"sas-{service}")
    old, new = viya.pod(plain[identity]), viya.pod(objects[identity])
    name, data = viya.config_map(objects, "sas-restore-job-parameters")
    assert added(old["containers"][0]["envFrom"], new["containers"][0]["envFrom"]) == [{"configMapRef": {"name": name}}]
    assert data["SAS_BACKUP_ID"] == "20261119-014500"
    assert data["SAS_DEPLOYMENT_START_MODE"] == "RESTORE"
    assert data["SG_PROJECT"] == "backup", "what the base has is still there"
    cron = objects["batch", "CronJob", "sas-restore-job"]
    assert name in env_from(viya.pod(cron)["containers"][0]), "the hash is followed"
    if generation == "older":
        mounts = added(old["containers"][0]["volumeMounts"], new["containers"][0]["volumeMounts"])
        assert mounts == [{"name": "python-volume", "mountPath": "/python", "readOnly": True}]
        assert added(old["volumes"], new["volumes"]) == [
            {"name": "python-volume", "nfs": {"server": "nfs.example.com", "path": "/vol/python"}}
        ]


@pytest.fixture(scope="module")
def bases(shared: Path, kustomize: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Identity, Object]:
    folder = viya.with_more(viya.deployment(shared, tmp_path_factory.mktemp("plain") / "deploy"))
    return viya.build(kustomize, folder)


@pytest.mark.parametrize("service", [*PYTHON_SERVICES, "mas-mount"])
def test_each_service_gets_python(
    shared: Path, kustomize: Path, tmp_path: Path, service: str, bases: dict[Identity, Object]
) -> None:
    shape = "mount" if service == "mas-mount" else "sidecar"
    service = service.removesuffix("-mount")
    text = f"""
    python:
      volume: {NFS}
      mountPath: /python
      services: [{service}]
      config: {CONFIG}
      {f"mas: {{shape: {shape}}}" if service == "mas" else ""}"""
    deploy = viya.with_more(viya.deployment(shared, tmp_path / "deploy"))
    install(viya.models_file(tmp_path / "models", text), deploy)
    objects = viya.build(kustomize, deploy)
    changed = {identity for identity in bases if identity in objects and objects[identity] != bases[identity]}
    policy = {("", "ConfigMap", "sas-programming-environment-java-policy-config")}
    programs = service not in ("mas", "model-repository")
    assert changed == set(PYTHON_SERVICES[service]) | (policy if programs else set())
    for identity in PYTHON_SERVICES[service]:
        _has_python(service, shape, viya.pod(bases[identity]), viya.pod(objects[identity]), objects)
    if programs:
        data = objects["", "ConfigMap", "sas-programming-environment-java-policy-config"]["data"]
        assert data == {"SAS_JAVA_POLICY_ALLOW_TMP": "/tmp", "SAS_JAVA_POLICY_ALLOW_DM_PYPATH": "/python/bin/python3"}  # noqa: S108


def _has_python(
    service: str, shape: str, old: dict[str, Any], new: dict[str, Any], objects: dict[Identity, Object]
) -> None:
    python, data = viya.config_map(objects, "sas-open-source-config-python")
    assert data == yaml.safe_load(CONFIG)
    volumes = [each["name"] for each in added(old["volumes"], new["volumes"])]
    first, before = new["containers"][0], old["containers"][0]
    mounts = added(before["volumeMounts"], first["volumeMounts"])
    maps = added(env_from(before), env_from(first))
    if service == "mas":
        mas, port = viya.config_map(objects, "sas-open-source-config-python-mas")
        assert port == {"MAS_PYPORT": "31100"}
        assert maps == [python, mas]
        assert volumes == (["python-volume", "pytmp"] if shape == "sidecar" else ["python-volume"])
        assert bool(mounts) is (shape == "mount")
        if shape == "sidecar":
            _is_runner(new["containers"][-1], [python, mas], new)
        return
    assert maps == ([] if service == "model-repository" else [python])
    assert volumes == ["python-volume"]
    assert mounts == [{"name": "python-volume", "mountPath": "/python", "readOnly": True}]


def _is_runner(runner: dict[str, Any], maps: list[str], pod: dict[str, Any]) -> None:
    assert runner["image"].startswith("registry.example.com/viya/sas-microanalytic-score:")
    assert env_from(runner) == maps
    assert {each["name"] for each in runner["volumeMounts"]} <= {each["name"] for each in pod["volumes"]}
    assert runner["securityContext"]["runAsUser"] == 1001


@pytest.mark.parametrize("service", ["cas", "launcher", "compute"])
def test_each_service_gets_r(
    shared: Path, kustomize: Path, tmp_path: Path, service: str, bases: dict[Identity, Object]
) -> None:
    text = f"""
    r: {{volume: {{emptyDir: {{}}}}, mountPath: /r, services: [{service}], config: {{DM_RHOME: /r/lib/R}}}}"""
    deploy = viya.deployment(shared, tmp_path / "deploy")
    install(viya.models_file(tmp_path / "models", text), deploy)
    objects = viya.build(kustomize, deploy)
    (identity,) = PYTHON_SERVICES[service]
    old, new = viya.pod(bases[identity]), viya.pod(objects[identity])
    assert added(old["volumes"], new["volumes"]) == [{"name": "r-volume", "emptyDir": {}}]
    mounts = added(old["containers"][0]["volumeMounts"], new["containers"][0]["volumeMounts"])
    assert mounts == [{"name": "r-volume", "mountPath": "/r", "readOnly": True}]
    name, data = viya.config_map(objects, "sas-open-source-config-r")
    assert added(env_from(old["containers"][0]), env_from(new["containers"][0])) == [name]
    assert data == {"DM_RHOME": "/r/lib/R"}
    policy = objects["", "ConfigMap", "sas-programming-environment-java-policy-config"]["data"]
    assert policy["SAS_JAVA_POLICY_ALLOW_DM_RHOME"] == "/r/lib/R/bin/Rscript"


def test_kubectl_builds_the_same(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    deploy = viya.with_more(viya.deployment(shared, tmp_path / "deploy"))
    services = ", ".join(PYTHON_SERVICES)
    text = f"\n    python: {{volume: {NFS}, mountPath: /python, services: [{services}], config: {CONFIG}}}"
    install(viya.models_file(tmp_path / "models", text), deploy)
    done = subprocess.run(["kubectl", "kustomize", deploy], capture_output=True, text=True, check=True)
    assert load(done.stdout) == viya.build(kustomize, deploy)


def test_tools_that_know_builtin_kinds_alone_understand_the_folder(tmp_path: Path) -> None:
    """viya4-deployment (siteconfig_info.py) lists a folder with a Component, and knows builtin kinds besides."""
    text = f"\n    python: {{volume: {NFS}, mountPath: /python, services: [batch, cas], config: {CONFIG}}}"
    content = api.overlay(viya.models_file(tmp_path, text), today=TODAY).content
    assert yaml.safe_load(content["site-config/kustomization.yaml"])["kind"] == "Component"
    documents = list(yaml.safe_load_all(content["site-config/transformers.yaml"]))
    assert {each["apiVersion"] for each in documents} == {"builtin"}
    assert {each["kind"] for each in documents} == {"PatchTransformer", "ReplacementTransformer"}
    names = [each["metadata"]["name"] for each in documents]
    assert len(set(names)) == len(names)
