"""Checking a stream of objects, beside programs that check any objects: the same objects, and the same schemas.

Of the first hundred models each has a mistake, in turn one that a schema shows, one that only a rule shows …: the time
says little without what was found in it.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from bench.peers.measure import Command, Failed, Measured, in_turn, run
from bench.peers.peers import MODELYARD, PEERS, Source, Unavailable
from bench.peers.render import LIMIT, Rounds, objects_of, usual
from bench.peers.tables import Row
from modelyard.check.schemas.kinds import SHIPPED

Object = dict[str, Any]
KUBECONFORM: Final = Source("kubeconform", "v0.8.0", module="github.com/yannh/kubeconform/cmd/kubeconform")
KUBECTL_VALIDATE: Final = Source("kubectl-validate", "v0.0.4", module="sigs.k8s.io/kubectl-validate")
KUBE_SCORE: Final = Source("kube-score", "v1.20.0", module="github.com/zegl/kube-score/cmd/kube-score")
MISTAKES: Final = 100
ABOUT: Final = (
    "Up to a hundred Knative Services have a mistake each, in turn a misspelt field, a wrong type, a tag that moves "
    "and a port that there is not: schemas show the first two. The schemas are those that modelyard ships; "
    "kube-score has none and knows no Knative: what it finds are policies whose pods it does not see. Findings are "
    "those at the largest size."
)


def _container(service: Object) -> Object:
    found: Object = service["spec"]["template"]["spec"]["containers"][0]
    return found


def _unknown(service: Object) -> None:
    _container(service)["imagePullPolice"] = "Always"


def _type(service: Object) -> None:
    service["spec"]["template"]["spec"]["timeoutSeconds"] = "60"


def _tag(service: Object) -> None:
    _container(service)["image"] = "registry.example.com/models/model:latest"


def _probe(service: Object) -> None:
    _container(service)["startupProbe"]["tcpSocket"]["port"] = 80800


# Two that schemas show, two that they do not.
_WRONG: Final[tuple[Callable[[Object], None], ...]] = (_unknown, _type, _tag, _probe)


def stream(objects: Iterable[Object]) -> list[Object]:
    """Return the objects, of which Knative Services have mistakes until there are a hundred."""
    result: list[Object] = []
    made = 0
    for each in objects:
        copied: Object = json.loads(json.dumps(each))
        if each["kind"] == "Service" and made < MISTAKES:
            _WRONG[made % len(_WRONG)](copied)
            made += 1
        result.append(copied)
    return result


def kubeconform_schemas(folder: Path, objects: Iterable[Object]) -> None:
    """Write the schemas that modelyard ships of the objects' kinds, as kubeconform reads them."""
    folder.mkdir()
    for api_version, kind in sorted({(each["apiVersion"], each["kind"]) for each in objects}):
        group, _, version = api_version.rpartition("/")
        definition = SHIPPED.find(api_version, kind)
        assert definition is not None  # noqa: S101 - rendered kinds have schemas
        (folder / f"{group or version}-{kind.lower()}-{version}.json").write_text(
            json.dumps(definition.schema), "utf-8"
        )


def openapi_schemas(folder: Path, objects: Iterable[Object]) -> None:
    """Write the same schemas as documents of OpenAPI, one for a group and version, as kubectl-validate reads them."""
    documents: dict[str, Object] = {}
    for api_version, kind in sorted({(each["apiVersion"], each["kind"]) for each in objects}):
        definition = SHIPPED.find(api_version, kind)
        assert definition is not None  # noqa: S101 - rendered kinds have schemas
        text = json.dumps(definition.schema).replace('"#/$defs/', '"#/components/schemas/')
        schema = _of_openapi(json.loads(text))
        group, _, version = api_version.rpartition("/")
        named = {"group": group, "kind": kind, "version": version}
        schemas = documents.setdefault(api_version, {})
        schemas.update(schema.pop("$defs", {}))
        schemas[f"{api_version.replace('/', '.')}.{kind}"] = schema | {"x-kubernetes-group-version-kind": [named]}
    for api_version, schemas in documents.items():
        path = folder / ("apis" if "/" in api_version else "api") / f"{api_version}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        info = {"title": "Kubernetes", "version": "v1"}
        content = {"openapi": "3.0.0", "info": info, "paths": {}, "components": {"schemas": schemas}}
        path.write_text(json.dumps(content), "utf-8")


