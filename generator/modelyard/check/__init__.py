"""Rules over objects, whoever wrote them. Objects come in; findings with JSON pointers go out, places come later.

Not here: rules over the models file itself, which are in `modelsfile` and `targets`.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Rule, without_nulls
from modelyard.check.pods import Objects
from modelyard.check.rules import (
    addresses,
    affinities,
    api_versions,
    autoscalers,
    backends,
    containers,
    contexts,
    enums,
    handlers,
    images,
    ingresses,
    kubernetes_names,
    kustomize_traps,
    openshift,
    pod_security,
    ports,
    projections,
    references,
    resource_fields,
    resources,
    routes,
    scheduling,
    selectors,
    sizes,
    volume_sources,
)
from modelyard.check.rules.knative import annotations, features, names, pods, traffic, volumes
from modelyard.check.rules.refused import refused
from modelyard.check.rules.schemas import by_schema
from modelyard.manifests.manifest import Manifest
from modelyard.problems import MAX_FINDINGS
from modelyard.problems.codes import CODES

# What a part of a set shows, such as the objects of one model.
RULES: Final[tuple[Rule, ...]] = (
    features.features,
    names.knative_names,
    names.revision_names,
    names.template_metadata,
    names.written_by_knative,
    names.domain_mappings,
    annotations.annotation_values,
    annotations.annotation_places,
    traffic.traffic,
    traffic.foreign_revisions,
    names.visibility,
    pods.ports,
    pods.limits,
    pods.user_containers,
    pods.variables,
    pods.probes,
    volumes.knative_volumes,
    kubernetes_names.object_names,
    kubernetes_names.account_names,
    kubernetes_names.labels,
    containers.mount_paths,
    containers.mounts,
    containers.variables,
    containers.twice,
    containers.necessities,
    resources.resources,
    projections.projections,
    contexts.contexts,
    handlers.handlers,
    ingresses.ingresses,
    ingresses.http_routes,
    resource_fields.resource_fields,
    scheduling.tolerations,
    scheduling.comparisons,
    volume_sources.volume_sources,
    volume_sources.claims,
    ports.ports,
    ports.service_ports,
    selectors.selectors,
    enums.enumerations,
    api_versions.api_versions,
    refused,
    autoscalers.autoscalers,
    affinities.affinities,
    references.references,
    pod_security.pod_security,
    openshift.users,
    openshift.deployment_configs,
    openshift.route_ports,
    routes.routes,
    kustomize_traps.selectors,
    images.images,
    sizes.data,
    sizes.client_side_apply,
)
# What no mistake of the models file leads to, so that it is said beside those.
INDEPENDENT: Final[tuple[Rule, ...]] = (features.features, containers.mount_paths)
# What only the whole set shows.
SET_RULES: Final[tuple[Rule, ...]] = (addresses.entrances, backends.ports, backends.counted)


def independent(manifests: Sequence[Manifest], cluster: Cluster) -> list[Finding]:
    """Return what can be said of objects whose model has mistakes: all else may follow from those."""
    return _by_rules(INDEPENDENT, manifests, cluster)


def check(manifests: Sequence[Manifest], cluster: Cluster) -> list[Finding]:
    """Return what rules and schemas find on a part of a set."""
    manifests = manifests if isinstance(manifests, Objects) else Objects(manifests)
    found = _by_rules(RULES, manifests, cluster)
    return [*found, *_unsaid(islice(by_schema(manifests, cluster), MAX_FINDINGS + 1), found)]


def check_set(manifests: Sequence[Manifest], cluster: Cluster) -> list[Finding]:
    """Return what only the objects of a whole set show."""
    return _by_rules(SET_RULES, manifests, cluster)


def _by_rules(rules: Iterable[Rule], manifests: Sequence[Manifest], cluster: Cluster) -> list[Finding]:
    """Return what rules find, at most one more than is reported."""
    found = (each for rule in rules for each in rule(manifests, cluster))
    return list(islice(found, MAX_FINDINGS + 1))


def check_objects(
    bodies: Sequence[Any], cluster: Cluster, beside: Sequence[Manifest] = (), *, jobs: int = 1
) -> list[Finding]:
    """Return what rules and schemas find on the objects of a stream, of whatever origin.

    beside: objects of the same set that were checked for themselves; what one object says about all others holds for
    them too. `manifest` of a finding is the index into bodies, and behind them into beside. jobs: processes that the
    rules are divided between; 0: as many as there are cores.
    """
    from modelyard.check.stream_rules import STREAM_RULES, TOGETHER_RULES
    from modelyard.check.streams import HINT, lacking

    found: list[Finding] = []
    manifests = Objects()
    indices: list[int] = []
    for index, body in enumerate(bodies):
        if (wrong := lacking(body)) is None:
            manifests.append(Manifest(without_nulls(body), ""))
            indices.append(index)
        else:
            found.append(Finding("MY303", wrong[0], HINT, index, wrong[1]))
    together = Objects([*manifests, *beside]) if beside else manifests
    groups = [(STREAM_RULES, manifests), (SET_RULES, manifests), (RULES, manifests), ((by_schema,), manifests)]
    of_stream, of_set, by_rules, by_schemas, of_all = _by_groups([*groups, (TOGETHER_RULES, together)], cluster, jobs)
    whole = [*of_stream, *of_set, *by_rules, *_unsaid(by_schemas, by_rules), *of_all]
    indices += range(len(bodies), len(bodies) + len(beside))
    found += [_renumbered(each, indices) for each in whole]
    return sorted(_without_unready(found, bodies), key=lambda each: each.manifest)


_Group = tuple[Sequence[Rule], Objects]


def _by_groups(groups: Sequence[_Group], cluster: Cluster, jobs: int) -> list[list[Finding]]:
    """Return what each group of rules finds on its objects, at most one more than is reported, whatever the jobs."""
    for _, manifests in groups:
        _ = manifests.pod_templates  # which all jobs look at
    from modelyard.files.forks import divided

    work = [partial(_by_rules, (rule,), manifests, cluster) for rules, manifests in groups for rule in rules]
    found = iter(divided(work, jobs))
    by_groups = [list(islice(found, len(rules))) for rules, _ in groups]
    return [list(islice(chain.from_iterable(each), MAX_FINDINGS + 1)) for each in by_groups]


def _without_unready(found: Sequence[Finding], bodies: Sequence[Any]) -> list[Finding]:
    """Say one thing of a document that another tool changes first, in place of all that follows from it."""
    from modelyard.check.unready import unready

    refused = {each.manifest for each in found if CODES[each.code].severity == "error"}
    early = {index: unready(bodies[index], index) for index in refused if index < len(bodies)}
    instead = {index: each for index, each in early.items() if each is not None}
    return [*instead.values(), *(each for each in found if each.manifest not in instead)]


def _renumbered(found: Finding, indices: Sequence[int]) -> Finding:
    other = None if found.other is None else indices[found.other]
    return found._replace(manifest=indices[found.manifest], other=other)


def _unsaid(by_schemas: Iterable[Finding], by_rules: Sequence[Finding]) -> list[Finding]:
    """Return the findings by schemas on what no error of a rule stands at: a rule says better what is wrong."""
    said = {(each.manifest, each.path) for each in by_rules if CODES[each.code].severity == "error"}
    return [each for each in by_schemas if (each.manifest, each.path) not in said]
