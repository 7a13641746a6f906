"""Rules of target sagemaker: what SageMaker would refuse, or leave aside without a word.

Sources: the SageMaker API (botocore 1.44, service-2.json), and of the Amazon SageMaker developer guide the pages
"Deploy models with Amazon SageMaker Serverless Inference" and "Use canary traffic shifting".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelyard.files.yaml.marked import find
from modelyard.manifests import names
from modelyard.manifests.hashed_names import HASH_LENGTH
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.targets.sagemaker.containers import check_containers
from modelyard.targets.sagemaker.environment import check_environment
from modelyard.targets.sagemaker.values import fields, megabytes
from modelyard.targets.workloads.objects import base_mark, base_name, object_name

MAX_NAME: Final = 63  # characters of a name in SageMaker
MAX_VARIANTS: Final = 10
MEMORIES: Final = range(1024, 6144 + 1, 1024)  # MB
_BESIDE_SERVERLESS: Final = ("instanceType", "instances", "autoscale")
_NOT_SERVERLESS: Final = {
    "vpc": "vpc",
    "networkIsolation": "networkIsolation",
    "dataCapture": "dataCapture",
    "startupTimeout": "startupTimeout: it has 3 minutes to start",
    "modelDataDownloadTimeout": "modelDataDownloadTimeout: it has 3 minutes to start",
    "modelDataSource": "modelDataSource: an archive is modelDataURL",
    "containers": "containers",
    "async": "async",
    "rollingUpdate": "rollingUpdate",
}
# What the model itself may need, wherever else it runs; and what is for pods alone.
_LEFT_OUT: Final = ("args", "command", "initContainers", "sidecars", "volumes")
_OF_PODS: Final = (
    "affinity",
    "imagePullPolicy",
    "metrics",
    "nodeSelector",
    "podAnnotations",
    "podLabels",
    "ports",
    "preStop",
    "priorityClassName",
    "probes",
    "resources",
    "securityContext",
    "terminationGrace",
    "tolerations",
)


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield what SageMaker would refuse, or would not do."""
    yield from _runtime(models, model)
    yield from _variants(models, model)
    yield from _canary(models, model.whole)
    yield from _rolling(models, model)
    for served in model.served:
        yield from _name(models, model, served)
        yield from _capacity(models, model, served)
        yield from check_containers(models, model, served, _declared(served))
        yield from _durations(models, served)
        yield from check_environment(models, model, served)
        yield from _left_out(models, model, served)


def _declared(served: Served) -> Mapping[str, Any]:
    """Return the target's fields as written: what was taken out as wrong is there all the same."""
    targets = served.data.get("targets")
    own = targets.get("sagemaker") if isinstance(targets, dict) else None
    return own if isinstance(own, dict) else {}