def _of_openapi(node: Any) -> Any:
    """Return a JSON Schema in the words of OpenAPI 3.0, which has no lists of types."""
    if isinstance(node, list):
        return [_of_openapi(each) for each in node]
    if not isinstance(node, dict):
        return node
    # Bounds of 64 bits, which the format says too: read as floating-point numbers they wrap round.
    wide = {key for key in ("minimum", "maximum") if isinstance(node.get(key), int) and abs(node[key]) >= 2**62}
    result = {key: _of_openapi(each) for key, each in node.items() if key not in wide}
    if isinstance(types := result.get("type"), list):
        del result["type"]
        match [each for each in types if each != "null"]:
            case [one]:
                result["type"] = one
            case _:
                result["x-kubernetes-int-or-string"] = True
        if "null" in types:
            result["nullable"] = True
    return result


@dataclass(frozen=True)
class Checker:
    """A program that checks objects: what is run in a folder that holds them, and how many findings it prints."""

    name: str
    source: Source | None
    line: Callable[[str], Sequence[str]]  # of the program's path
    findings: Callable[[str], int]  # in what it printed
    stdin: bool = False


def _of_kubeconform(text: str) -> int:
    summary = json.loads(text)["summary"]
    return int(summary["invalid"] + summary["errors"])


def _of_kubectl_validate(text: str) -> int:
    statuses = [each for each in re.findall(r'"status": "(\w+)"', text) if each != "Success"]
    return len(statuses)


def _of_kube_score(text: str) -> int:
    """Count the checks below the best grade; kube-score 1.20.0 gives grades of 1, 5, 7 and 10."""
    checks = (check for each in json.loads(text) or [] for check in each["checks"])
    return sum(not check["skipped"] and check["grade"] < 10 for check in checks)


def _of_modelyard(text: str) -> int:
    return len(json.loads(text)["problems"])


_LOCATION: Final = "schemas/{{.Group}}-{{.ResourceKind}}-{{.ResourceAPIVersion}}.json"
CHECKERS: Final = (
    Checker(
        "modelyard check -", None, lambda _: [*MODELYARD, "check", "-", "--format", "json"], _of_modelyard, stdin=True
    ),
    Checker(
        "kubeconform",
        KUBECONFORM,
        lambda it: [it, "-strict", "-summary", "-output", "json", "-schema-location", _LOCATION, "objects.yaml"],
        _of_kubeconform,
    ),
    Checker(
        "kubectl-validate",
        KUBECTL_VALIDATE,
        lambda it: [it, "objects.yaml", "--local-schemas", "openapi", "--output", "json"],
        _of_kubectl_validate,
    ),
    Checker(
        "kube-score",
        KUBE_SCORE,
        lambda it: [it, "score", "objects.yaml", "--output-format", "json", "--kubernetes-version", "v1.37"],
        _of_kube_score,
    ),
)


def compare(root: Path, sizes: Sequence[int], rounds: Rounds = usual) -> list[Row]:
    """Return a row for each checker; sizes are of models, three objects each."""
    cells: dict[str, dict[int, Measured | str]] = {each.name: {} for each in CHECKERS}
    found: dict[str, int] = {}
    for size in sorted(sizes):
        folder = root / "check" / str(size)
        commands, found, why = _commands(folder, size)
        for name, cell in (why | in_turn(commands, rounds(size), LIMIT)).items():
            cells[name][size] = cell
    versions = {each.name: each.source.version.removeprefix("v") if each.source else "" for each in CHECKERS}
    return [Row(name, versions[name], _remark(found.get(name)), cells[name]) for name in cells]


def _remark(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _commands(folder: Path, size: int) -> tuple[dict[str, Command], dict[str, int], dict[str, str]]:
    """Return what is run, how much each found, and of those that do not run why."""
    _, rendered = objects_of(PEERS[0], folder / "render", "plain", size)
    objects = stream(rendered.values())
    # As what a stream comes from writes it: kustomize, Helm and kubectl.
    with (folder / "objects.yaml").open("w", encoding="utf-8") as file:
        yaml.dump_all(objects, file, yaml.CSafeDumper, sort_keys=False, explicit_start=True, width=2**31 - 1)
    kubeconform_schemas(folder / "schemas", objects)
    openapi_schemas(folder / "openapi", objects)
    commands: dict[str, Command] = {}
    found: dict[str, int] = {}
    why: dict[str, str] = {}
    for each in CHECKERS:
        try:
            program = str(each.source.program()) if each.source else ""
            output = folder / f"{each.name.replace(' ', '-')}.out"
            stdin = folder / "objects.yaml" if each.stdin else None
            command = Command([each.line(program)], folder, output, stdin, frozenset([0, 1]))
            run(command, LIMIT)
            found[each.name] = each.findings(output.read_text("utf-8"))
            commands[each.name] = command
        except (Unavailable, Failed, ValueError, KeyError) as error:
            why[each.name] = f"{type(error).__name__}: {error}"
    return commands, found, why
