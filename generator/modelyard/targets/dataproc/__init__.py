"""Target dataproc: jobs of Spark on clusters of Google Cloud Dataproc that exist for one run, through Config Connector.

A template holds a job and its cluster; a workflow instantiates it when an upload, a schedule or a person asks. Facts:
GoogleCloudPlatform/k8s-config-connector v1.155.1, config/crds/resources.
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest, Rendered, TypeMeta
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.models.spark import Job
from modelyard.targets import Claim
from modelyard.targets.dataproc import access, machines, workflow
from modelyard.targets.dataproc.rules import check as check
from modelyard.targets.dataproc.spec import Spec
from modelyard.targets.workloads import spark
from modelyard.targets.workloads.objects import base_mark, base_name, common, manifest, spec_of

__all__ = ["KINDS", "SHARED_FIELDS", "SUMMARY", "Spec", "check", "claims", "render"]

SUMMARY: Final = "Spark jobs on Google Cloud Dataproc: a cluster for each run, started by uploads and schedules"
SHARED_FIELDS: Final = frozenset(Spec.model_fields)  # jobs have no variants
KINDS: Final = frozenset(
    [
        TypeMeta("dataproc.cnrm.cloud.google.com/v1beta1", "DataprocWorkflowTemplate"),
        TypeMeta("dataproc.cnrm.cloud.google.com/v1beta1", "DataprocAutoscalingPolicy"),
        TypeMeta("storage.cnrm.cloud.google.com/v1beta1", "StorageBucket"),
        TypeMeta("iam.cnrm.cloud.google.com/v1beta1", "IAMServiceAccount"),
        TypeMeta("iam.cnrm.cloud.google.com/v1beta1", "IAMPolicyMember"),
        TypeMeta("eventarc.cnrm.cloud.google.com/v1beta1", "EventarcTrigger"),
        TypeMeta("cloudscheduler.cnrm.cloud.google.com/v1beta1", "CloudSchedulerJob"),
        TypeMeta("workflows.cnrm.cloud.google.com/v1alpha1", "WorkflowsWorkflow"),
    ]
)
_DECOMMISSION: Final = "1h"
_GIBIBYTE: Final = 1024**3
_ALONE: Final = {"dataproc:dataproc.allow.zero.workers": "true"}  # a cluster of the master alone


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of what starts the jobs; before their hashes, those of the templates."""
    base, mark = base_name(model, "dataproc"), base_mark(model, "dataproc")
    yield Claim("EventarcTrigger", base, mark)
    for run, _ in spark.jobs(model):
        yield Claim("DataprocWorkflowTemplate", f"{base}-{run}", mark)


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return bucket, accounts and their roles, a template per job, the workflow, and what starts it."""
    spec = spec_of(model.whole, "dataproc", Spec)
    base = base_name(model, "dataproc")
    context = common(models, base, model.whole, base) | {
        "spec": spec,
        "bucket": spark.declared(model).bucket,
        "bucketLocation": derived((spec.bucketLocation or spec.region).upper(), spec.bucketLocation or spec.region),
        "cost": in_order(spec.labels or {}),
        "projectPath": derived(f"projects/{spec.project}", spec.project),
    }
    rendered = Rendered()
    rendered.manifests += access.objects(model, spec, base, context, templates)
    if not spec.serverless:
        rendered.manifests += _templates(model, spec, base, context, templates)
    rendered.manifests += workflow.objects(model, spec, base, context, templates)
    return rendered


def _templates(
    model: DeclaredModel, spec: Spec, base: str, context: dict[str, Any], templates: Templates
) -> Iterator[Manifest]:
    if spec.autoscalingPolicy is not None:
        policy = spec.autoscalingPolicy
        own = {"policySpec": policy, "decommission": _seconds(policy.gracefulDecommissionTimeout or _DECOMMISSION)}
        yield manifest("dataproc/autoscalingpolicy.yaml", context | own, templates, model.whole, hashed=True)
    cluster = context | _cluster(spec, base)
    for run, job in spark.jobs(model):
        own = {"name": derived(f"{base}-{run}", base), "cluster": derived(f"{base}-{run}", base)}
        own |= {"run": run} | _job(model, run, job)
        yield manifest("dataproc/workflowtemplate.yaml", cluster | own, templates, model.whole, hashed=True)


def _cluster(spec: Spec, base: str) -> dict[str, Any]:
    machine = spec.machineType or machines.DEFAULT[0]
    workers = spec.workers
    if workers is None:
        workers = spec.autoscalingPolicy.min if spec.autoscalingPolicy else machines.DEFAULT[1]
    secondary = spec.secondaryWorkers
    disk = spec.bootDiskSize
    return {
        "account": access.reference(spec),
        "machineType": machine,
        "masterType": spec.masterMachineType or machine,
        "workers": workers,
        "disk": None if disk is None else derived(names.bytes_of(disk) // _GIBIBYTE, disk),
        "secondary": secondary,
        "preemptibility": _preemptibility(spec),
        "policy": base if spec.autoscalingPolicy else None,
        "clusterProperties": dict(_ALONE) if workers == 0 else {},
        "dagTimeout": _seconds(spec.dagTimeout),
        "idleDeleteTtl": _seconds(spec.idleDeleteTtl),
        "autoDeleteTtl": _seconds(spec.autoDeleteTtl),
    }


def _preemptibility(spec: Spec) -> str | None:
    if spec.secondaryWorkers is None:
        return None
    return "PREEMPTIBLE" if spec.secondaryWorkers.preemptible else "NON_PREEMPTIBLE"


def _job(model: DeclaredModel, run: str, job: Job) -> dict[str, Any]:
    own = spark.declared(model)
    return {
        "main": spark.uri(own, job.main, "gs"),
        "args": derived([*(job.args or [])], job.args),
        "files": spark.uris(own, job.files, "gs"),
        "pyFiles": spark.uris(own, job.pyFiles, "gs"),
        "jars": spark.uris(own, job.jars, "gs"),
        "archives": spark.uris(own, job.archives, "gs"),
        "properties": in_order(spark.settings(own, run, lambda path: spark.uri(own, path, "gs")) | spark.sizes(own)),
    }


def _seconds(duration: str) -> str:
    """Return a duration as Google's APIs write it (proto3's JSON): 600s."""
    return derived(f"{names.seconds(duration)}s", duration)
