"""Target spark-operator: jobs of Spark in pods, through the Spark operator.

What stands in a Git tree is a ScheduledSparkApplication, or a suspended SparkApplication that is the form of single
runs. Facts: kubeflow/spark-operator v2.5.2, api/v1beta2 and internal/webhook.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from modelyard.files.yaml.marked import derived, in_order, plain
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest, Rendered, TypeMeta
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.models.model_set import NetworkPolicy
from modelyard.models.spark import Job, Size
from modelyard.targets import Claim
from modelyard.targets.spark_operator import beside, storage
from modelyard.targets.spark_operator.rules import check as check
from modelyard.targets.spark_operator.spec import Spec
from modelyard.targets.workloads import pods, spark
from modelyard.targets.workloads.objects import (
    base_mark,
    base_name,
    common,
    is_scraped,
    manifest,
    pod_monitor,
    registered,
    spec_of,
)

__all__ = ["KINDS", "SHARED_FIELDS", "SUMMARY", "Spec", "check", "claims", "render"]

SUMMARY: Final = "Spark jobs in pods through the Spark operator: at their times, or as the form of single runs"
SHARED_FIELDS: Final = frozenset(Spec.model_fields)  # jobs have no variants
KINDS: Final = frozenset(
    [
        TypeMeta("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication"),
        TypeMeta("sparkoperator.k8s.io/v1beta2", "SparkApplication"),
        TypeMeta("v1", "ServiceAccount"),
        TypeMeta("rbac.authorization.k8s.io/v1", "Role"),
        TypeMeta("rbac.authorization.k8s.io/v1", "RoleBinding"),
        TypeMeta("networking.k8s.io/v1", "NetworkPolicy"),
        TypeMeta("monitoring.coreos.com/v1", "PodMonitor"),
    ]
)
USER: Final = 185  # apache/spark, resource-managers/kubernetes/docker/src/main/dockerfiles/spark/Dockerfile
_MEBIBYTE: Final = 1024 * 1024
_RETRIES: Final = 3
_INTERVAL: Final = "1m"
# An executor that goes hands its blocks on first; the operator knows nothing of it, Spark does (apache/spark v4.0,
# core/src/main/scala/org/apache/spark/internal/config).
_DECOMMISSION: Final = {
    "spark.decommission.enabled": "true",
    "spark.storage.decommission.enabled": "true",
    "spark.storage.decommission.rddBlocks.enabled": "true",
    "spark.storage.decommission.shuffleBlocks.enabled": "true",
}
_METRICS: Final = {"spark.ui.prometheus.enabled": "true"}


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of the applications and of the driver's account."""
    base, mark = base_name(model, "spark-operator"), base_mark(model, "spark-operator")
    yield Claim("ServiceAccount", _driver(base), mark)
    for run, _ in spark.jobs(model):
        yield Claim("SparkApplication", f"{base}-{run}", mark)


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return the driver's account and its rights, who may call the pods, and an application per job and schedule."""
    spec = spec_of(model.whole, "spark-operator", Spec)
    base = base_name(model, "spark-operator")
    context = common(models, base, model.whole, base) | {
        "spec": spec,
        "driverAccount": _driver(base),
        "ownAnnotations": in_order(models.spec.serviceAccount.annotations or {}),
    }
    rendered = Rendered()
    for each in ("serviceaccount", "role", "rolebinding"):
        rendered.manifests.append(manifest(f"spark-operator/{each}.yaml", context, templates, model.whole))
    rendered.manifests += _network_policy(models, model, context, templates)
    rendered.manifests += pod_monitor(models, model, "spark-operator", "spark-ui", templates)
    context |= _pods(models, model, context, templates)
    for run, job in spark.jobs(model):
        rendered.manifests += _applications(models, model, run, job, context, templates)
    return rendered


def _driver(base: str) -> str:
    return derived(f"{base}-driver", base)


def _network_policy(
    models: DeclaredSet, model: DeclaredModel, context: dict[str, Any], templates: Templates
) -> Iterator[Manifest]:
    policy = models.spec.networkPolicy
    if isinstance(policy, NetworkPolicy):
        own = {"monitoringFrom": policy.monitoringFrom or [], "scraped": is_scraped(model)}
        yield manifest("spark-operator/networkpolicy.yaml", context | own, templates, model.whole)


