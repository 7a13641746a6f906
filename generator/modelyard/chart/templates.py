"""The templates of a chart: a file for each object, with the expressions of the values that reach it."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from modelyard.chart.expressions import Tokens, at, enabled, grouped, model_of, quoted
from modelyard.chart.offers import NAMESPACE, Offers, offered
from modelyard.chart.placing import REGISTRY_MARK, Context, place
from modelyard.chart.values import Path, Reach, Value
from modelyard.files.yaml import write_all
from modelyard.manifests.hashed_names import seal, sealed_names
from modelyard.manifests.manifest import CLUSTER_SCOPED, Manifest
from modelyard.manifests.template import Templates, folder
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.models.deployment import Replicated
from modelyard.problems import Problem, has_errors, problem
from modelyard.render.objects import render_shared, unsealed
from modelyard.targets.workloads.objects import base_name, object_name

SENTENCE: Final = "Written by `modelyard chart` from models.yaml: change that file, not this one. Edits here are lost."
HEAD: Final = f"{{{{- /* {SENTENCE} */ -}}}}\n"
HELPERS: Final = "_helpers.tpl"
_LIST_WIDTH: Final = 60  # characters of a list that stands on one line

_Objects = list[tuple[DeclaredModel | None, list[Manifest]]]


class Made(NamedTuple):
    """The templates of a set by path below templates/, and the values that reach them or say what is installed."""

    files: dict[str, str]
    values: list[Value]


def templates(models: DeclaredSet) -> tuple[Made | None, list[Problem]]:
    """Return the templates of a set that renders without errors, or why it has none."""
    marked, offers = offered(models, raised=True)
    objects, problems = _objects(models, marked)
    if has_errors(problems):  # of a patch that tests for a number of pods, which is another one here
        marked, offers = offered(models, raised=False)
        objects, problems = _objects(models, marked)
    if has_errors(problems):
        return None, [problem("MY471", each.message, hint=each.hint, place=each.place) for each in problems]
    return _Writer(models, offers, objects).made(), []


def _objects(models: DeclaredSet, marked: DeclaredSet) -> tuple[_Objects, list[Problem]]:
    """Return the objects with marks, under the hashed names that they have by default."""
    own = Templates()
    found: _Objects = [(None, seal(render_shared(marked, own)))]
    problems: list[Problem] = []
    for each, with_marks in zip(models.models, marked.models, strict=True):
        manifests, wrong = unsealed(marked, with_marks, own)
        problems += wrong
        names = sealed_names(unsealed(models, each, own)[0])
        found.append((each, [one for one in seal(manifests, names) if not one.beside]))
    return found, problems


class _Writer:
    def __init__(self, models: DeclaredSet, offers: Offers, objects: _Objects) -> None:
        self.models = models
        self.offers = offers
        self.objects = objects
        self.chart = models.metadata.name
        tokens = Tokens(write_all(each.body for _, manifests in objects for each in manifests))
        spec = models.spec
        self.context = Context(self.chart, spec.namespace or "", spec.registry or "", offers.reaches, tokens)

    def made(self) -> Made:
        """Return the templates and the values that are used."""
        files, helpers = {}, [_static(self.chart)]
        for model, manifests in self.objects:
            names = _file_names(manifests)
            self.context.model = model.name if model else None
            for each, name in zip(manifests, names, strict=True):
                helpers += self.helper(model, each, name) if each.hashed and model else ()
            for each, name in zip(manifests, names, strict=True):
                path = f"models/{model.name}/{name}.yaml" if model else f"{name}.yaml"
                files[path] = self.file(model, each)
            self.context.names.clear()
        files[HELPERS] = HEAD + "\n".join(helpers)
        return Made(files, self.values())

    def helper(self, model: DeclaredModel, manifest: Manifest, file: str) -> Iterator[str]:
        """Yield the helper that names an object whose name follows its content, if values reach that."""
        inputs = place(self.context, manifest.body).inputs
        if not inputs:
            return
        name = f"{self.chart}.{model.name}.{file}"
        values = _listed([grouped(each) for each in inputs])
        defaults = _listed([json.dumps(each, ensure_ascii=False) for each in inputs.values()])
        yield (
            f"{{{{/* The name of {manifest.kind} {manifest.name}. */}}}}\n"
            f"{{{{- define {quoted(name)} -}}}}\n"
            f"{{{{- $model := {model_of(model.name)} }}}}\n"
            f'{{{{- include "{self.chart}.hashed" (dict\n'
            f'  "name" {quoted(manifest.name)}\n'
            f'  "values" {values}\n'
            f'  "defaults" {defaults}) }}}}\n'
            f"{{{{- end }}}}\n"
        )
        self.context.names[manifest.name] = f"include {quoted(name)} ."

    def file(self, model: DeclaredModel | None, manifest: Manifest) -> str:
        """Return the template of an object."""
        body = manifest.body
        if not self.models.spec.namespace and manifest.kind not in CLUSTER_SCOPED:
            name, metadata = body["metadata"]["name"], body["metadata"]
            body = {**body, "metadata": {"name": name, "namespace": NAMESPACE, **metadata}}
        text = self.context.tokens.written(place(self.context, body).body)
        if model is None:
            return HEAD + text
        is_budget = manifest.kind == "PodDisruptionBudget"
        also = f"gt ({self.pods(model, manifest)} | int) 1" if is_budget else ""
        return HEAD + enabled(model.name, text, also=also)

    def pods(self, model: DeclaredModel, manifest: Manifest) -> str:
        """Return the expression of how many pods there are at least of what has a disruption budget."""
        for served in model.served:
            for target, spec in served.specs.items():
                name = object_name(base_name(model, target), served)
                if not isinstance(spec, Replicated) or name != manifest.name:
                    continue
                variant: Path = ("variants", served.variant) if served.variant else ()
                own: Path = ("autoscale", "min") if spec.autoscale else ("replicas",)
                path = ("models", model.name, *variant, "targets", target, *own)
                reach = next(each for each in self.offers.reaches if each.path == path)
                self.context.used.add(reach.mark)
                return at(path)
        raise ValueError(f"{manifest} belongs to no target")

    def values(self) -> list[Value]:
        """Return the values that change something."""
        used = {value.path: value for each in self.offers.reaches for value in self.of(each)}
        if REGISTRY_MARK in self.context.used:
            used |= {each.path: each for each in self.offers.values if each.path == ("registry",)}
        found = (used.get(each.path, each if each.path[-1] == "enabled" else None) for each in self.offers.values)
        return [each for each in found if each]

    def of(self, reach: Reach) -> Iterator[Value]:
        """Yield the values behind a mark that change something; a tag that stands alone cannot be empty."""
        mark, context = reach.mark, self.context
        for each in reach.values if mark in context.used else ():
            if reach.kind != "image":
                yield each
            elif each.path[-1] == "tag":
                yield each._replace(schema={**each.schema, "minLength": 1}) if mark in context.tagged else each
            elif mark in context.whole:
                yield each


def _static(chart: str) -> str:
    return (folder() / "chart" / HELPERS).read_text("utf-8").replace("NAME", chart)


def _listed(words: Sequence[str]) -> str:
    line = f"(list {' '.join(words)})"
    return line if len(line) <= _LIST_WIDTH else "(list\n    {})".format("\n    ".join(words))


def _file_names(manifests: Sequence[Manifest]) -> list[str]:
    """Return a name for the file of each object: its kind, and what tells it from others of the kind."""
    kinds = Counter(each.kind for each in manifests)
    found: list[str] = []
    for each in manifests:
        kind = each.kind.lower()
        name = each.name.rpartition("-")[0] if each.hashed else each.name
        own = name.removeprefix(str(each.model)).strip("-")
        stem = f"{kind}-{own}" if kinds[each.kind] > 1 and own else kind
        taken = (stem, f"{stem}-{each.group.partition('.')[0]}", *(f"{stem}-{i}" for i in range(2, len(manifests) + 2)))
        found.append(next(one for one in taken if one not in found))
    return found