def _runtime(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    for served in model.served:
        if served.model.runtime == "tensorflow":
            place = models.place(served.find("runtime"))
            hint = "serve it on sagemaker-proxy; or give SageMaker an image with its contract, and say runtime: custom"
            message = "TensorFlow Serving does not answer /ping and /invocations, which SageMaker calls"
            yield problem("MY232", message, hint=hint, place=place)


def _variants(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    count = len(model.variants)
    place = models.place(model.whole.find_key("variants"))
    if count > MAX_VARIANTS:
        message = f"{count} variants are more than the {MAX_VARIANTS} of a SageMaker endpoint"
        yield problem("MY104", message, hint="take some of them out", place=place)
    if count > 1:
        yield problem(
            "MY246",
            f"a changed percent of {model.name} does not reach the running endpoint: ACK keeps the old one",
            hint="set it with aws sagemaker update-endpoint-weights-and-capacities too, "
            f"or instead of ACK use modelyard sagemaker script {model.name}",
            place=place,
        )


def _canary(models: DeclaredSet, whole: Served) -> Iterator[Problem]:
    canary = fields(whole).canary
    if canary is None:
        return
    if names.seconds(canary.wait) > 3600:
        place = models.place(whole.find("targets", "sagemaker", "canary", "wait"))
        yield problem("MY104", f"wait {canary.wait} is out of range", hint="SageMaker takes 0s to 1h", place=place)
    yield from _alarms(models, whole, "canary", "the canary")


def _alarms(models: DeclaredSet, whole: Served, key: str, what: str) -> Iterator[Problem]:
    if "alarms" not in (_declared(whole).get(key) or {}):
        place = models.place(whole.find_key("targets", "sagemaker", key))
        hint = "name CloudWatch alarms of the endpoint: alarms: [credit-risk-5xx]"
        yield problem("MY247", f"no alarm watches {what}, so nothing moves calls back", hint=hint, place=place)


def _rolling(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield a rolling update that SageMaker refuses, or leaves aside (deployment guardrails, "Exclusions")."""
    own, rolling = _declared(model.whole), fields(model.whole).rollingUpdate
    place = models.place(model.whole.find_key("targets", "sagemaker", "rollingUpdate"))
    if "rollingUpdate" in own and "canary" in own:
        yield problem("MY211", "rollingUpdate and canary exclude each other", hint="keep one of them", place=place)
    if "rollingUpdate" in own and len(model.variants) > 1:
        message = "an endpoint with several variants has no rolling update: SageMaker moves all calls at once"
        yield problem("MY249", message, hint="use canary, or keep one variant", place=place)
    if rolling is None:
        return
    for key, least, most in (("waitInterval", "0s", "1h"), ("maximumExecutionTimeout", "10m", "8h")):
        text = getattr(rolling, key)
        if text is not None and not names.seconds(least) <= names.seconds(text) <= names.seconds(most):
            where = models.place(model.whole.find("targets", "sagemaker", "rollingUpdate", key))
            hint = f"SageMaker takes {least} to {most}"
            yield problem("MY104", f"{key} {text} is out of range", hint=hint, place=where)
    size = rolling.maximumBatchSize
    if size.type == "CAPACITY_PERCENT" and not 5 <= size.value <= 50:
        where = models.place(model.whole.find("targets", "sagemaker", "rollingUpdate", "maximumBatchSize", "value"))
        yield problem("MY104", f"{size.value} percent are out of range", hint="SageMaker takes 5 to 50", place=where)
    yield from _alarms(models, model.whole, "rollingUpdate", "the rolling update")


def _name(models: DeclaredSet, model: DeclaredModel, served: Served) -> Iterator[Problem]:
    base = base_name(model, "sagemaker")
    name = object_name(base, served)
    most = MAX_NAME - HASH_LENGTH - 1
    if len(name) > most:
        mark = served.name_mark if len(base) <= most else base_mark(model, "sagemaker")
        message = f"{name} has {len(name)} characters; with a content hash SageMaker takes {most}"
        yield problem("MY203", message, hint="shorten it", place=models.place(mark))


def _capacity(models: DeclaredSet, model: DeclaredModel, served: Served) -> Iterator[Problem]:
    """Instances or serverless: exactly one, whole and within its limits."""
    own = _declared(served)
    if "serverless" in own:
        yield from _serverless(models, model, served)
    elif "instanceType" not in own:
        place = models.place(served.find_key("targets", "sagemaker"))
        hint = "add instanceType: ml.m5.large, or serverless: {memory: 2048Mi, maxConcurrency: 5}"
        yield problem("MY102", "instanceType is missing", hint=hint, place=place)
    autoscale = fields(served).autoscale
    if autoscale is None:
        return
    if autoscale.max < autoscale.min:
        place = models.place(served.find("targets", "sagemaker", "autoscale", "max"))
        yield problem("MY104", f"max {autoscale.max} is less than min {autoscale.min}", place=place)
    elif (count := fields(served).instances) is not None and not autoscale.min <= count <= autoscale.max:
        place = models.place(served.find("targets", "sagemaker", "instances"))
        hint = f"autoscale takes {autoscale.min} to {autoscale.max}"
        yield problem("MY104", f"instances {count} is out of range", hint=hint, place=place)


def _serverless(models: DeclaredSet, model: DeclaredModel, served: Served) -> Iterator[Problem]:
    own = _declared(served)
    for key in (each for each in _BESIDE_SERVERLESS if each in own):
        place = models.place(served.find_key("targets", "sagemaker", key))
        yield problem("MY211", f"{key} and serverless exclude each other", hint="keep one of them", place=place)
    for key in (each for each in _NOT_SERVERLESS if own.get(each)):
        place = models.place(served.find_key("targets", "sagemaker", key))
        message = f"a serverless endpoint cannot have {_NOT_SERVERLESS[key]}"
        yield problem("MY241", message, hint="take it out, or use instanceType", place=place)
    if len(model.variants) > 1:
        place = models.place(served.find_key("targets", "sagemaker", "serverless"))
        message = "a serverless endpoint cannot have several variants"
        yield problem("MY241", message, hint="keep one variant, or use instanceType", place=place)
    serverless = fields(served).serverless
    if serverless and megabytes(serverless.memory) not in MEMORIES:
        place = models.place(served.find("targets", "sagemaker", "serverless", "memory"))
        hint = f"SageMaker takes {', '.join(f'{each}Mi' for each in MEMORIES)}"
        yield problem("MY104", f"memory {serverless.memory} is not a size of serverless", hint=hint, place=place)


def _durations(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    for key in ("startupTimeout", "modelDataDownloadTimeout"):
        duration = getattr(fields(served), key)
        if duration is not None and not 60 <= names.seconds(duration) <= 3600:
            place = models.place(served.find("targets", "sagemaker", key))
            message = f"{key} {duration} is out of range"
            yield problem("MY104", message, hint="SageMaker takes 60s to 1h", place=place)


def _left_out(models: DeclaredSet, model: DeclaredModel, served: Served) -> Iterator[Problem]:
    targets = model.whole.data.get("targets")
    alone = isinstance(targets, dict) and set(targets) == {"sagemaker"}
    for key in (*_LEFT_OUT, *(_OF_PODS if alone else ())):
        mark = served.find_key(key)
        # Defaults are for models on other targets too.
        if served.data.get(key) and mark != find(models.marks, "spec", "defaults", key)[0]:
            hint = _HINTS.get(key, "take it out, or accept it with ignore: [{code: MY245, reason: …}]")
            yield problem("MY245", f"{key} has no effect on SageMaker", hint=hint, place=models.place(mark))


_HINTS: Final = {
    "command": "SageMaker runs the image's entry point with the argument serve: build the command into the image",
    "args": "SageMaker runs the image's entry point with the argument serve: build the arguments into the image",
    "volumes": "nothing is mounted: build the files into the image, or name them as modelDataURL",
    "initContainers": "do it in the image's entry point; name model data as modelDataURL",
    "sidecars": "build it into the image, or name several containers: containers of the target sagemaker",
    "resources": "instanceType or serverless.memory says what the container has",
}
