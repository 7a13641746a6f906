"""How a Knative Service or Route splits its calls.

Source: knative/serving v0.50.0, pkg/apis/serving/v1/route_validation.go, and service_defaults.go: a Service without
traffic sends all of it to its latest revision.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, at, integer, items, text
from modelyard.check.pods import KNATIVE
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import MAX_LABEL, dns_1035_label, label_key

_HINT: Final = "give one revision or one configuration"


def traffic(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find targets of traffic that are no targets, and percents that do not add up."""
    for index, manifest in enumerate(manifests):
        if manifest.group == KNATIVE and manifest.kind in ("Service", "Route"):
            for found in _traffic(manifest):
                yield found.on("MY309", index)


def foreign_revisions(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find Services that send calls to a revision that cannot be their own: those start with the Service's name."""
    for index, manifest in enumerate(manifests):
        if manifest.group != KNATIVE or manifest.kind != "Service" or not manifest.name:
            continue
        own = f"{manifest.name}-"
        template = text(at(manifest.body, "spec", "template", "metadata").get("name"))
        targets = list(items(at(manifest.body, "spec").get("traffic")))
        served = {text(each.get("revisionName")) for _, each in targets}
        latest = any(not each.get("revisionName") for _, each in targets)
        for i, target in targets:
            name = text(target.get("revisionName"))
            if name and not name.startswith(own):
                message = f"{name} is no revision of {manifest.name}: its own start with {own}"
                if not latest and template not in served:
                    message += f", and {template or 'its latest revision'} gets no calls"
                hint = "name one of its own, or write latestRevision: true"
                yield Finding("MY317", message, hint, index, ("spec", "traffic", i, "revisionName"))


def _traffic(manifest: Manifest) -> Iterator[Found]:
    path: Path = ("spec", "traffic")
    targets = list(items(at(manifest.body, "spec").get("traffic")))
    service = manifest.kind == "Service"
    if not targets and service:
        return
    total = sum(integer(each.get("percent")) or 0 for _, each in targets)
    if total != 100:
        where = path if targets else ("spec",)
        yield Found(f"the percents add up to {total}, not 100", "change one of them", where)
    tags: dict[str, int] = {}
    for i, target in targets:
        yield from _target((*path, i), target, service=service)
        tag = text(target.get("tag"))
        if tag:
            yield from _tag((*path, i, "tag"), tag, manifest)
            if tag in tags:
                hint = "give each target a tag of its own"
                first = (*path, tags[tag], "tag")
                yield Found(f"the tag {tag} appears twice", hint, (*path, i, "tag"), first, "the first")
            tags.setdefault(tag, i)


def _tag(path: Path, tag: str, manifest: Manifest) -> Iterator[Found]:
    if wrong := dns_1035_label(tag):
        yield Found(f"the tag {tag} {wrong}", "a tag is part of a host name", path)
    elif len(tag) + 1 + len(manifest.name) > MAX_LABEL:
        message = f"the tag {tag} and the name {manifest.name} are together longer than {MAX_LABEL - 1} characters"
        yield Found(message, "both go into one part of a host name: shorten the tag", path)


def _target(path: Path, target: dict[str, Any], *, service: bool) -> Iterator[Found]:
    revision, configuration = text(target.get("revisionName")), text(target.get("configurationName"))
    latest, percent = target.get("latestRevision"), integer(target.get("percent"))
    if service and configuration:
        hint = "take it out: a Service has one configuration, its own"
        yield Found("the traffic of a Service cannot name a configuration", hint, (*path, "configurationName"))
    elif revision and configuration:
        yield Found("the target names both a revision and a configuration", _HINT, (*path, "configurationName"))
    elif not service and not revision and not configuration:
        yield Found("the target names neither a revision nor a configuration", _HINT, path)
    for key, name in (("revisionName", revision), ("configurationName", configuration)):
        if name and (wrong := label_key(name)):
            yield Found(f"the name {name} {wrong}", _HINT, (*path, key))
    if isinstance(latest, bool) and latest == bool(revision):
        word = "is named, and latestRevision is true" if revision else "is not named, and latestRevision is false"
        yield Found(
            f"the revision {word}", "write either revisionName or latestRevision: true", (*path, "latestRevision")
        )
    if percent is not None and not 0 <= percent <= 100:
        yield Found(f"the percent {percent} is not between 0 and 100", "change it", (*path, "percent"))
    if text(target.get("url")):
        yield Found("Knative itself writes url", "take it out", (*path, "url"))
