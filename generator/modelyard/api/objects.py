"""Streams of objects that are going to a cluster, whoever wrote them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from modelyard.api.accepted import Ignore
from modelyard.api.accepted import accepting as accepting_finding
from modelyard.api.collector import without_collector
from modelyard.api.pipeline import Rendering
from modelyard.check import check_objects
from modelyard.check.finding import Cluster, Finding
from modelyard.check.schemas.kinds import SHIPPED, Kinds
from modelyard.check.spellings import with_readings
from modelyard.check.streams import Found, objects
from modelyard.files.yaml import Sources
from modelyard.files.yaml.stream import read_all
from modelyard.manifests.json_patch import pointer_of
from modelyard.manifests.manifest import Manifest
from modelyard.modelsfile.model_rules import accepting
from modelyard.problems import Problem, Related, Subject, has_errors, problem, unique
from modelyard.render.locate import placed as from_model

_MODELS: Final = (
    re.compile(rb"^apiVersion:\s*[\"']?modelyard\.dev/", re.MULTILINE),
    re.compile(rb"^kind:\s*[\"']?ModelSet\b", re.MULTILINE),
)
_MANY: Final = 500  # objects: of fewer a fork takes longer than it saves
_OF_OTHERS: Final = re.compile(rb"\b(?:ResourceQuota|LimitRange|postBuild)\b")


class Checked(NamedTuple):
    """What checking streams gave: how many objects there were, and the problems."""

    objects: int
    problems: list[Problem]


@dataclass(slots=True)
class Read:
    """The objects of streams, and what is wrong with their texts. is_whole: all of them could be read."""

    found: list[Found] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sources: Sources = field(default_factory=Sources)
    is_whole: bool = True


def is_models_file(content: bytes) -> bool:
    """Tell whether a file is a models file rather than a stream, whatever else is wrong with it."""
    return all(form.search(content) for form in _MODELS)


def concerns_others(content: bytes) -> bool:
    """Tell whether a stream may say something of what is rendered beside it, as quotas do."""
    return _OF_OTHERS.search(content) is not None


def check_streams(
    streams: Mapping[str, bytes],
    *,
    features: Iterable[str] = (),
    kinds: Kinds = SHIPPED,
    beside: Sequence[Rendering] = (),
    ignored: Sequence[Ignore] = (),
    jobs: int = 1,
) -> Checked:
    """Return what is wrong with the objects of streams, which are looked at as one set, each problem with its line.

    streams: what messages call a stream -> its YAML or JSON documents. features: what Knative's config-features of
    the cluster has on. kinds: those that there are schemas of. beside: what models files of the same set render; it is
    looked at for what the streams say of it, as quotas do, and checked otherwise by whoever rendered it.
    ignored: findings that are accepted, besides those that objects accept themselves by an annotation. jobs: processes
    that a stream of many objects is checked by, forks of this one, which must have no threads; 0: as many as there are
    cores.
    """
    read = read_streams(streams)
    rendered = [(each, rendering) for rendering in beside for each in rendering.objects]
    with without_collector():
        cluster = Cluster(frozenset(features), kinds=kinds)
        bodies = [each.body for each in read.found]
        shared = jobs if len(bodies) >= _MANY else 1
        findings = check_objects(bodies, cluster, [each for each, _ in rendered], jobs=shared)
        findings = with_readings(findings, read.found)
        whole = _Set(read.found, read.sources, rendered)
        problems = [*read.problems, *(_accepting(whole, each, ignored) for each in findings)]
    return Checked(len(read.found), unique(problems))


def _accepting(whole: "_Set", finding: Finding, ignored: Sequence[Ignore]) -> Problem:
    placed_ = whole.placed(finding)
    if finding.manifest >= len(whole.found):
        return placed_
    return accepting_finding(placed_, whole.found[finding.manifest].body, ignored)


def read_streams(streams: Mapping[str, bytes]) -> Read:
    """Read the objects of streams. streams: what messages call a stream -> its YAML or JSON documents."""
    read = Read()
    with without_collector():
        for shown, content in streams.items():
            # kubectl and the API server read with sigs.k8s.io/yaml: `on` is not text there, as kustomize would have it.
            documents = read_all(content, read.sources, shown, yaml_1_1=True)
            bodies, wrong = objects(documents, read.sources)
            unread = [each for document in documents for each in document.problems]
            read.is_whole = read.is_whole and not has_errors(unread)
            read.problems += [*unread, *wrong]
            read.found += bodies
            if not bodies and not read.problems:
                hint = "check whether the command that should have written it failed"
                place = read.sources.place(read.sources.add(shown))
                read.problems.append(problem("MY651", f"{shown} holds no objects", hint=hint, place=place))
    return read


def in_stream(read: Read, finding: Finding) -> Problem:
    """Return a finding on objects of streams as a problem at its line there."""
    return _Set(read.found, read.sources, ()).placed(finding)


class _Set(NamedTuple):
    """The objects of a set: those of streams, and behind them those that were rendered."""

    found: Sequence[Found]
    sources: Sources
    rendered: Sequence[tuple[Manifest, Rendering]]

    def placed(self, finding: Finding) -> Problem:
        """Return a finding as a problem at its line of a stream, or of a models file."""
        result = self._alone(finding._replace(related=None))
        if finding.related is None:
            return result
        number = finding.manifest if finding.other is None else finding.other
        place = self._alone(finding._replace(manifest=number, path=finding.related, related=None)).place
        related = (Related(place, finding.related_message),) if place else ()
        return replace(result, related=(*result.related, *related))

    def _alone(self, finding: Finding) -> Problem:
        number = finding.manifest - len(self.found)
        if number < 0:
            return placed(self.found[finding.manifest], finding, self.sources)
        manifest, rendering = self.rendered[number]
        first = next(
            i for i, (each, of) in enumerate(self.rendered) if of is rendering and each.model == manifest.model
        )
        models = rendering.models
        model = next((each for each in models.models if each.name == manifest.model), None) if models else None
        if models is None or model is None:
            return problem(finding.code, f"{manifest}: {finding.message}", hint=finding.hint)
        return accepting(model, from_model(models, model, [finding._replace(manifest=number - first)]))[0]


def placed(found: Found, finding: Finding, sources: Sources) -> Problem:
    """Return a finding on one object as a problem at its own line of the stream."""
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
