"""Endpoints of SageMaker: what their configurations and Models come to, and which of these must stay."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from modelyard.cluster.client import Client, Object
from modelyard.cluster.readiness import State, state
from modelyard.targets.sagemaker.values import CONFIG, ENDPOINT, MAIN, MODEL, SCALING
from modelyard.targets.workloads.objects import NAME_LABEL


class Share(NamedTuple):
    """A production variant. percent: its weight among all; None where nothing says it."""

    name: str
    percent: int | None
    image: str


class Served(NamedTuple):
    """An Endpoint with its variants; states: of the objects that it needs, what is at fault before what suffers."""

    live: Object
    shares: list[Share]
    states: list[State]


class Holder(NamedTuple):
    """An EndpointConfig or Model that must stay, and the object that names it."""

    held: Object
    by: Object


def served(client: Client, selector: str) -> Iterator[Served]:
    """Yield the Endpoints that a label selector matches. Raises ClusterProblem."""
    endpoints = client.optional(*ENDPOINT, selector)
    if not endpoints:
        return
    configs = {_config_name(each): each for each in client.optional(*CONFIG)}
    models = {_model_name(each): each for each in client.optional(*MODEL)}
    scaling = [each for kind in SCALING for each in client.optional(*kind, selector)]
    for each in endpoints:
        config = configs.get(each["spec"].get("endpointConfigName"))
        used = [models[name] for name in _models_of(config) if name in models] if config else []
        scaled = [one for one in scaling if _name(one) == _name(each)]
        needed = [*used, *([config] if config else []), each, *scaled]
        yield Served(each, shares(each, config, models), [state(one) for one in needed])


def shares(endpoint: Object, config: Object | None, models: Mapping[str, Object]) -> list[Share]:
    """Return the variants as they run, else as the configuration wants them; weights are relative."""
    declared = {each["variantName"]: each for each in _variants(config)}
    running = {each["variantName"]: each for each in (endpoint.get("status") or {}).get("productionVariants") or []}
    names = list(running or declared)
    weights = [_weight(running.get(name, {}), declared.get(name, {})) for name in names]
    return [
        Share("" if names == [MAIN] else name, percent, _image(running.get(name, {}), declared.get(name, {}), models))
        for name, percent in zip(names, percents(weights), strict=True)
    ]


def percents(weights: Sequence[float]) -> list[int | None]:
    """Return the shares of weights in whole percent, which come to 100; None where no variant has a weight."""
    total = sum(weights)
    if not total:
        return [None for _ in weights]
    exact = [weight * 100 / total for weight in weights]
    found = [int(each) for each in exact]
    nearest = sorted(range(len(found)), key=lambda i: found[i] - exact[i])
    for i in nearest[: 100 - sum(found)]:
        found[i] += 1
    return list(found)


def held(client: Client, doomed: Sequence[Object], *, moving: Iterable[str] = ()) -> Iterator[Holder]:
    """Yield the EndpointConfigs and Models among doomed objects that live ones which stay still run.

    An Endpoint that is not ready may run each configuration of its model. moving: names of Endpoints that are about to
    leave the configuration which they name. Raises ClusterProblem.
    """
    configs = [each for each in doomed if is_of(each, CONFIG)]
    models = [each for each in doomed if is_of(each, MODEL)]
    if not configs and not models:
        return
    uids, namespace = {each["metadata"]["uid"] for each in doomed}, (configs or models)[0]["metadata"]["namespace"]
    endpoints = [
        each
        for each in client.optional(*ENDPOINT, namespace=namespace)
        if each["metadata"]["uid"] not in uids and each["metadata"]["name"] not in moving
    ]
    kept = []
    for config in configs:
        if by := next((each for each in endpoints if _runs(each, config)), None):
            kept.append(config)
            yield Holder(config, by)
    if models:
        kept += [each for each in client.optional(*CONFIG, namespace=namespace) if each["metadata"]["uid"] not in uids]
    for model in models:
        if by := next((each for each in kept if _model_name(model) in _models_of(each)), None):
            yield Holder(model, by)


def is_of(live: Object, kind: tuple[str, str]) -> bool:
    """Tell whether an object is of a kind."""
    return (live["apiVersion"], live["kind"]) == tuple(kind)


def _runs(endpoint: Object, config: Object) -> bool:
    if endpoint["spec"].get("endpointConfigName") == _config_name(config):
        return True
    return bool(_name(config)) and _name(config) == _name(endpoint) and not state(endpoint).ready


def _weight(running: Mapping[str, Any], declared: Mapping[str, Any]) -> float:
    return float(running.get("currentWeight", declared.get("initialVariantWeight", 1)))


def _image(running: Mapping[str, Any], declared: Mapping[str, Any], models: Mapping[str, Object]) -> str:
    for each in running.get("deployedImages") or []:
        if each.get("specifiedImage"):
            return str(each["specifiedImage"])
    model = models.get(declared.get("modelName", ""), {"spec": {}})["spec"]
    return str((model.get("primaryContainer") or {}).get("image", ""))


def _variants(config: Object | None) -> list[dict[str, Any]]:
    return (config or {"spec": {}})["spec"].get("productionVariants") or []


def _models_of(config: Object) -> list[str]:
    return [str(each.get("modelName", "")) for each in _variants(config)]


def _config_name(config: Object) -> str:
    return str(config["spec"].get("endpointConfigName", ""))


def _model_name(model: Object) -> str:
    return str(model["spec"].get("modelName", ""))


def _name(live: Object) -> str:
    return str((live["metadata"].get("labels") or {}).get(NAME_LABEL, ""))
