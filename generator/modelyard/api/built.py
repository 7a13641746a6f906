"""The other end: what a kustomization made of a models file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from modelyard.api.pipeline import load, without_collector
from modelyard.api.streams import placed as in_stream
from modelyard.check.built import compare
from modelyard.check.finding import Cluster
from modelyard.check.kinds import SHIPPED, Kinds
from modelyard.check.objects import Found, objects
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

    What it made of the set's own objects is held against the schemas too: a patch can break what was sound.

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
    own: list[Manifest] = []
    models = loaded.models
    with without_collector():
        templates = Templates()
        shared = render_shared(models, templates) if models.models else []
        names = stream.renamed(shared)
        own += shared
        whole = models.place(find(models.marks, "metadata", "name")[1])
        problems += [
            problem(each.code, each.message, hint=each.hint, place=whole) for each in compare(shared, stream, names)
        ]
        for model in models.models:
            manifests, wrong = render_model(models, model, templates)
            explained = {**names, **stream.renamed(manifests)}
            own += manifests
            problems += wrong or placed(models, model, list(compare(manifests, stream, explained)))
        if models.spec.viya is not None:
            rendered = marked_section(models, "viya")
            problems += remarked(models, arrived(rendered, stream))
        problems += _by_schema(own, stream, objects(documents, sources)[0], sources, Cluster(kinds=kinds))
    return unique(problems)


def _by_schema(
    own: Sequence[Manifest], stream: Stream, found: Sequence[Found], sources: Sources, cluster: Cluster
) -> Iterator[Problem]:
    """Yield what schemas find in the objects of the stream that were declared as the set's own."""
    places = {id(each.body): each for each in found}
    ours = [places[id(body)] for each in own if (body := stream.find(each)) is not None and id(body) in places]
    for finding in by_schema([Manifest(each.body, "") for each in ours], cluster):
        yield in_stream(ours[finding.manifest], finding, sources)
