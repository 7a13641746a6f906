"""Speed and memory, as ratios measured side by side in one run: `make bench`.

Each pair of commands runs in turn, A B A B …, so that a machine whose speed drifts drifts for both. Times are
CPU seconds (user and system) of whole processes as the operating system counts them; the ratio is of medians.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.sets import models_file
from modelyard.files.yaml import write_all
from modelyard.manifests.manifest import Rendered, TargetPatch
from modelyard.render.component import site_config
from modelyard.render.transformers import transformers

KUSTOMIZE = Path.home() / ".cache" / "modelyard" / "kustomize-v5.8.1" / "kustomize"
KUBECONFORM = Path.home() / ".cache" / "modelyard" / "kubeconform-v0.8.0" / "kubeconform"
SCHEMAS = Path(__file__).parents[2] / "shared" / "data" / "schemas"
PYTHON = sys.executable
MODELYARD = [PYTHON, "-m", "modelyard"]
FUNCTION = str(Path(PYTHON).parent / "modelyard-fn")
# Installers compile packages; a checkout is compiled by the first run, which is not counted, unless this forbids it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
RESOURCE_LIST = """\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items: []
functionConfig:
  apiVersion: modelyard.dev/v1alpha1
  kind: ModelGenerator
  metadata: {name: models}
  spec: {models: models.yaml}
"""


@dataclass(frozen=True)
class Run:
    """What one process took: CPU seconds, and its peak memory in MiB."""

    seconds: float
    mebibytes: float


def run(command: Sequence[str], folder: Path, stdin: str = "") -> Run:
    """Run a command to its end and return what it took. Raises CalledProcessError if it fails."""
    read, write = os.pipe()
    os.write(write, stdin.encode())
    os.close(write)
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdin=read, stdout=nowhere, stderr=nowhere)
    os.close(read)
    _, status, usage = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise subprocess.CalledProcessError(code, command)
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(runs: Sequence[Run]) -> float:
    """Return the median of the seconds."""
    return statistics.median(each.seconds for each in runs)


def pair(name: str, limit: float, a: list[Run], b: list[Run]) -> bool:
    """Print the ratio of two commands, and tell whether it is within the limit."""
    ratio = median(a) / median(b)
    print(f"{name:<58}{ratio:>7.2f} (at most {limit:g}; {median(a):.2f} s to {median(b):.2f} s)")
    return ratio <= limit


# What begins, and how many times the import of two of its libraries it may take.
BEGINNINGS: dict[str, tuple[list[str], float]] = {
    "modelyard --version": ([*MODELYARD, "--version"], 1.5),
    "modelyard --help": ([*MODELYARD, "--help"], 3.0),
    "modelyard render, 1 model": ([*MODELYARD, "render"], 2.5),
    "modelyard-fn, 1 model": ([FUNCTION], 2.2),
}


def start_up(root: Path) -> bool:
    """Compare what begins with the import of the reader of YAML and of the templates: nine in turn, after one."""
    folder = root / "1"
    imports: list[Run] = []
    runs: dict[str, list[Run]] = {name: [] for name in BEGINNINGS}
    for _ in range(10):
        imports.append(run([PYTHON, "-c", "import ruamel.yaml, jinja2"], folder))
        for name, (command, _) in BEGINNINGS.items():
            runs[name].append(run(command, folder, RESOURCE_LIST))
    within = [pair(f"{name} / import", BEGINNINGS[name][1], each[1:], imports[1:]) for name, each in runs.items()]
    return all(within)


def thousand(root: Path) -> bool:
    """Compare rendering 1,000 models with kustomize's build of the result."""
    folder = root / "1000"
    a: list[Run] = []
    b: list[Run] = []
    for _ in range(3):
        shutil.rmtree(folder / "generated", ignore_errors=True)
        a.append(run([*MODELYARD, "render"], folder))
        b.append(run([str(KUSTOMIZE), "build", "."], folder))
    return pair("render, 1,000 models / kustomize build of the result", 0.1, a, b)


# Renders without any rule, which is what a check is compared with.
_RENDER_ALONE = "from modelyard.api import parts, pipeline; parts._check = lambda *_: []; pipeline.overlay()"
# Checks 10,000 objects of a stream, four times those of 1,000 models, and prints nothing.
_STREAM = """
from modelyard import api
from modelyard.check import check_objects
from modelyard.check.finding import Cluster
bodies = [each.body for each in api.render().objects]
check_objects((bodies * 4)[:10_000], Cluster())
"""


def checks(root: Path) -> bool:
    """Compare checking 1,000 models with rendering them; check 10,000 objects of a stream."""
    folder = root / "1000"
    a: list[Run] = []
    b: list[Run] = []
    c: list[Run] = []
    for _ in range(3):
        a.append(run([*MODELYARD, "check"], folder))
        b.append(run([PYTHON, "-c", _RENDER_ALONE], folder))
        c.append(run([PYTHON, "-c", _STREAM], folder))
    within = pair("check, 1,000 models / rendering them", 2.0, a, b)
    seconds, peak = median(c) - median(a), max(each.mebibytes for each in c)
    print(f"{'check, 10,000 objects':<58}{seconds:>7.2f} s (at most 5), {peak:.0f} MiB (at most 500)")
    return within and seconds < 5 and peak < 500


