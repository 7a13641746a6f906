"""Rules over several fields of a model. Each is a function that yields problems."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from modelyard.files.yaml import ListMarks, Sources
from modelyard.files.yaml.marked import find
from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, Served
from modelyard.models.model import Model
from modelyard.modelsfile.expansions import expansions
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.plaintext import credentials
from modelyard.problems import Problem, Related, problem
from modelyard.problems.codes import CODES
from modelyard.targets import BATCH, TARGETS
from modelyard.targets.workloads.objects import CONTAINERS, PORT_NAMES, RESERVED_LABELS, port
from modelyard.targets.workloads.pods import APP_PATH, PRE_STOP

Rule = Callable[[DeclaredModel, Tree, Sources], Iterator[Problem]]


def check_model(model: DeclaredModel, own: Tree, sources: Sources) -> list[Problem]:
    """Check one model with its variants. `own`: the model as its file has it, without defaults."""
    return accepting(model, (found for rule in _MODEL_RULES for found in rule(model, own, sources)))


def accepting(model: DeclaredModel, problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems, those that the model accepts under `ignore` with its reason."""
    served = (model.whole, *model.variants)
    reasons = {each.code: each.reason for one in served for each in one.model.ignore or [] if is_ignorable(each.code)}
    return [replace(each, accepted=reasons[each.code]) if each.code in reasons else each for each in problems]


def is_ignorable(code: str) -> bool:
    """Tell whether a model may accept this finding."""
    return code in CODES and CODES[code].ignorable


