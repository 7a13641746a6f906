"""What other tools found in rendered objects, at the line of the models file that each came from.

from modelyard.api.findings import mapped

found = mapped("overlays/prod", Path("kube-score.json").read_bytes(), "kube-score.json")
for each in found.problems:
    print(each.place, each.message)
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api.collector import without_collector
from modelyard.api.foreign_objects import (
    Entry,
    Objects,
    Spot,
    containers_with,
    likeliest,
    matches,
    resolved,
    translated,
)
from modelyard.api.foreign_streams import Streams
from modelyard.api.pipeline import load
from modelyard.manifests.json_patch import pointer_of
from modelyard.models.declared import DeclaredSet
from modelyard.problems import Problem, Related, Subject, has_errors, unique
from modelyard.render.locate import marked_objects, origin, place_inside
from modelyard.report.foreign import TOOLS, ForeignFinding, Reference, read

__all__ = ["TOOLS", "Mapped", "mapped"]

_CANDIDATES: Final = 5  # of an object that is not named clearly, shown


class Mapped(NamedTuple):
    """What a report came to. problems: sorted by place. findings: how many there were.

    others: the files of places that are not in the models file.
    """

    problems: list[Problem]
    findings: int
    others: frozenset[str]


def mapped(file: str | Path, content: bytes, shown: str, built: tuple[bytes, str] | None = None) -> Mapped:
    """Return the findings of a report as problems at lines of a models file.

    content: the report; shown: what messages call it. built: the stream that the tool read, and what messages call it;
    without one a file that the report names is read, or what `render --stdout` prints stands for standard input.
    """
    loaded = load(file)
    findings, problems = read(content, shown)
    problems += [each for each in loaded.problems if has_errors([each])]
    with without_collector():
        entries = [Entry(*each) for each in marked_objects(loaded.models)] if loaded.models else []
        objects = Objects(entries)
        streams = Streams(objects, built)
        placing = _Placing(loaded.models, objects, streams)
        placed = [placing.problem(each) for each in findings]
    others = {each.place.file for each in placed if each.place} - {*(loaded.models.files if loaded.models else ())}
    return Mapped(unique([*problems, *placed, *streams.problems]), len(findings), frozenset(others))


class _Placing(NamedTuple):
    """The objects of a set, and the streams that tools read."""

    models: DeclaredSet | None
    objects: Objects
    streams: Streams

    def problem(self, finding: ForeignFinding) -> Problem:
        """Return a finding with its place: a line of the models file, its own, or none."""
        spots = self._spots(finding)
        said = Problem("MY661", finding.severity, _said(finding), finding.hint)
        if self.models is not None and spots:
            places = [self._ours(said, self.models, each) for each in spots]
            if len({each.place for each in places}) == 1:  # such as a line that all variants share
                return places[0]
            related = [
                Related(each.place, str(each.subject.object))
                for each in places[:_CANDIDATES]
                if each.place and each.subject
            ]
            message = f"{said.message} (of which of {len(spots)} objects the report does not say)"
            return replace(said, code="MY663", message=message, related=tuple(related))
        return self._foreign(said, finding)

    def _ours(self, said: Problem, models: DeclaredSet, spot: Spot) -> Problem:
        place, related = origin(models, spot.entry.model, spot.entry.manifest, spot.path)
        if related and spot.path and not spot.lacking:
            inside = place_inside(models, spot.entry.manifest, spot.path)
            place, related = (inside, ()) if inside else (place, related)
        subject = Subject(str(spot.entry.manifest), pointer_of(*spot.path))
        return replace(said, place=place, related=related, subject=subject)

    def _foreign(self, said: Problem, finding: ForeignFinding) -> Problem:
        place = self.streams.place(finding)
        about = self.streams.about(finding)
        if about is None and place is None:
            return replace(said, code="MY663", message=f"{said.message} (the report does not say of which object)")
        what = f" ({about} is not an object of this models file)" if about else " (no object of this models file)"
        return replace(said, code="MY662", message=f"{said.message}{what}", place=place)

    def _spots(self, finding: ForeignFinding) -> list[Spot]:
        """Return where in which objects of the set a finding may be: one if it is sure."""
        if finding.image:
            return containers_with(self.objects.entries, finding.image)
        found = self.streams.at(finding)
        if found is not None:
            entry, path = found
            return [] if entry is None else [resolved(entry, finding.field, path)]
        about = finding.about
        if about is None:
            return likeliest([resolved(each, finding.field) for each in self.objects.entries]) if finding.field else []
        entries = self._entries(about)
        if not entries and (owned := self.objects.owner(about)):
            return [resolved(owned, translated(finding.field, about.kind, owned))]
        spots = [resolved(each, finding.field) for each in entries]
        return spots if about.name else likeliest(spots) or spots

    def _entries(self, about: Reference) -> Sequence[Entry]:
        return [each for each in self.objects.entries if matches(each.manifest.body, about)]


def _said(finding: ForeignFinding) -> str:
    who = " ".join(part for part in (finding.tool, finding.rule) if part)
    return f"{who}: {finding.message or 'no message'}"
