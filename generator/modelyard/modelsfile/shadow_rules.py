"""Rules over shadows: what takes copies of calls has no share of them, a log for its answers, and who copies."""

from collections.abc import Iterator
from typing import Final

from modelyard.models.declared import CHAMPION, DeclaredModel, DeclaredSet
from modelyard.modelsfile.model_rules import accepting
from modelyard.problems import Problem, problem

# How calls are copied: by a filter of the HTTPRoute, or by the sidecar in front of the variants that take calls.
_BY_ROUTE: Final = frozenset(["deployment", "sagemaker-proxy"])
_BY_SIDECAR: Final = frozenset(["knative", "openshift"])
_CANNOT: Final = {
    "sagemaker": ("SageMaker would keep its answers to itself", "take it out; a ShadowProductionVariant is set in AWS"),
    "dataproc": ("jobs answer no calls", "take it out"),
    "spark-operator": ("jobs answer no calls", "take it out"),
}
_LOG: Final = "add requestLog: to the model"


def shadows(models: DeclaredSet) -> Iterator[Problem]:
    """Yield what is wrong with the shadows of a set."""
    for model in models.models:
        if model.shadows:
            yield from accepting(model, _check(models, model))


def _check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    first = models.place(model.shadows[0].name_mark)
    if not model.split:
        hint = "declare the variant that serves the calls, without shadow: true"
        yield problem("MY258", f"{model.name} has shadows alone, and nobody takes its calls", hint=hint, place=first)
    for served in model.shadows:
        place = models.place(served.name_mark)
        if served.variant == CHAMPION:
            yield problem("MY258", "the champion takes calls, and is no shadow", hint="rename it", place=place)
        if served.model.requestLog is None:
            message = f"the answers of {served.variant} go to the request log alone, and it has none"
            yield problem("MY258", message, hint=_LOG, place=place)
        if model.split and served.model.runtime != model.split[0].model.runtime:
            hint = "declare it as a model of its own"
            yield problem("MY258", f"{served.variant} has another runtime than the champion", hint=hint, place=place)
    yield from _targets(models, model)


def _targets(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    for target in model.targets:
        place = models.place(model.whole.find_key("targets", target))
        if target not in _BY_SIDECAR | _BY_ROUTE:
            why, hint = _CANNOT.get(target, ("nothing there copies calls", "take it out"))
            yield problem("MY258", f"{target} sends no copies to a shadow: {why}", hint=hint, place=place)
        elif target in _BY_SIDECAR:
            for each in model.split:
                if each.model.requestLog is None:
                    own = models.place(each.name_mark)
                    message = f"on {target} the request log copies calls, and {each.variant} has none"
                    yield problem("MY258", message, hint=_LOG, place=own)
        if target == "knative" and not models.spec.namespace:
            message = "a shadow on Knative is reached by its full name, which needs spec.namespace"
            yield problem("MY216", message, hint="name the namespace in spec", place=place)
