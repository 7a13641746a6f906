"""A user's own custom resource definitions, which add schemas and win over those that are shipped.

from modelyard.api import definitions, streams

own, problems = definitions.of_files("crds", {"crds/scorer.yaml": content})
checked = streams.check_streams({"built.yaml": stream}, kinds=definitions.Kinds(own=own))
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from modelyard.api.objects import placed
from modelyard.check.finding import Cluster, mapping, sequence
from modelyard.check.finding import Finding as _Finding
from modelyard.check.rules.schemas import by_schema
from modelyard.check.schemas.kinds import NEWEST, Custom, Kinds, versions
from modelyard.check.schemas.openapi import not_structural
from modelyard.check.streams import objects
from modelyard.cluster import Client, ClusterProblem, Connection, connect
from modelyard.files.yaml import Sources
from modelyard.files.yaml.stream import read_all
from modelyard.manifests.manifest import Manifest
from modelyard.problems import Problem, has_errors, problem

__all__ = ["NEWEST", "ClusterProblem", "Connection", "Custom", "Kinds", "of_cluster", "of_files", "versions"]

GROUP: Final = "apiextensions.k8s.io"
KIND: Final = "CustomResourceDefinition"


def of_files(named: str, files: Mapping[str, bytes]) -> tuple[list[Custom], list[Problem]]:
    """Return the kinds that the definitions in files define, in every version that is served, and what is wrong.

    named: what the user called the files, such as their folder. files: what messages call a file -> its YAML or JSON
    documents; those that are no definition are left aside.
    """
    sources = Sources()
    own: list[Custom] = []
    problems: list[Problem] = []
    defined = 0
    for shown, content in files.items():
        documents = read_all(content, sources, shown)
        problems += [each for document in documents for each in document.problems]
        found = [each for each in objects(documents, sources)[0] if _is_definition(each.body)]
        defined += len(found)
        for each in found:
            body = _without_nulls(each.body)
            wrong = [placed(each, finding, sources) for finding in _wrong(body)]
            own += [] if has_errors(wrong) else _kinds(body)
            problems += wrong
    if not defined and not problems:
        problems.append(
            problem("MY652", f"{named} holds no {KIND}", hint="name a file of definitions, or their folder")
        )
    return own, problems


def of_cluster(where: Connection) -> list[Custom]:
    """Return the kinds that a cluster's definitions define. Raises ClusterProblem."""
    with connect(where) as client:
        return [kind for each in _definitions(client) for kind in _kinds(each)]


def _definitions(client: Client) -> list[dict[str, Any]]:
    return client.select(f"{GROUP}/v1", KIND)


def _is_definition(body: Mapping[str, Any]) -> bool:
    return body["kind"] == KIND and str(body["apiVersion"]).startswith(f"{GROUP}/")


def _without_nulls(node: Any) -> Any:
    """Return a definition as Go reads it: a field that is null is not there. Literal values stay."""
    if isinstance(node, dict):
        literal = ("default", "enum", "example")
        return {key: each if key in literal else _without_nulls(each) for key, each in node.items() if each is not None}
    return [_without_nulls(each) for each in node] if isinstance(node, list) else node


def _kinds(crd: Mapping[str, Any]) -> Iterator[Custom]:
    spec = mapping(crd.get("spec"))
    for version in sequence(spec.get("versions")):
        if version.get("served"):
            node = mapping(mapping(version.get("schema")).get("openAPIV3Schema"))
            yield Custom(f"{spec['group']}/{version['name']}", mapping(spec.get("names"))["kind"], node)


def _wrong(crd: Mapping[str, Any]) -> Iterator[_Finding]:
    """Yield why the API server would refuse a definition, as far as its schemas are concerned."""
    if crd["apiVersion"] != f"{GROUP}/v1":
        hint = "Kubernetes serves no other since 1.22; get the v1 form from its maker"
        yield _Finding("MY652", f"a definition of {crd['apiVersion']}, not {GROUP}/v1", hint, 0, ("apiVersion",))
        return
    if wrong := [*by_schema([Manifest({**crd}, "")], Cluster())] or [*_not_structural(crd)]:
        yield from wrong
        return
    for each in _kinds(crd):
        try:
            each.validator  # noqa: B018 - compiles it
        except ValueError as error:
            message = f"the schema for {each.name} cannot be used: {getattr(error, 'message', error)}"
            yield _Finding("MY652", message, "fix the definition", 0, ("spec", "versions"))


def _not_structural(crd: Mapping[str, Any]) -> Iterator[_Finding]:
    """Yield for each version that is served what the API server refuses in its schema before all else."""
    for index, version in enumerate(crd["spec"]["versions"]):
        path = ("spec", "versions", index)
        node = mapping(version.get("schema")).get("openAPIV3Schema")
        if node is None:
            yield _Finding("MY652", f"the version {version['name']} has no schema", "add schema:", 0, path)
            continue
        for below, why in islice(not_structural(node), 1):
            yield _Finding("MY652", why, "add it, as in type: object", 0, (*path, "schema", "openAPIV3Schema", *below))
