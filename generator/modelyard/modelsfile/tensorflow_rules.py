"""Rules over models of TensorFlow Serving: what they must say, and what follows from the runtime and cannot be said."""

from collections.abc import Iterator

from modelyard.files.yaml import Sources
from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, Served
from modelyard.models.model import Model
from modelyard.problems import Problem, problem
from modelyard.targets.workloads.tensorflow import (
    GRPC,
    REST,
    RUNTIME,
    VOLUME,
    name_of,
    own,
    path_of,
    speaks,
    version_of,
)

FIELDS = ("tensorflow", "version")


def tensorflow(model: DeclaredModel, sources: Sources) -> Iterator[Problem]:
    """Yield what is wrong with a model that runs TensorFlow Serving, or says what only such a model can say."""
    for served in model.served:
        yield from _check(served, sources) if served.model.runtime == RUNTIME else _foreign(served, sources)
    if len({_address(served.model) for served in model.served}) > 1:
        place = sources.place(model.variants[-1].find_key("tensorflow"))
        hint = "give them one modelName, one protocol and one runtime"
        yield problem("MY230", "the variants of a model have different addresses", hint=hint, place=place)


def _address(model: Model) -> tuple[str, str]:
    return (name_of(model), speaks(model)) if model.runtime == RUNTIME else ("", "")


def _check(served: Served, sources: Sources) -> Iterator[Problem]:
    model = served.model
    if "version" not in served.data and version_of(model) is None:
        hint = "add version:, the number that names the folder with saved_model.pb, or a source of MLflow that has one"
        message = f"{served.variant or model.name} has no version"
        yield problem("MY230", message, hint=hint, place=sources.place(served.name_mark))
    for field, why in (("path", f"it is {path_of(model)}"), ("port", f"REST is at {REST}, gRPC at {GRPC.port}")):
        if getattr(model, field) is not None:
            message = f"{field} cannot be set for a model of tensorflow: {why}"
            yield problem("MY230", message, hint="take it out", place=sources.place(served.find_key(field)))
    if model.scheme == "https":
        place = sources.place(served.find("scheme"))
        hint = "take it out; on openshift the Route ends TLS with tls: edge"
        yield problem("MY230", "TensorFlow Serving speaks no TLS on REST", hint=hint, place=place)
    named = {each.name for each in own(model).models or ()}
    if named and name_of(model) not in named:
        place = sources.place(served.find_key("tensorflow", "models"))
        hint = f"set modelName: to {names.one_of(named)}"
        yield problem("MY230", f"{name_of(model)} is not one of the server's models", hint=hint, place=place)
    for i, volume in enumerate(model.volumes or []):
        if volume.name == VOLUME:
            place = sources.place(served.find("volumes", i, "name"))
            yield problem("MY201", f"{VOLUME} is the volume of the server's files", hint="rename it", place=place)


def _foreign(served: Served, sources: Sources) -> Iterator[Problem]:
    for field in FIELDS:
        if getattr(served.model, field) is not None:
            message = f"{field} is only for runtime tensorflow, but the runtime is {served.model.runtime}"
            place = sources.place(served.find_key(field))
            yield problem("MY230", message, hint="set runtime: tensorflow, or take it out", place=place)