def _applications(
    models: DeclaredSet, model: DeclaredModel, run: str, job: Job, context: dict[str, Any], templates: Templates
) -> Iterator[Manifest]:
    own = _job(models, model, run, job)
    if run == "score":
        own |= beside.stands(models, context["spec"], templates)
    application = templates.render("spark-operator/spec.yaml", context | own)
    name = derived(f"{context['name']}-{run}", context["name"])
    own = {"kind": "SparkApplication", "jobName": name, "schedule": None, "application": application}
    times = [each for each in spark.schedules(model) if each.run == run]
    if not times:
        yield manifest("spark-operator/application.yaml", context | own, templates, model.whole)
    seen: Counter[str] = Counter()
    for each in times:
        seen[run] += 1
        number = f"-{seen[run]}" if seen[run] > 1 else ""
        own |= {
            "kind": "ScheduledSparkApplication",
            "jobName": derived(f"{name}{number}", name),
            "schedule": each.schedule,
            "timeZone": each.timeZone or "Etc/UTC",  # the operator's own default is its own zone
        }
        yield manifest("spark-operator/application.yaml", context | own, templates, model.whole)


def _pods(models: DeclaredSet, model: DeclaredModel, context: dict[str, Any], templates: Templates) -> dict[str, Any]:
    """Return what driver and executors have in common, and the model beside each executor."""
    own, spec = model.whole.model, spec_of(model.whole, "spark-operator", Spec)
    user = None if models.spec.platform == "openshift" else USER
    mounts = pods.volumes(own, ())
    return {
        "image": registered(models, spec.image),
        "imagePullSecrets": derived([*(models.spec.imagePullSecrets or [])], models.spec.imagePullSecrets),
        "executorAccount": models.spec.serviceAccount.name or models.metadata.name,
        "podLabels": {**context["labels"], **in_order(own.podLabels or {})},
        "podAnnotations": in_order(own.podAnnotations or {}),
        "env": pods.environment(model, model.whole),
        "envFrom": [plain(each) for each in own.envFrom or []],
        "tolerations": derived([plain(each) for each in own.tolerations or []], own.tolerations),
        "affinity": in_order(own.affinity or {}),
        "schedulerOptions": in_order(spec.batchSchedulerOptions or {}),
        "volumeMounts": mounts["volumeMounts"],
        "volumes": mounts["volumes"],
        "beside": [],
        "besideVolumes": [],
        **templates.render("spark-operator/security.yaml", {"user": user}),
    }


def _job(models: DeclaredSet, model: DeclaredModel, run: str, job: Job) -> dict[str, Any]:
    own, spec = spark.declared(model), spec_of(model.whole, "spark-operator", Spec)
    hadoop = storage.settings(spec)

    def uri(path: str) -> str:
        return storage.uri(spec, own, path)

    executors = spec.executors
    dynamic = executors if executors is not None and executors.max is not None else None
    conf = {
        **_DECOMMISSION,
        **(_METRICS if is_scraped(model) else {}),
        **(beside.settings(models, spec) if run == "score" else {}),
        **spark.settings(own, run, uri),
    }
    return {
        "main": uri(job.main),
        "args": derived([*(job.args or [])], job.args),
        "pyFiles": derived([uri(each) for each in job.pyFiles or []], job.pyFiles),
        "files": derived([uri(each) for each in job.files or []], job.files),
        "jars": derived([uri(each) for each in job.jars or []], job.jars),
        "archives": derived([uri(each) for each in job.archives or []], job.archives),
        "conf": in_order(conf),
        "hadoopConf": in_order({**hadoop, **(spec.hadoopConf or {})}),
        "dynamic": dynamic,
        "instances": executors.min if executors is not None and dynamic is None else None,
        "retries": spec.retries or _RETRIES,
        "retryInterval": names.seconds(spec.retryInterval or _INTERVAL),
        "overhead": _mebibytes(spec.memoryOverhead),
        **_size("driver", own.driver),
        **_size("executor", own.executor),
    }


def _size(role: str, size: Size | None) -> dict[str, Any]:
    memory = spark.memory(size) if size is not None and size.memory is not None else None
    return {f"{role}Cores": size.cores if size else None, f"{role}Memory": memory}


def _mebibytes(quantity: str | None) -> str | None:
    return None if quantity is None else derived(f"{names.bytes_of(quantity) // _MEBIBYTE}m", quantity)
