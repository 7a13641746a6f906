"""The other end: what a kustomization made of a models file."""

from pathlib import Path

from modelyard.api.pipeline import load, without_collector
from modelyard.api.streams import placed as in_stream
from modelyard.check.built import compare
from modelyard.check.finding import Cluster
from modelyard.check.kinds import SHIPPED, Kinds
from modelyard.check.objects import objects
from modelyard.check.schemas import by_schema
from modelyard.check.site_config import arrived
from modelyard.check.stream import Stream
from modelyard.manifest import Manifest
from modelyard.origin import marked_section, placed, remarked
from modelyard.places import find
from modelyard.problem import Problem, has_errors, problem, unique
from modelyard.render import render_model, render_shared
from modelyard.template import Templates
from modelyard.yamlio import Sources
from modelyard.yamlio.stream import read_all


def check_built(file: str | Path, content: bytes, shown: str, *, kinds: Kinds = SHIPPED) -> list[Problem]:
    """Return what the final stream of a kustomization lacks of a models file (errors), or has otherwise (notes).

    Its objects are held against the schemas too: a kustomization can break what was sound.

    content: YAML documents, as `kustomize build` prints them; `shown` is what messages call them. kinds: those that
    there are schemas of.
    """
    loaded = load(file)
    sources = Sources()
    documents = read_all(content, sources, shown)
    problems = [*loaded.problems, *(each for document in documents for each in document.problems)]
    if loaded.models is None or has_errors(problems):
        return unique(problems)
    stream = Stream.of([document.data for document in documents])
    found = objects(documents, sources)[0]
    findings = by_schema([Manifest(each.body, "") for each in found], Cluster(kinds=kinds))
    problems += [in_stream(found[each.manifest], each, sources) for each in findings]
    models = loaded.models
    with without_collector():
        templates = Templates()
        shared = render_shared(models, templates) if models.models else []
        names = stream.renamed(shared)
        whole = models.place(find(models.marks, "metadata", "name")[1])
        problems += [
            problem(each.code, each.message, hint=each.hint, place=whole) for each in compare(shared, stream, names)
        ]
        for model in models.models:
            manifests, wrong = render_model(models, model, templates)
            explained = {**names, **stream.renamed(manifests)}
            problems += wrong or placed(models, model, list(compare(manifests, stream, explained)))
        if models.spec.viya is not None:
            rendered = marked_section(models, "viya")
            problems += remarked(models, arrived(rendered, stream))
    return unique(problems)
