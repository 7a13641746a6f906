"""Streams of objects that are going to a cluster, whoever wrote them."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from modelyard.api.pipeline import without_collector
from modelyard.check import check_objects
from modelyard.check.finding import Cluster, Finding
from modelyard.check.kinds import SHIPPED, Kinds
from modelyard.check.objects import Found, objects
from modelyard.manifest import Manifest
from modelyard.patch import pointer_of
from modelyard.problem import Problem, Related, Subject, problem, unique
from modelyard.yamlio import Sources
from modelyard.yamlio.stream import read_all

_MODELS: Final = (
    re.compile(rb"^apiVersion:\s*[\"']?modelyard\.dev/", re.MULTILINE),
    re.compile(rb"^kind:\s*[\"']?ModelSet\b", re.MULTILINE),
)


class Checked(NamedTuple):
    """What checking streams gave: how many objects there were, and the problems."""

    objects: int
    problems: list[Problem]


def is_models_file(content: bytes) -> bool:
    """Tell whether a file is a models file rather than a stream, whatever else is wrong with it."""
    return all(form.search(content) for form in _MODELS)


def check_streams(streams: Mapping[str, bytes], *, features: Iterable[str] = (), kinds: Kinds = SHIPPED) -> Checked:
    """Return what is wrong with the objects of streams, which are looked at as one set, each problem with its line.

    streams: what messages call a stream -> its YAML or JSON documents. features: what Knative's config-features of
    the cluster has on. kinds: those that there are schemas of.
    """
    sources = Sources()
    found: list[Found] = []
    problems: list[Problem] = []
    with without_collector():
        for shown, content in streams.items():
            documents = read_all(content, sources, shown)
            bodies, wrong = objects(documents, sources)
            problems += [*(each for document in documents for each in document.problems), *wrong]
            found += bodies
            if not bodies and not problems:
                hint = "did the command fail that should have written it?"
                place = sources.place(sources.add(shown))
                problems.append(problem("MY651", f"{shown} holds no objects", hint=hint, place=place))
        cluster = Cluster(frozenset(features), kinds=kinds)
        findings = check_objects([each.body for each in found], cluster)
        problems += [placed(found[each.manifest], each, sources) for each in findings]
    return Checked(len(found), unique(problems))


def placed(found: Found, finding: Finding, sources: Sources) -> Problem:
    """Return a finding as a problem at its own line of the stream."""
    related: tuple[Related, ...] = ()
    if finding.related is not None:
        related = (Related(sources.place(found.mark(finding.related)), finding.related_message),)
    return problem(
        finding.code,
        finding.message,
        hint=finding.hint,
        place=sources.place(found.mark(finding.path)),
        subject=Subject(str(Manifest(found.body, "")), pointer_of(*finding.path)),
        related=related,
    )
