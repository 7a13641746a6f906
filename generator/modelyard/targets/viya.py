"""Section viya: patches and ConfigMap entries for the base of a SAS Viya deployment, from `spec.viya`.

Names of objects, ConfigMaps and keys are those of sas-bases (base, examples/sas-open-source-config and
examples/restore of a 2023.10 order; examples/sas-model-manager of later ones).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests.manifest import (
    POD_SPECS,
    ConfigMapEntries,
    Manifest,
    Rendered,
    TargetPatch,
    TypeMeta,
)
from modelyard.manifests.names import seconds
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredSet
from modelyard.models.pod import VolumeSource
from modelyard.models.viya import Python, R, Restore, Viya
from modelyard.models.viya_names import (
    ASTORES_VOLUME,
    BACKUP_ID,
    JAVA_POLICY_MAP,
    MAS_MAP,
    PYTHON_MAP,
    R_MAP,
    RESTORE_MAP,
    START_MODE,
)
from modelyard.targets.workloads.objects import MANAGED_BY, NAME_LABEL
from modelyard.targets.workloads.words import unexpanded

SUMMARY: Final = "site-config of a SAS Viya deployment: Python and R volumes, restore parameters"
KINDS: Final = frozenset([TypeMeta("batch/v1", "Job")])

MAS_PORT: Final = "31100"  # MAS_PYPORT of the shipped sas-open-source-config-python-mas
SAS_USER: Final = 1001  # that SAS's own images run as
_INTERPRETERS: Final = ("PROC_PYPATH", "DM_PYPATH", "MAS_PYPATH")


class _Object(NamedTuple):
    group: str
    version: str
    kind: str
    name: str
    lacks_env_from: bool = False
    optional: bool = False


def _deployment(name: str) -> _Object:
    return _Object("apps", "v1", "Deployment", name)


def _pod_template(name: str, *, lacks_env_from: bool = False, optional: bool = False) -> _Object:
    return _Object("", "v1", "PodTemplate", name, lacks_env_from, optional)


# In the order in which the operations are written.
_OBJECTS: Final[Mapping[str, tuple[_Object, ...]]] = {
    "model-repository": (_deployment("sas-model-repository"),),
    "model-manager": (_deployment("sas-model-manager"),),
    "mas": (_deployment("sas-microanalytic-score"),),
    "cas": (_Object("viya.sas.com", "v1alpha1", "CASDeployment", ".*"),),
    "launcher": (_pod_template("sas-launcher-job-config"),),
    "compute": (_pod_template("sas-compute-job-config"),),
    "batch": (
        _pod_template("sas-batch-pod-template"),
        _pod_template("sas-batch-cmd-pod-template", lacks_env_from=True, optional=True),
    ),
    "connect": (_pod_template("sas-connect-pod-template"),),
}
# Services whose programs the Java policy holds back.
_PROGRAMMING: Final = frozenset(["cas", "launcher", "compute", "batch", "connect"])


def render(models: DeclaredSet, templates: Templates) -> Rendered:
    """Return the patches of each object of the base, the ConfigMap entries, and the Job that tries the volume."""
    rendered = Rendered()
    viya = models.spec.viya
    if isinstance(viya, Viya):
        for part in (viya.python, viya.r):
            if part is not None:
                _volume(rendered, models, part, templates)
        if viya.python is not None:
            rendered.manifests += _volume_check(models, viya.python, templates)
        if viya.restore is not None:
            _restore(rendered, viya.restore, templates)
    return rendered


def _volume(rendered: Rendered, models: DeclaredSet, part: Python | R, templates: Templates) -> None:
    """Add a volume with Python or R for all its services, and what belongs to it."""
    is_python = isinstance(part, Python)
    config = in_order(part.config or {})
    name = PYTHON_MAP if is_python else R_MAP
    maps = [name] if config else []
    context = {
        "volume": "python-volume" if is_python else "r-volume",
        "source": _source(part.volume),
        "mountPath": part.mountPath,
        "configMaps": maps,
        "runAsUser": _user(models),
    }
    wanted = {str(service): service for service in part.services}
    for service in (wanted[each] for each in _OBJECTS if each in wanted):
        if service == "mas" and isinstance(part, Python):
            _mas(rendered, part, service, templates, context)
        elif service == "model-repository" or not maps:
            _patch(rendered, service, ["viya/volume.yaml"], templates, context)
        else:
            _patch(rendered, service, ["viya/volume.yaml", "viya/env-from.yaml"], templates, context)
    if config:
        rendered.config_maps.append(ConfigMapEntries(name, config, merge=False))
    programs = _programs(config) if _PROGRAMMING.intersection(wanted) else {}
    if programs:
        allowed = {"programs": list(programs.items())}
        operations = templates.render("viya/java-policy.yaml", allowed)["operations"]
        rendered.patches.append(TargetPatch("", "v1", "ConfigMap", JAVA_POLICY_MAP, operations))


def _mas(rendered: Rendered, python: Python, service: str, templates: Templates, context: Mapping[str, Any]) -> None:
    """Let SAS Micro Analytic Service run Python, in a container beside it or in its own."""
    first = "viya/mas-sidecar.yaml" if python.mas.shape == "sidecar" else "viya/volume.yaml"
    maps = [*context["configMaps"], MAS_MAP]
    _patch(rendered, service, [first, "viya/env-from.yaml"], templates, {**context, "configMaps": maps})
    data = {"MAS_PYPORT": MAS_PORT, **in_order(python.mas.config or {})}
    rendered.config_maps.append(ConfigMapEntries(MAS_MAP, data, merge=False))


def _programs(config: Mapping[str, str]) -> dict[str, str]:
    """Return the entries of the Java policy's allow-list: each interpreter, and Rscript below R's home."""
    allowed = {f"SAS_JAVA_POLICY_ALLOW_{key}": path for key, path in config.items() if key.startswith("DM_PYPATH")}
    if "DM_RHOME" in config:
        home = config["DM_RHOME"]
        allowed["SAS_JAVA_POLICY_ALLOW_DM_RHOME"] = derived(f"{home.rstrip('/')}/bin/Rscript", home)
    return allowed


def _patch(
    rendered: Rendered, service: str, names: list[str], templates: Templates, context: Mapping[str, Any]
) -> None:
    """Add the operations of these templates for each object of a service."""
    for each in _OBJECTS[str(service)]:
        # What goes wrong with a patch is the service's doing, so its place is the service's.
        words = {"root": POD_SPECS[each.kind], "astores": ASTORES_VOLUME, "volume": context.get("volume", "")}
        given = {**context, **{key: derived(word, service) for key, word in words.items()}}
        operations = [op for name in names for op in templates.render(name, given)["operations"]]
        target = each._replace(name=derived(each.name, service))
        rendered.patches.append(TargetPatch(*target[:4], operations, each.lacks_env_from, each.optional))


def _user(models: DeclaredSet) -> int | None:
    return None if models.spec.platform == "openshift" else SAS_USER


def _source(volume: VolumeSource) -> dict[str, Any]:
    return {key: in_order(source) for key in volume.SOURCES if (source := getattr(volume, key)) is not None}


def _restore(rendered: Rendered, restore: Restore, templates: Templates) -> None:
    """Let the service read the parameters at its start, and CronJob sas-restore-job with it."""
    _patch(rendered, restore.service, ["viya/env-from.yaml"], templates, {"configMaps": [RESTORE_MAP]})
    rendered.config_maps.append(ConfigMapEntries(RESTORE_MAP, dict(_parameters(restore)), merge=True))


def _parameters(restore: Restore) -> Iterator[tuple[str, str]]:
    yield BACKUP_ID, restore.backupId
    yield START_MODE, restore.startMode
    if restore.logLevel is not None:
        yield "SAS_LOG_LEVEL", restore.logLevel
    if restore.jobTimeout is not None:
        yield "JOB_TIME_OUT", derived(str(seconds(restore.jobTimeout) // 60), restore.jobTimeout)
    for key, selection in (
        ("RESTORE_DEFINITION_FILTER", restore.definitionFilter),
        ("RESTORE_CONFIGURATION_FILTER", restore.configurationFilter),
    ):
        if selection is not None:
            yield key, derived(json.dumps(selection, sort_keys=True, separators=(",", ":")), selection)
    yield from in_order(restore.parameters or {}).items()


def _volume_check(models: DeclaredSet, python: Python, templates: Templates) -> Iterator[Manifest]:
    if python.volumeCheck is None:
        return
    config = python.config or {}
    found = next((config[key] for key in _INTERPRETERS if key in config), None)
    context = {
        "name": f"{models.metadata.name}-python-check",
        "labels": {
            NAME_LABEL: f"{models.metadata.name}-python-check",
            "app.kubernetes.io/part-of": models.metadata.name,
            "app.kubernetes.io/managed-by": MANAGED_BY,
            **in_order(models.spec.labels or {}),
        },
        "annotations": in_order(models.spec.annotations or {}),
        "imagePullSecrets": [{"name": name} for name in models.spec.imagePullSecrets or []],
        "image": python.volumeCheck.image,
        "program": unexpanded(found or f"{python.mountPath}/bin/python3"),
        "memory": python.volumeCheck.memory,
        "runAsUser": _user(models),
        "volume": "python-volume",
        "source": _source(python.volume),
        "mountPath": python.mountPath,
    }
    yield Manifest(templates.render("viya/volume-check.yaml", context), "viya/volume-check.yaml", hashed=True)