def stream(root: Path) -> bool:
    """Compare checking 10,000 objects of a stream with kubeconform, which has the same schemas on disk."""
    schemas = root / "schemas"
    schemas.mkdir()
    for each in json.loads((SCHEMAS / "index.json").read_text("utf-8")):
        if each["set"] in ("kubernetes-1.37", "crd"):
            group, _, version = each["apiVersion"].rpartition("/")
            shutil.copy(SCHEMAS / each["path"], schemas / f"{group or version}-{each['kind'].lower()}-{version}.json")
    rendered = subprocess.run([*MODELYARD, "render", "--stdout"], cwd=root / "1000", capture_output=True, check=True)
    objects = rendered.stdout.split(b"\n---\n")
    renamed = (each.replace(b"model-", b"set-%d-" % i) for i in range(4) for each in objects)
    (root / "stream.yaml").write_bytes(b"\n---\n".join(list(renamed)[:10_000]))
    location = f"{schemas}/{{{{.Group}}}}-{{{{.ResourceKind}}}}-{{{{.ResourceAPIVersion}}}}.json"
    a: list[Run] = []
    b: list[Run] = []
    for _ in range(3):
        a.append(run([*MODELYARD, "check", "stream.yaml"], root))
        b.append(run([str(KUBECONFORM), "-strict", "-schema-location", location, "stream.yaml"], root))
    return pair("check, 10,000 objects of a stream / kubeconform", 1.2, a, b)


def growth(root: Path) -> bool:
    """Compare 10,000 models with 1,000, in time and memory."""
    a: list[Run] = []
    b: list[Run] = []
    for _ in range(3):
        for count, runs in ((10_000, a), (1_000, b)):
            shutil.rmtree(root / str(count) / "generated", ignore_errors=True)
            runs.append(run([*MODELYARD, "render"], root / str(count)))
    within = pair("render, 10,000 models / 1,000 models", 11.0, a, b)
    peak = max(each.mebibytes for each in a)
    print(f"{'render, 10,000 models: peak memory':<58}{peak:>7.0f} MiB (at most 350)")
    return within and peak <= 350


def patches(root: Path) -> bool:
    """Compare a base of 100 Deployments with 500 patches, one per object or each for itself, with the base alone."""
    names = [f"service-{number}" for number in range(100)]
    found = [_patch(name, number) for number in range(5) for name in names]
    single = write_all(each for i, patch in enumerate(found) for each in transformers(f"patch-{i}", patch))
    files = {
        "base": {},
        "coalesced": site_config("bench", Rendered(patches=found)),
        "single": {"kustomization.yaml": f"{_COMPONENT}transformers: [all.yaml]\n", "all.yaml": single},
    }
    for name, component in files.items():
        folder = root / name / "component"
        folder.mkdir(parents=True)
        for path, text in component.items():
            (folder / path).write_text(text, "utf-8")
        (root / name / "base.yaml").write_text(write_all(_deployment(each) for each in names), "utf-8")
        listed = "components: [component]\n" if component else ""
        (root / name / "kustomization.yaml").write_text(f"resources: [base.yaml]\n{listed}", "utf-8")
    runs: dict[str, list[Run]] = {name: [] for name in files}
    for _ in range(11):
        for name in files:
            runs[name].append(run([str(KUSTOMIZE), "build", "."], root / name))
    within = pair("500 patches, one per object / base of 100 Deployments", 3.0, runs["coalesced"], runs["base"])
    return pair("500 patches, one per object / 500 single patches", 0.5, runs["coalesced"], runs["single"]) and within


def _patch(name: str, number: int) -> TargetPatch:
    value = {"configMapRef": {"name": f"settings-{number}"}}
    operation = {"op": "add", "path": "/spec/template/spec/containers/0/envFrom/-", "value": value}
    return TargetPatch("apps", "v1", "Deployment", name, [operation])


def _deployment(name: str) -> dict[str, Any]:
    """Return a Deployment of the size that those of SAS Viya have."""
    container = {
        "name": name,
        "image": name,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": "SAS_SERVICE_NAME", "value": name}],
        "envFrom": [{"configMapRef": {"name": "shared"}}, {"configMapRef": {"name": "java"}}],
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": f"/{name}/commons/health", "port": "http"}},
        "resources": {"requests": {"cpu": "50m", "memory": "250Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
        "volumeMounts": [{"mountPath": "/tmp", "name": "tmp"}],  # noqa: S108 - the container's
    }
    labels = {"app": name, "app.kubernetes.io/name": name}
    pod = {"serviceAccountName": "default", "containers": [container], "volumes": [{"name": "tmp", "emptyDir": {}}]}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    metadata = {"name": name, "labels": labels, "annotations": {"sas.com/component-name": name}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def main() -> int:
    """Print all ratios; exit with 1 if one is over its limit."""
    root = Path(tempfile.mkdtemp(prefix="modelyard-bench-"))
    try:
        for count in (1, 1_000, 10_000):
            folder = root / str(count)
            folder.mkdir()
            (folder / "models.yaml").write_text(models_file("plain", count), "utf-8")
            kustomization = (
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ncomponents: [generated]\n"
            )
            (folder / "kustomization.yaml").write_text(kustomization, "utf-8")
        print(f"ratios on {os.cpu_count()} cores; in brackets the limit and the medians of CPU seconds")
        results = [start_up(root), thousand(root), checks(root), stream(root), growth(root), patches(root)]
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
