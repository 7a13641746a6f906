"""Rules over request logs: where none can be, what would lead around one, and what a set has one of."""

from collections.abc import Iterator
from typing import Final

from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.request_log import RequestLog
from modelyard.modelsfile.model_rules import accepting
from modelyard.problems import Problem, Related, problem
from modelyard.targets.workloads.objects import METRICS_PORT, ports_of
from modelyard.targets.workloads.request_log import CONTAINER, VOLUME

# Targets whose calls no container in front of the model sees, with why and what to do.
_WITHOUT: Final = {
    "sagemaker": ("SageMaker takes the calls itself", "take it out, and set dataCapture: in targets.sagemaker"),
    "dataproc": ("its jobs answer no calls", "take it out; what the jobs write is theirs"),
    "spark-operator": ("its jobs answer no calls", "take it out; what the jobs write is theirs"),
}
_SETTING: Final = "toolImage: IMAGE, one with modelyard[sidecar]"
_PLACES: Final = ("postgres", "files")


def request_logs(models: DeclaredSet) -> Iterator[Problem]:
    """Yield what is wrong with the request logs of a set."""
    first: tuple[Served, RequestLog] | None = None
    for model in models.models:
        yield from accepting(model, _check(models, model))
        for served in model.served:
            own = served.model.requestLog
            if own is None or (own.postgres is None) == (own.files is None):
                continue  # `_one_place` says so
            first = first or (served, own)
            yield from _other(models, first, served, own)
    if first is not None and models.spec.toolImage is None and not models.names("toolImage"):
        place = models.place(first[0].find_key("requestLog"))
        yield problem("MY102", "toolImage is missing: it has what logs calls", hint=f"add {_SETTING}", place=place)


def _other(models: DeclaredSet, first: tuple[Served, RequestLog], served: Served, own: RequestLog) -> Iterator[Problem]:
    """Yield in what a log is another than the set's first."""
    for key in ("table", "files") if own.files and first[1].files else ("table",):
        if getattr(own, key) != getattr(first[1], key):
            here = f"here it is {getattr(first[1], key)}"
            related = (Related(models.place(first[0].find("requestLog", key)), here),)
            place = models.place(served.find("requestLog", key))
            hint = f"give all models one {'table' if key == 'table' else 'folder'}: their rows tell them apart"
            yield problem("MY254", "a set has one log", hint=hint, place=place, related=related)
    if bool(own.files) != bool(first[1].files):
        where = "files" if first[1].files else "postgres"
        related = (Related(models.place(first[0].find_key("requestLog")), f"here it is in {where}"),)
        place = models.place(served.find_key("requestLog"))
        yield problem("MY254", "a set has one log", hint=f"give all models {where}:", place=place, related=related)


def _check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    for served in model.served:
        yield from _one_place(models, served)
        if served.model.requestLog is not None:
            yield from _possible(models, served)
            yield from _around(models, served)
            yield from _names(models, served)
            yield from _columns(models, served, served.model.requestLog)


def metrics_without(models: DeclaredSet) -> Iterator[Problem]:
    """Yield dashboards and alerts of models without a request log: it counts what they show."""
    for model in models.models:
        own, served = model.served[0].model.metrics, model.served[0]
        for name in ("dashboard", "alerts") if own is not None and served.model.requestLog is None else ():
            if getattr(own, name):
                place = models.place(served.find("metrics", name))
                message = f"requestLog is missing: metrics.{name} is over what it counts"
                yield problem("MY102", message, hint="add requestLog:, or take it out", place=place)


