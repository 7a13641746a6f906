"""Which values a set offers, and the set with marks that lead from rendered objects back to them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from modelyard.chart import values
from modelyard.chart.values import Path, Reach, Value
from modelyard.files.yaml.marked import MarkedDict, MarkedInt, MarkedList, MarkedText, plain, with_mark
from modelyard.manifests.names import repository
from modelyard.models.base import Shape
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.deployment import Replicated
from modelyard.models.model import Resources
from modelyard.targets import target

# They stand for values that objects are made from by joining texts. No host and no namespace is called so.
REGISTRY: Final = "registry.modelyard-chart.invalid"
NAMESPACE: Final = "modelyard-chart-namespace"
_DEFAULT_LABEL: Final = {"modelyard.dev/chart": "none"}  # where the set has no labels, so that their place is found
_DEFAULT_RESOURCES: Final = {"limits": {"memory": "1Gi"}}


class Field(NamedTuple):
    """A field of a target that is a value. minimum: of a number. optional: a number that may be absent."""

    path: tuple[str, ...]
    comment: str
    minimum: int = 0
    optional: bool = False


_NUMBERS: Final = (
    Field(("minScale",), "Pods that always run; 0 scales to zero, null leaves it to Knative.", optional=True),
    Field(("maxScale",), "Pods at most; 0 is no limit, null leaves it to Knative.", optional=True),
    Field(("replicas",), "Pods."),
    Field(("instances",), "Instances that a new variant starts with.", 1),
    Field(("autoscale", "min"), "At least so many.", 1),
    Field(("autoscale", "max"), "At most so many.", 1),
    Field(("executors", "min"), "Executors at least."),
    Field(("executors", "max"), "Executors at most.", 1),
)
_HOSTS: Final = (
    Field(("host",), "Full host name."),
    Field(("ingress", "host"), "Full host name at the Ingress."),
    Field(("gateway", "host"), "Full host name at the Gateway."),
)


class Offers:
    """The values of a set, in the order of values.yaml, and what stands behind the marks of its objects."""

    def __init__(self, *, raised: bool) -> None:
        """Start with none. raised: numbers of pods are at least 2, so that what only several pods have is rendered."""
        self.raised = raised
        self.values: list[Value] = []
        self.reaches: list[Reach] = []

    def value(self, path: Path, default: Any, schema: values.Schema, comment: str) -> Value:
        """Offer a value."""
        made = Value(tuple(str(each) for each in path), default, schema, comment)
        self.values.append(made)
        return made

    def mark(self, kind: values.Kind, path: Path, placed: Any, *from_: Value) -> int:
        """Return the mark of what values give."""
        mark = len(self.reaches)
        self.reaches.append(Reach(mark, kind, path, placed, from_))
        return mark


def offered(models: DeclaredSet, *, raised: bool) -> tuple[DeclaredSet, Offers]:
    """Return a set whose values carry marks of what is returned beside it. raised: see Offers."""
    offers = Offers(raised=raised)
    spec = models.spec
    offers.value(("registry",), spec.registry or "", values.REGISTRY, "Put before images that name no registry's host.")
    secrets = [*(spec.imagePullSecrets or [])]
    offer = offers.value(("imagePullSecrets",), secrets, values.SECRETS, "Names of Secrets for pulling images.")
    mark = offers.mark("secrets", ("imagePullSecrets",), secrets, offer)
    labels = {**(spec.labels or {})}
    offer = offers.value(("labels",), labels, values.LABELS, "Further labels of all objects and pods.")
    changed: dict[str, Any] = {
        "imagePullSecrets": with_mark(MarkedList(secrets or ["none"]), mark),
        "labels": _labels(labels or _DEFAULT_LABEL, offers.mark("labels", ("labels",), labels, offer)),
        "registry": REGISTRY,
        **({"namespace": NAMESPACE} if spec.namespace else {}),
    }
    marked = tuple(_model(offers, each) for each in models.models)
    return models._replace(spec=spec.model_copy(update=changed), models=marked), offers


def _labels(labels: Mapping[str, str], mark: int) -> dict[str, str]:
    return {key: with_mark(MarkedText(value), mark) for key, value in labels.items()}


def _model(offers: Offers, model: DeclaredModel) -> DeclaredModel:
    base = ("models", model.name)
    offers.value((*base, "enabled"), True, values.FLAG, "Whether it is installed.")
    if not model.variants:
        return model._replace(whole=_served(offers, model.whole, base, own=True, shared=True))
    whole = _served(offers, model.whole, base, own=False, shared=True)
    variants = (
        _served(offers, each, (*base, "variants", str(each.variant)), own=True, shared=False) for each in model.variants
    )
    return model._replace(whole=whole, variants=tuple(variants))


def _served(offers: Offers, served: Served, base: Path, *, own: bool, shared: bool) -> Served:
    """Return what runs with marks on its values. own: on those of one variant. shared: on those of all together."""
    changed: dict[str, Any] = {}
    percent = served.percent
    if own and served.model.image:
        changed["image"] = _image(offers, (*base, "image"), served.model.image)
    if own and percent is not None and not served.shadow:
        path = (*base, "percent")
        comment = "Share of the calls; all variants together have 100."
        mark = offers.mark("number", path, percent, offers.value(path, percent, values.PERCENT, comment))
        percent = with_mark(MarkedInt(percent), mark)
    if own and served.model.runtime != "spark":
        changed["resources"] = _resources(offers, (*base, "resources"), served.model.resources)
    specs = {}
    for name, spec in served.specs.items():
        of_all = target(name).SHARED_FIELDS
        wanted = {each for each in type(spec).model_fields if (shared if each in of_all else own)}
        specs[name] = _spec(offers, (*base, "targets", name), spec, wanted)
    return served._replace(model=served.model.model_copy(update=changed), specs=specs, percent=percent)


def _image(offers: Offers, path: Path, reference: str) -> str:
    found = reference[len(repository(reference)) :].removeprefix(":")
    tag, _, digest = found.partition("@")
    mark = offers.mark(
        "image",
        path,
        reference,
        offers.value((*path, "tag"), tag, values.TAG, "Tag of the image."),
        offers.value((*path, "digest"), digest, values.DIGEST, "Digest of the image, which counts before the tag."),
    )
    return with_mark(MarkedText(reference), mark)


def _resources(offers: Offers, path: Path, resources: Resources | None) -> Resources:
    default = plain(resources) if resources else {}
    offer = offers.value(path, default, values.RESOURCES, "What the model's container reserves, and may use at most.")
    placed = default or _DEFAULT_RESOURCES
    mark = offers.mark("resources", path, placed, offer)
    changed = {key: with_mark(MarkedDict(each), mark) for key, each in placed.items()}
    return (resources or Resources.model_construct()).model_copy(update=changed)


def _spec(offers: Offers, base: Path, spec: Shape, wanted: Iterable[str]) -> Shape:
    """Return the fields of a target with marks on those that are values."""
    for field in (each for each in _NUMBERS if each.path[0] in wanted):
        spec = _number(offers, base, spec, field)
    for field in (each for each in _HOSTS if each.path[0] in wanted):
        host = _at(spec, field.path)
        if host is not None:
            path = (*base, *field.path)
            mark = offers.mark("text", path, host, offers.value(path, host, values.HOST, field.comment))
            spec = _changed(spec, field.path, with_mark(MarkedText(host), mark))
    if "image" in wanted and (image := _at(spec, ("image",))):
        spec = _changed(spec, ("image",), _image(offers, (*base, "image"), image))
    if "domains" in wanted and (domains := _at(spec, ("domains",))):
        spec = _changed(spec, ("domains",), [*_domains(offers, (*base, "hosts"), domains)])
    return spec


def _number(offers: Offers, base: Path, spec: Shape, field: Field) -> Shape:
    current = _at(spec, field.path)
    has_owner = len(field.path) == 1 or _at(spec, field.path[:-1]) is not None
    if current is None and field.path[-1] in ("replicas", "instances") and not _is_scaled(spec):
        current = 1
    if not has_owner or (current is None and not field.optional):
        return spec
    path = (*base, *field.path)
    schema = values.number(field.minimum, optional=field.optional)
    placed = 1 if current is None else current
    if offers.raised and isinstance(spec, Replicated) and field.path in (("replicas",), ("autoscale", "min")):
        placed = max(placed, 2)
    mark = offers.mark("number", path, placed, offers.value(path, current, schema, field.comment))
    return _changed(spec, field.path, with_mark(MarkedInt(placed), mark))


def _is_scaled(spec: Shape) -> bool:
    """Tell whether something else says how many pods or instances there are."""
    return any(getattr(spec, name, None) is not None for name in ("autoscale", "serverless"))


def _domains(offers: Offers, path: Path, domains: list[Any]) -> Iterator[Any]:
    hosts = [str(each.host) for each in domains]
    offer = offers.value(path, hosts, values.hosts(len(hosts)), "Full host names of its own.")
    for i, each in enumerate(domains):
        mark = offers.mark("text", (*path, i), hosts[i], offer)
        yield each.model_copy(update={"host": with_mark(MarkedText(hosts[i]), mark)})


def _at(shape: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        shape = getattr(shape, part, None)
    return shape


def _changed(shape: Shape, path: tuple[str, ...], value: object) -> Shape:
    """Return a shape with another value at a path."""
    first, rest = path[0], path[1:]
    new = _changed(getattr(shape, first), rest, value) if rest else value
    return shape.model_copy(update={first: new})
