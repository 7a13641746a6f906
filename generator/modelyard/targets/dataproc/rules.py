"""Rules of target dataproc: what Google Cloud would refuse, or would do without a word.

Sources: MY264 and MY266 name them.
"""

from collections.abc import Iterator
from typing import Final

from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Problem, Related, problem
from modelyard.targets.dataproc import machines
from modelyard.targets.dataproc.access import workflow_account
from modelyard.targets.dataproc.spec import Spec
from modelyard.targets.workloads import spark
from modelyard.targets.workloads.objects import base_mark, base_name, spec_of

_DAY: Final = 86_400
# Seconds at least and at most (LifecycleConfig and WorkflowTemplate of Dataproc's API, v1).
_LIMITS: Final = {
    "idleDeleteTtl": (300, 14 * _DAY, "5m to 14d"),
    "autoDeleteTtl": (600, 14 * _DAY, "10m to 14d"),
    "dagTimeout": (600, _DAY, "10m to 1d"),
}
_CLUSTER: Final = 35  # characters of a managed cluster's name, to which a suffix is added
_ACCOUNT: Final = range(6, 31)  # characters of an account's id
_OF_CLUSTERS: Final = (
    "autoDeleteTtl",
    "autoscalingPolicy",
    "bootDiskSize",
    "idleDeleteTtl",
    "machineType",
    "masterMachineType",
    "secondaryWorkers",
    "workers",
    "zone",
)


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield what is wrong between several fields, or outside of the limits of Google Cloud."""
    if model.whole.model.spark is None:
        return  # that is reported already
    spec = spec_of(model.whole, "dataproc", Spec)
    yield from _lifetimes(models, model, spec)
    yield from _names(models, model, spec)
    yield from _places(models, model, spec)
    yield from _workers(models, model, spec)
    yield from _shared(models, model, spec)
    yield from _executors(models, model, spec)
    yield from _champion(models, model)
    yield from _unstarted(models, model)
    for field in sorted(spark.OF_PODS):
        if getattr(model.whole.model, field):
            place = models.place(model.whole.find_key(field))
            yield problem("MY267", f"dataproc has no pods, so {field} means nothing", hint="take it out", place=place)
    if spec.alpha:
        place = models.place(model.whole.find("targets", "dataproc", "alpha"))
        hint = "take alpha out, and deploy the workflow with the gcloud command that render prints"
        yield problem("MY265", "most clusters do not know the kind WorkflowsWorkflow", hint=hint, place=place)


def _lifetimes(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    sound = True
    for field, (least, most, takes) in _LIMITS.items():
        duration = getattr(spec, field)
        if not least <= names.seconds(duration) <= most:
            sound = False
            place = models.place(model.whole.find("targets", "dataproc", field))
            yield problem("MY264", f"{field} {duration} is out of range", hint=f"Dataproc takes {takes}", place=place)
    if sound and not spec.serverless and names.seconds(spec.autoDeleteTtl) <= names.seconds(spec.dagTimeout):
        place = models.place(model.whole.find("targets", "dataproc", "autoDeleteTtl"))
        message = f"autoDeleteTtl {spec.autoDeleteTtl} deletes clusters that dagTimeout {spec.dagTimeout} lets work"
        yield problem("MY264", message, hint="make autoDeleteTtl longer than dagTimeout", place=place)


def _names(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    base = base_name(model, "dataproc")
    place = models.place(base_mark(model, "dataproc"))
    hint = "shorten the model's name, or give the target a name: of its own"
    for run, _ in spark.jobs(model):
        cluster = f"{base}-{run}"
        if len(cluster) > _CLUSTER and not spec.serverless:
            message = f"the cluster's name {cluster} has {len(cluster)} characters, and Dataproc takes {_CLUSTER}"
            yield problem("MY266", message, hint=hint, place=place)
    account = workflow_account(base)
    if len(account) not in _ACCOUNT:
        message = f"the account's id {account} has {len(account)} characters, and IAM takes 6 to 30"
        yield problem("MY266", message, hint=hint, place=place)


def _places(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    if spec.zone is not None and spec.zone.rpartition("-")[0] != spec.region:
        place = models.place(model.whole.find("targets", "dataproc", "zone"))
        message = f"zone {spec.zone} is not in region {spec.region}"
        yield problem("MY268", message, hint=f"write a zone such as {spec.region}-b", place=place)


def _workers(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    named = _named(model)
    if spec.serverless:
        for field in _OF_CLUSTERS:
            if field in named:
                place = models.place(model.whole.find_key("targets", "dataproc", field))
                yield problem(
                    "MY211", f"serverless has no clusters, so {field} means nothing", hint="take it out", place=place
                )
        return
    if spec.workers == 1:
        place = models.place(model.whole.find("targets", "dataproc", "workers"))
        hint = "write 2 or more; or 0 for a cluster of the master alone"
        yield problem("MY104", "a cluster with 1 worker does not exist", hint=hint, place=place)
    policy = spec.autoscalingPolicy
    if policy is None:
        return
    if policy.max < policy.min:
        place = models.place(model.whole.find("targets", "dataproc", "autoscalingPolicy", "max"))
        yield problem("MY104", f"max {policy.max} is less than min {policy.min}", place=place)
    if spec.workers is not None and not policy.min <= spec.workers <= policy.max:
        place = models.place(model.whole.find("targets", "dataproc", "workers"))
        message = f"workers {spec.workers} are not between min {policy.min} and max {policy.max}"
        yield problem("MY104", message, hint="take workers out; a run begins with min", place=place)


def _executors(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    """Yield executors that fit on no worker: YARN would refuse them, or they would wait until the run is ended."""
    own = spark.declared(model)
    name = (spec.masterMachineType if spec.workers == 0 else None) or spec.machineType or machines.DEFAULT[0]
    machine = machines.named(name)
    if spec.serverless or machine is None:
        return  # what is not in the table is not known
    wanted = machines.executors({**(own.conf or {}), **spark.sizes(own)})
    if wanted.container > machine.yarn or wanted.cores > machine.cpus:
        place = models.place(model.whole.find_key("spark", "executor"))
        message = (
            f"an executor of {wanted.cores} cores and {wanted.container} MiB with overhead fits on no {name}, "
            f"which gives YARN about {machine.yarn} MiB"
        )
        yield problem("MY270", message, hint="make executors smaller, or machineType larger", place=place)


def _named(model: DeclaredModel) -> set[str]:
    targets = model.whole.data.get("targets")
    own = targets.get("dataproc") if isinstance(targets, dict) else None
    return {*own} if isinstance(own, dict) else set()


def _shared(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    """Yield a bucket or an account that a model before this one creates already."""
    own = spark.declared(model)
    for other in models.models:
        if other.name >= model.name or "dataproc" not in other.targets or other.whole.model.spark is None:
            continue
        theirs = spec_of(other.whole, "dataproc", Spec)
        related = (Related(models.place(other.whole.find("name")), f"{other.name} creates it"),)
        if spec.createBucket and theirs.createBucket and spark.declared(other).bucket == own.bucket:
            place = models.place(model.whole.find("spark", "bucket"))
            hint = "write createBucket: false under targets.dataproc of one of them"
            yield problem("MY202", f"two models create bucket {own.bucket}", hint=hint, place=place, related=related)
        if "@" not in spec.serviceAccount and theirs.serviceAccount == spec.serviceAccount:
            place = models.place(model.whole.find("targets", "dataproc", "serviceAccount"))
            hint = "write its address in one of them, ID@PROJECT.iam.gserviceaccount.com"
            message = f"two models create account {spec.serviceAccount}"
            yield problem("MY202", message, hint=hint, place=place, related=related)


def _champion(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    champion = spark.declared(model).champion
    if champion is not None and champion.generation is None:
        place = models.place(model.whole.find_key("spark", "champion"))
        hint = "add generation:, as `gcloud storage objects describe` prints it"
        yield problem("MY102", "generation is missing: dataproc scores with what was approved", hint=hint, place=place)


def _unstarted(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    started = {each.run for each in spark.declared(model).triggers or []}
    for run, _ in spark.jobs(model):
        if run not in started:
            place = models.place(model.whole.find_key("spark", run))
            hint = f"add a trigger with run: {run}; or start it with modelyard run {model.name} {run}"
            yield problem("MY269", f"nothing starts {run}", hint=hint, place=place)