def _one_place(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    # From the data as written: what was taken out of the shape as wrong is there all the same.
    raw, monitor = served.data.get("requestLog"), served.data.get("monitor")
    if not isinstance(raw, dict):
        return
    given = [each for each in _PLACES if each in raw]
    if len(given) != 1:
        message = f"{' and '.join(given)} exclude each other" if given else "the place of the log is missing"
        place = served.find_key("requestLog", "files") if given else served.find_key("requestLog")
        hint = "give exactly one of postgres: {secret: NAME} and files: s3://BUCKET/FOLDER"
        yield problem("MY211" if given else "MY102", message, hint=hint, place=models.place(place))
        return
    logins = {"postgres": "files", "secret": "postgres"}  # a login, and the place that it is not for
    for section, own in (("requestLog", raw), ("monitor", monitor if isinstance(monitor, dict) else {})):
        for key, other in logins.items():
            if key in own and given == [other]:
                what = "PostgreSQL" if key == "postgres" else "a log in files"
                message = f"{section}.{key} has a login to {what}, and the log is in {other}"
                at = models.place(served.find_key(section, key))
                yield problem("MY211", message, hint="take it out", place=at)


def _possible(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    place = models.place(served.find_key("requestLog"))
    for target in served.specs:
        if target in _WITHOUT:
            why, hint = _WITHOUT[target]
            yield problem("MY252", f"calls on {target} cannot be logged: {why}", hint=hint, place=place)
    if served.model.scheme == "https":
        mark = models.place(served.find("scheme"))
        message = "the request log cannot read calls of a model whose server speaks TLS"
        hint = "let the server speak HTTP: what is in front of the pod can end TLS"
        yield problem("MY252", message, hint=hint, place=mark)


def _around(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    own = served.model
    if own.tensorflow and own.tensorflow.protocol != "rest":
        place = models.place(served.find("tensorflow", "protocol"))
        message = "gRPC goes past the request log, which sees HTTP/1.1 alone"
        yield problem("MY252", message, hint="set protocol: rest, or take requestLog out", place=place)
    for i, each in enumerate(ports_of(own) if own.runtime != "tensorflow" else own.ports or []):
        if each.name.startswith("grpc") or (each.appProtocol or "").rpartition("/")[2] in ("grpc", "h2c"):
            place = models.place(served.find("ports", i))
            message = f"calls to port {each.name} go past the request log, which sees HTTP/1.1 alone"
            yield problem("MY252", message, hint="take the port out, or requestLog", place=place)
    if models.spec.networkPolicy is False and served.specs.keys() - _WITHOUT.keys():
        place = models.place(served.find_key("requestLog"))
        message = "without a network policy, callers in the cluster can go past the request log, to the model's port"
        hint = "take out networkPolicy: false, or close the port otherwise and accept it with ignore: [{code: MY253 …}]"
        yield problem("MY253", message, hint=hint, place=place)


def _names(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    """Yield names that the container in front of the model has."""
    for field in ("sidecars", "initContainers"):
        for i, each in enumerate(getattr(served.model, field) or []):
            if each.name == CONTAINER:
                place = models.place(served.find(field, i, "name"))
                yield problem("MY201", f"{CONTAINER} is the container of the log", hint="rename it", place=place)
    for i, volume in enumerate(served.model.volumes or []):
        if volume.name == VOLUME:
            place = models.place(served.find("volumes", i, "name"))
            yield problem("MY201", f"{VOLUME} is the volume of the log", hint="rename it", place=place)
    for i, port in enumerate(served.model.ports or []):
        if port.name in (METRICS_PORT, "log"):
            place = models.place(served.find("ports", i, "name"))
            yield problem("MY228", f"port {port.name} is that of the log", hint="rename it", place=place)


def _columns(models: DeclaredSet, served: Served, own: RequestLog) -> Iterator[Problem]:
    """Yield columns that are to be left out and used."""
    dropped = {each.casefold(): i for i, each in enumerate((own.columns.drop if own.columns else None) or [])}
    hashed = own.columns.hash.fields if own.columns and own.columns.hash else []
    score = served.model.monitor.score if served.model.monitor else None
    used: dict[str | None, str] = {
        **dict.fromkeys(hashed, "hashed"),
        own.id: "what outcomes are joined by",
        score: "what is measured",
    }
    for name, what in used.items():
        if name is not None and name.casefold() in dropped:
            place = models.place(served.find("requestLog", "columns", "drop", dropped[name.casefold()]))
            hint = "take it out of drop; under hash it is not readable, and joins all the same"
            yield problem("MY211", f"{name} is left out, and is {what}", hint=hint, place=place)
