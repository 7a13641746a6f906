"""Rules of target spark-operator: what its webhook refuses, or what it cannot do.

Source: kubeflow/spark-operator v2.5.2, internal/webhook/sparkconf_validator.go and sparkapplication_validator.go.
"""

from collections.abc import Iterator
from typing import Final

from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.models.spark import Size
from modelyard.problems import Problem, problem
from modelyard.targets.spark_operator import beside
from modelyard.targets.spark_operator.spec import Spec
from modelyard.targets.workloads import spark
from modelyard.targets.workloads.objects import base_mark, base_name, spec_of

_AUTHENTICATE: Final = "spark.kubernetes.authenticate"
# Settings that the webhook refuses, and what says the same.
REFUSED: Final = {
    "spark.master": "the operator sets it",
    "spark.kubernetes.driver.master": "the operator sets it",
    "spark.kubernetes.container.image": "write image under targets.spark-operator",
    "spark.kubernetes.driver.container.image": "write image under targets.spark-operator",
    "spark.kubernetes.executor.container.image": "write image under targets.spark-operator",
    f"{_AUTHENTICATE}.driver.serviceAccountName": "the driver has an account of its own",
    f"{_AUTHENTICATE}.executor.serviceAccountName": "executors have the account of the set",
    f"{_AUTHENTICATE}.oauthToken": "the operator handles credentials",
    f"{_AUTHENTICATE}.oauthTokenFile": "the operator handles credentials",
    f"{_AUTHENTICATE}.driver.oauthToken": "the operator handles credentials",
    f"{_AUTHENTICATE}.driver.oauthTokenFile": "the operator handles credentials",
    f"{_AUTHENTICATE}.executor.oauthToken": "the operator handles credentials",
    f"{_AUTHENTICATE}.executor.oauthTokenFile": "the operator handles credentials",
}
_UNABLE: Final = ("spark", "tensorflow")  # runtimes that cannot stand beside: jobs, and what needs files of its own
_NAMESPACE: Final = "spark.kubernetes.namespace"
_LEAST: Final = 450 * 1024 * 1024  # bytes: Spark reserves 300 MiB, and ends below one and a half of them
_LONGEST: Final = 63 - len("-4294967295-driver-svc")  # a run's name, and the Service of its driver


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield what the operator would refuse, or could not do."""
    if model.whole.model.spark is None:
        return  # that is reported already
    spec = spec_of(model.whole, "spark-operator", Spec)
    yield from _settings(models, model)
    yield from _triggers(models, model)
    yield from _sizes(models, model)
    yield from _storage(models, model, spec)
    yield from _restarts(models, model, spec)
    yield from _beside(models, model, spec)
    base = base_name(model, "spark-operator")
    for run, _ in spark.jobs(model):
        if len(f"{base}-{run}") > _LONGEST:
            message = f"{base}-{run} has {len(base) + len(run) + 1} characters; with what Spark adds {_LONGEST} fit"
            yield problem("MY203", message, hint="shorten it", place=models.place(base_mark(model, "spark-operator")))
    executors = spec.executors
    if executors is not None and executors.max is not None and executors.max < executors.min:
        place = models.place(model.whole.find("targets", "spark-operator", "executors", "max"))
        yield problem("MY104", f"max {executors.max} is less than min {executors.min}", place=place)


def _settings(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    conf = spark.declared(model).conf or {}
    for name, why in REFUSED.items():
        if name in conf and name != "spark.master":  # which no target takes
            place = models.place(model.whole.find_key("spark", "conf", name))
            yield problem("MY263", f"the Spark operator refuses {name}: {why}", hint="take it out", place=place)
    wanted = conf.get(_NAMESPACE)
    if wanted is not None and wanted != models.spec.namespace:
        place = models.place(model.whole.find("spark", "conf", _NAMESPACE))
        message = f"the Spark operator refuses {_NAMESPACE} {wanted}: a run stays in its own namespace"
        yield problem("MY263", message, hint="take it out", place=place)


def _triggers(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    for i, each in enumerate(spark.declared(model).triggers or []):
        if each.object is not None and "dataproc" not in model.targets:
            place = models.place(model.whole.find("spark", "triggers", i, "object"))
            hint = "give it a schedule, or run it on dataproc"
            yield problem("MY261", "the Spark operator sees no uploads", hint=hint, place=place)


def _sizes(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    own = spark.declared(model)
    sizes: tuple[tuple[str, Size | None], ...] = (("driver", own.driver), ("executor", own.executor))
    for role, size in sizes:
        if size is not None and size.memory is not None and names.bytes_of(size.memory) < _LEAST:
            place = models.place(model.whole.find("spark", role, "memory"))
            message = f"memory {size.memory} is less than Spark starts with"
            yield problem("MY104", message, hint="write at least 450Mi", place=place)


def _storage(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    own = spec.storage
    if own is not None and sum(each is not None for each in (own.gcs, own.s3, own.abfs)) != 1:
        place = models.place(model.whole.find_key("targets", "spark-operator", "storage"))
        yield problem("MY211", "storage is one place", hint="give exactly one of gcs, s3 or abfs", place=place)


def _restarts(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    for field in ("retries", "retryInterval"):
        if getattr(spec, field) is not None and spec.restartPolicy == "Never":
            place = models.place(model.whole.find_key("targets", "spark-operator", field))
            hint = "set restartPolicy: OnFailure, or take it out"
            yield problem("MY237", f"{field} has no effect where a run is not restarted", hint=hint, place=place)


def _beside(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    if spec.beside is None:
        return
    place = models.place(model.whole.find("targets", "spark-operator", "beside"))
    other = beside.found(models, spec)
    if other is None:
        able = [each.name for each in models.models if each.served[0].model.runtime not in _UNABLE]
        meant = names.nearest(spec.beside, able)
        hint = f"did you mean {meant}?" if meant else "name a model of this set"
        yield problem("MY260", f"there is no model {spec.beside} to stand beside", hint=hint, place=place)
    elif other.served[0].model.runtime in _UNABLE:
        message = f"{spec.beside} cannot stand beside executors: its runtime is {other.served[0].model.runtime}"
        yield problem("MY260", message, hint="name a model of runtime scr, pcr or custom", place=place)
    elif len(other.variants) > 1:
        message = f"{spec.beside} has several variants, and one model stands beside an executor"
        yield problem("MY260", message, hint="name a model without a split", place=place)