def _variants(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    """Percents sum to 100; a single variant may leave its percent out."""
    items = own.data.get("variants")
    if not isinstance(items, list) or not items:
        return
    percents = {i: item.get("percent") for i, item in enumerate(items) if isinstance(item, dict) and not _shadow(item)}
    for i, item in enumerate(items):
        if _shadow(item) and "percent" in item:
            place = sources.place(find(own.marks, "variants", i, "percent")[0])
            hint = "take percent out, or shadow"
            yield problem("MY211", "a shadow takes no share of the calls", hint=hint, place=place)
    if list(percents.values()) in ([None], []):
        return
    numbers = [each for each in percents.values() if type(each) is int and 0 <= each <= 100]
    if len(numbers) == len([each for each in items if not _shadow(each)]):
        total = sum(numbers)
        if total != 100:
            place = sources.place(find(own.marks, "variants")[0])
            message = f"the percents of {model.name} add up to {total}, not 100"
            yield problem("MY204", message, hint="change one of them", place=place)
    for i, percent in percents.items():
        if percent is None:
            place = sources.place(find(own.marks, "variants", i)[1])
            yield problem("MY102", "percent is missing", hint="add percent:", place=place)


def _shadow(item: Any) -> bool:
    return isinstance(item, dict) and item.get("shadow") is True


def _repeated(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    """Variants and volumes are told apart by name; volumes also by where they are mounted (a finding of check)."""
    for key in ("variants", "volumes"):
        yield from repeated_names(own, key, f"{key[:-1]} of {model.name}", sources)


def repeated_names(tree: Tree, key: str, what: str, sources: Sources) -> Iterator[Problem]:
    """Find names that stand twice in the list under a key; `what`: how messages call an item."""
    items, marks = tree.data.get(key), tree.marks.entries.get(key, (0, 0))[1]
    if not isinstance(items, list) or not isinstance(marks, ListMarks):
        return
    first: dict[str, int] = {}
    for item, item_marks in zip(items, marks.items, strict=True):
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        mark = find(item_marks, "name")[1]
        if name in first:
            related = (Related(sources.place(first[name]), "the first"),)
            hint = "rename one of them"
            yield problem(
                "MY201", f"a second {what} named {name}", hint=hint, place=sources.place(mark), related=related
            )
        first.setdefault(name, mark)


def _image(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    if "variants" in own.data and not model.variants:
        return  # the variants are at fault, and they may have images
    for served in model.served:
        needless = served.model.runtime == "spark" or _has_containers(served)
        if not served.model.image and not _is_faulty(served, "image") and not needless:
            place = sources.place(served.marks.at if served.variant is None else served.name_mark)
            yield problem(
                "MY102", f"image is missing in {served.variant or model.name}", hint="add image:", place=place
            )
    repositories = {names.repository(s.model.image).rpartition("/")[2] for s in model.served if s.model.image}
    derives = any(served.model.runtime not in ("tensorflow", "spark") for served in model.served)
    if len(repositories) > 1 and derives and not model.whole.model.path:
        place = sources.place(own.marks.at)
        message = f"the path cannot be derived: the images are named {names.one_of(repositories)}"
        yield problem("MY209", message, hint="add path: to the model", place=place)


def _has_containers(served: Served) -> bool:
    """Tell whether only SageMaker runs the model, and there several containers in place of one image."""
    targets = served.data.get("targets")
    own = targets.get("sagemaker") if isinstance(targets, dict) and len(targets) == 1 else None
    return isinstance(own, dict) and "containers" in own


def _is_faulty(served: Served, key: str) -> bool:
    """Tell whether a key is there although its value was taken out as wrong: that is reported already."""
    return key in served.data


def _runtime(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    for served in model.served:
        runtime = served.model.runtime
        place = sources.place(served.find("runtime"))
        if runtime == "custom" and served.model.port is None and not _is_faulty(served, "port"):
            yield problem("MY218", "runtime custom needs a port", hint="add port: to the model", place=place)
        if runtime == "scr" and APP_PATH in (served.model.env or {}):
            mark = sources.place(served.find_key("env", APP_PATH))
            yield problem("MY215", f"{APP_PATH} follows from path", hint="set path: in its place", place=mark)
    if any(_is_of_tensorflow(served.model) for served in model.served):
        from modelyard.modelsfile.tensorflow_rules import tensorflow

        yield from tensorflow(model, sources)
    if any(served.model.runtime == "spark" or served.model.spark is not None for served in model.served):
        from modelyard.modelsfile.spark_rules import spark

        yield from spark(model, own, sources)


def _fits(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    """Jobs run on targets that run jobs, and what is called on those that serve."""
    for served in model.served:
        jobs = served.model.runtime == "spark"
        for name in served.specs:
            if (name in BATCH) != jobs:
                others = TARGETS.keys() - BATCH if name in BATCH else BATCH
                does = "runs jobs of Spark alone" if name in BATCH else "serves calls, and jobs answer none"
                hint = f"runtime {served.model.runtime} runs on {names.one_of(others)}"
                place = sources.place(served.find_key("targets", name))
                yield problem("MY232", f"target {name} {does}", hint=hint, place=place)


def _is_of_tensorflow(model: Model) -> bool:
    return model.runtime == "tensorflow" or model.tensorflow is not None or model.version is not None


def _exactly_one(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    """Volume sources, references of variables, handlers of probes and of preStop: exactly one each."""
    for served in model.served:
        for i, volume in enumerate(served.model.volumes or []):
            yield from _one(served, sources, volume.SOURCES, "MY221", "a volume source", "volumes", i)
        for name, value in (served.model.env or {}).items():
            if not isinstance(value, str):
                kinds = tuple(type(value).model_fields)
                yield from _one(served, sources, kinds, "MY211", "a reference", "env", name)
        for i in range(len(served.model.envFrom or [])):
            yield from _one(served, sources, ("secretRef", "configMapRef"), "MY211", "a reference", "envFrom", i)
        if served.model.preStop is not None:
            yield from _one(served, sources, tuple(PRE_STOP), "MY211", "a handler", "preStop")
        for name in ("startup", "readiness", "liveness"):
            probe = getattr(served.model.probes, name, None)
            if probe:
                handlers = ("httpGet", "tcpSocket", "exec", "grpc")
                yield from _one(served, sources, handlers, "MY211", "a handler", "probes", name)
            if probe and name != "readiness" and (probe.successThreshold or 1) > 1:
                place = sources.place(served.find("probes", name, "successThreshold"))
                hint = "only a readiness probe can need more than one success"
                yield problem("MY104", f"successThreshold of a {name} probe must be 1", hint=hint, place=place)


def _one(
    served: Served, sources: Sources, keys: tuple[str, ...], code: str, what: str, *path: str | int
) -> Iterator[Problem]:
    # From the data as written: what was taken out of the shape as wrong is there all the same.
    raw = _at(served.data, path)
    given = [key for key in keys if isinstance(raw, dict) and key in raw]
    if len(given) == 1:
        return
    message = f"{what} is missing" if not given else f"{' and '.join(given)} exclude each other"
    hint = f"give exactly one of {names.one_of(keys)}"
    place = sources.place(served.find(*path) if not given else served.find_key(*path, given[1]))
    yield problem(code, message, hint=hint, place=place)


def _labels(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    for served in model.served:
        for field in ("podAnnotations", "podLabels"):
            for key in sorted(RESERVED_LABELS.intersection(getattr(served.model, field) or {})):
                place = sources.place(served.find_key(field, key))
                yield problem("MY217", f"{key} is a label that modelyard sets", hint="take it out", place=place)


def _containers(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    """Containers are told apart by name, and the model's own has one."""
    for served in model.served:
        first: dict[str, int] = {}
        for field in ("initContainers", "sidecars"):
            for i, each in enumerate(getattr(served.model, field) or []):
                mark = served.find(field, i, "name")
                related = (Related(sources.place(first[each.name]), "the first"),) if each.name in first else ()
                if related or each.name in CONTAINERS:
                    what = "a container beside the model's" if related else "a container that modelyard writes"
                    message = f"{each.name} is the name of {what}"
                    place = sources.place(mark)
                    yield problem("MY201", message, hint="rename it", place=place, related=related)
                first.setdefault(each.name, mark)


def _variables(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    """Variables of containers beside the model's: a value or a reference."""
    for served in model.served:
        for field in ("initContainers", "sidecars"):
            for i, each in enumerate(getattr(served.model, field) or []):
                for j in range(len(each.env or [])):
                    path = (field, i, "env", j)
                    yield from _one(served, sources, ("value", "valueFrom"), "MY211", "a value", *path)


def _ports(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    """Ports have a name and a number of their own."""
    for served in model.served:
        taken: set[object] = {*PORT_NAMES, (port(served.model), "TCP")}
        for i, each in enumerate(served.model.ports or []):
            for key, value in (("name", each.name), ("port", (each.port, each.protocol or "TCP"))):
                if value in taken:
                    place = sources.place(served.find("ports", i, key))
                    message = f"port {getattr(each, key)} of {served.variant or model.name} is already in use"
                    yield problem("MY228", message, hint="change it", place=place)
                taken.add(value)


def _ignored(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    for served in (model.whole, *model.variants):
        for i, each in enumerate(served.model.ignore or []):
            if not is_ignorable(each.code):
                known = sorted(filter(is_ignorable, CODES))
                why = "cannot be ignored" if each.code in CODES else "is not a code"
                place = sources.place(served.find("ignore", i, "code"))
                hint = f"findings that can be: {', '.join(known)}"
                yield problem("MY219", f"{each.code} {why}", hint=hint, place=place)


def _targets(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    if not model.whole.model.targets and not own.data.get("targets"):
        place = sources.place(find(own.marks, "name")[1])
        yield problem(
            "MY212", f"{model.name} has no target, so nothing is rendered for it", hint="add targets:", place=place
        )


def _patches(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    if any(served.model.patches for served in (model.whole, *model.variants)):
        from modelyard.modelsfile.patch_rules import of_model  # few models have patches

        yield from of_model(model, sources)


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        data = data[part]
    return data


_MODEL_RULES: Final[tuple[Rule, ...]] = (
    _variants,
    _repeated,
    _image,
    _runtime,
    _fits,
    _exactly_one,
    credentials,
    expansions,
    _labels,
    _containers,
    _variables,
    _ports,
    _ignored,
    _targets,
    _patches,
)
