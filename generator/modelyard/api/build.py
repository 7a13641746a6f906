"""The other end: what a kustomization made of a models file."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from modelyard.api.collector import without_collector
from modelyard.api.objects import Read, in_stream, read_streams
from modelyard.api.parts import cluster_of
from modelyard.api.pipeline import load
from modelyard.check import check_objects
from modelyard.check.build.kustomized import Kustomized
from modelyard.check.build.models import compare
from modelyard.check.build.site_config import arrived, patched, undeclared
from modelyard.check.build.stream import Stream
from modelyard.check.finding import Cluster
from modelyard.check.schemas.kinds import SHIPPED, Kinds
from modelyard.files.yaml.marked import find
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.modelsfile.model_rules import accepting
from modelyard.problems import Problem, has_errors, problem, unique
from modelyard.render.locate import marked_section, placed, remarked
from modelyard.render.objects import render_model, render_shared
from modelyard.render.patches import not_arrived


class _Part(NamedTuple):
    """The objects of one model, or under None those that belong to the set; problems: what keeps it from rendering."""

    model: DeclaredModel | None
    manifests: list[Manifest]
    problems: list[Problem]


def check_built(file: str | Path, content: bytes, shown: str, *, kinds: Kinds = SHIPPED) -> list[Problem]:
    """Return what is wrong with the final stream of a kustomization, and what it has otherwise than a models file.

    Its objects are checked as those of any stream. In a SAS Viya deployment, which has hundreds of SAS's own, they are
    those of the set's models, and for errors those that its site-config adds or changes; in a chart of others that
    `spec.patches` changes, those of the set's models. content: YAML documents, as
    `kustomize build` prints them; `shown` is what messages call them. kinds: those that there are schemas of.
    """
    loaded = load(file)
    read = read_streams({shown: content})
    problems = [*loaded.problems, *read.problems]
    if loaded.models is None or has_errors(loaded.problems) or not read.is_whole:
        return unique(problems)
    with without_collector():
        problems += _Built(loaded.models, read, Stream.of([each.body for each in read.found])).problems(kinds)
    return unique(problems)


class _Built(NamedTuple):
    """A set, and the stream that was built of it."""

    models: DeclaredSet
    read: Read
    stream: Stream

    def problems(self, kinds: Kinds) -> Iterator[Problem]:
        """Yield what the stream has otherwise, then what is wrong with it."""
        parts = list(_parts(self.models))
        yield from (each for part in parts for each in part.problems)
        of = Kustomized.of([each for part in parts for each in part.manifests], self.stream)
        rendered = Rendered() if self.models.spec.viya is None else marked_section(self.models, "viya")
        site = Kustomized.of(rendered.manifests, self.stream)
        owners: dict[int, DeclaredModel | None] = {}
        bodies = iter(of.found)
        for part in parts:
            found = [*islice(bodies, len(part.manifests))]
            owners |= {id(body): part.model for body in found if body is not None}
            yield from self._compared(part, found, of)
        yield from self._arrived(rendered, site)
        if self.models.spec.patches:
            yield from not_arrived(self.models, [Manifest(each.body, "") for each in self.read.found])
        reached = {id(body) for patch in rendered.patches for body in patched(patch, self.stream)}
        reached |= {id(body) for body in site.found}
        yield from self._checked(cluster_of(self.models)._replace(kinds=kinds), reached, owners)

    def _compared(self, part: _Part, found: Sequence[dict[str, Any] | None], of: Kustomized) -> list[Problem]:
        if part.problems:
            return []
        findings = list(compare(part.manifests, found, of))
        if part.model is not None:
            return placed(self.models, part.model, findings)
        whole = self.models.place(find(self.models.marks, "metadata", "name")[1])
        return [problem(each.code, each.message, hint=each.hint, place=whole) for each in findings]

    def _arrived(self, rendered: Rendered, site: Kustomized) -> Iterator[Problem]:
        remarks = undeclared(self.stream) if self.models.spec.viya is None else arrived(rendered, site)
        whole = self.models.place(find(self.models.marks, "spec", "viya")[0])
        for each in remarked(self.models, remarks):
            yield each if each.place else replace(each, place=whole)

    def _checked(
        self, cluster: Cluster, reached: Collection[int], owners: Mapping[int, DeclaredModel | None]
    ) -> Iterator[Problem]:
        """Yield what rules and schemas find in the stream; reached: what a site-config added or changed."""
        for finding in check_objects([each.body for each in self.read.found], cluster):
            body = id(self.read.found[finding.manifest].body)
            found = in_stream(self.read, finding)
            if (model := owners.get(body)) is not None:
                yield from accepting(model, [found])
            elif not self._has_others() or body in owners or (body in reached and has_errors([found])):
                yield found

    def _has_others(self) -> bool:
        """Tell whether the set changes what others wrote, and answers for no more of it than that."""
        return self.models.spec.viya is not None or bool(self.models.spec.patches)


def _parts(models: DeclaredSet) -> Iterator[_Part]:
    templates = Templates()
    if models.models:
        yield _Part(None, render_shared(models, templates), [])
    for model in models.models:
        manifests, problems = render_model(models, model, templates)
        yield _Part(model, [each for each in manifests if not each.beside], problems)
