"""What a loaded set gives, part by part: the set itself, each model, and what only all of them show."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from modelyard.api.by_model import Given, Taken, by_model, twice
from modelyard.check import check as _check
from modelyard.check import check_set, independent
from modelyard.check.finding import Cluster
from modelyard.check.images import unlocked
from modelyard.check.rules.addresses import answers
from modelyard.check.schemas.kinds import SHIPPED, Kinds
from modelyard.files.yaml import ListMarks, at
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, find_marks
from modelyard.modelsfile.load import Loaded
from modelyard.modelsfile.model_rules import accepting
from modelyard.problems import Problem, Related, has_errors
from modelyard.render.locate import placed
from modelyard.render.objects import render_model, render_shared

T = TypeVar("T")


class Part(NamedTuple, Generic[T]):
    """What one model gives, or the set itself. manifests: of a model; what another process made has names alone."""

    made: T
    problems: list[Problem]
    model: DeclaredModel | None = None
    manifests: Sequence[Manifest] = ()


def parts(
    loaded: Loaded, beside: Path, made: Callable[[list[Manifest]], T], kinds: Kinds = SHIPPED, jobs: int = 1
) -> Iterator[Part[T]]:
    """Yield what the set itself gives, then each model by name, then what only all of them show."""
    models = loaded.models
    if models is None or (not models.models and (models.spec.viya is not None or models.spec.patches)):
        return  # what models share stands in no file of a set that changes objects of others alone
    templates, with_places = Templates(), Templates(sources=models.sources)
    yield Part(made(render_shared(models, templates)), [])
    cluster = cluster_of(models)._replace(kinds=kinds)
    mistaken = _mistaken(models, loaded.problems)
    mapped = False
    taken: Taken = {}
    entrances: list[tuple[DeclaredModel, int, Manifest]] = []

    def give(model: DeclaredModel) -> Given[T]:
        manifests, problems = render_model(models, model, templates)
        is_whole = not has_errors(problems)
        if is_whole:
            rules = independent if model.name in mistaken else _check
            objects = [each for each in manifests if not each.beside]  # the others stand behind them
            found = rules(objects, cluster)
            found += [] if models.digests is None else unlocked(objects, models.digests)
            problems += accepting(model, placed(models, model, found, with_places))
            problems += [] if models.contracts is None else _contracts(models, model)
        return Given(manifests, problems, made(manifests), is_whole and model.name not in mistaken)

    for model, each in zip(models.models, by_model(models.models, give, jobs), strict=True):
        if each.is_compared:
            each.problems.extend(twice(models, model, each.manifests, taken))
            entrances += [(model, index, one) for index, one in enumerate(each.manifests) if answers(one)]
        mapped = mapped or any(one.kind == "DomainMapping" for one in each.manifests)
        yield Part(each.made, each.problems, model, each.manifests)
    yield Part(made([]), [*_of_the_set(models, entrances, cluster, with_places), *(renamed(beside) if mapped else ())])


def renamed(beside: Path) -> list[Problem]:
    """Return what a kustomization beside the models file makes of the names of hosts (MY220)."""
    from modelyard.kustomize.kustomization import renaming

    return renaming(beside)


def _contracts(models: DeclaredSet, model: DeclaredModel) -> list[Problem]:
    from modelyard.modelsfile.contract_rules import contracts_of

    return contracts_of(models, model)


def _mistaken(models: DeclaredSet, problems: Iterable[Problem]) -> set[str]:
    """Return the names of the models that an error of the file stands in."""
    items = find_marks(models.marks, "spec").entries.get("models", (0, 0))[1]
    starts = sorted(at(each) for each in items.items) if isinstance(items, ListMarks) else []
    errors = [models.sources.mark(each.place) for each in problems if each.place and has_errors([each])]
    faulty = {bisect_right(starts, mark) for mark in errors}
    return {each.name for each in models.models if bisect_right(starts, each.whole.find()) in faulty}


def _of_the_set(
    models: DeclaredSet,
    entrances: Sequence[tuple[DeclaredModel, int, Manifest]],
    cluster: Cluster,
    templates: Templates,
) -> Iterator[Problem]:
    """Yield what only all models together show. entrances: objects, each with its model and its index there."""
    for each in check_set([manifest for _, _, manifest in entrances], cluster):
        model, index, _ = entrances[each.manifest]
        (found,) = placed(models, model, [each._replace(manifest=index, related=None)], templates)
        other, _, _ = entrances[each.manifest if each.other is None else each.other]
        related = Related(models.place(other.whole.find("name")), each.related_message)
        yield from accepting(model, [replace(found, related=(*found.related, related))])


def cluster_of(models: DeclaredSet) -> Cluster:
    """Return what the file says about the cluster; nothing is known of features where it is wrong about them."""
    spec = models.spec
    unread = models.names("knative") and "knative" not in spec.model_fields_set
    named = "features" in find_marks(models.marks, "spec", "knative").entries
    if unread or (named and "features" not in spec.knative.model_fields_set):
        return Cluster(None, openshift=spec.platform == "openshift")
    return Cluster(frozenset(spec.knative.features or ()), openshift=spec.platform == "openshift")
