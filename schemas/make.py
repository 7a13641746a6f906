"""Make generator/modelyard/check/schemas/shipped from the upstream packages that sources.yaml names: `make schemas`.

Each kind gets one JSON Schema (draft 2020-12) that stands alone, without descriptions, packed with gzip. Same sources,
same bytes. Fields that the API server would refuse or drop are refused; null is refused unless the field is nullable.
Needs pip, go and their registries.
"""

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from modelyard.check.schemas.openapi import META, Schema, of_version, translate, whole

HERE: Final = Path(__file__).resolve().parent
OUT: Final = HERE.parent / "generator" / "modelyard" / "check" / "schemas" / "shipped"
CRDS: Final = "crds"
_DEFINITIONS: Final = "#/definitions/"
# apimachinery, pkg/api/resource/quantity.go: the grammar of a quantity.
_NUMBER: Final = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_QUANTITY: Final = rf"^[+-]?{_NUMBER}([KMGTPE]i|[numkMGTPE]|[eE][+-]?{_NUMBER})?$"
_PROPS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
_OTHER: Final = {"$ref": f"#/$defs/{_PROPS}"}
# Definitions of Kubernetes that no description of their fields exists for.
_SPECIAL: Final[dict[str, Schema]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["number", "string"], "pattern": _QUANTITY},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
    f"{_PROPS}OrArray": _OTHER,  # a structural schema has one schema for all items
    f"{_PROPS}OrBool": {"anyOf": [{"type": "boolean"}, _OTHER]},
    "io.k8s.apimachinery.pkg.runtime.RawExtension": {"type": "object"},
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": {"type": "object"},
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": {"type": ["null", "string"]},
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": {"type": ["null", "string"]},
}


class Kind(NamedTuple):
    """One kind with its schema. set_: `crds`, or a minor version of Kubernetes."""

    set_: str
    api_version: str
    kind: str
    schema: Schema


def reached(schema: Schema, definitions: dict[str, Schema]) -> dict[str, Schema]:
    """Return the translated definitions that a schema refers to, directly or not."""
    found: dict[str, Schema] = {}
    waiting = _names(schema)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _SPECIAL.get(name) or translate(definitions[name], crd=False)
            waiting += _names(found[name])
    return found


def _names(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"].rpartition("/")[2]] if isinstance(node.get("$ref"), str) else []
        return own + [name for each in node.values() for name in _names(each)]
    return [name for each in node for name in _names(each)] if isinstance(node, list) else []


def alone(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return a schema with all that it refers to."""
    return schema | {"$defs": reached(schema, definitions)}


def of_kubernetes(wheel: Path, minor: str) -> tuple[list[Kind], dict[str, Schema]]:
    """Return all kinds of one minor version, and its definitions."""
    name = f"kubernetes_validate/kubernetes-json-schema/v{minor}.0-local/_definitions.json"
    with zipfile.ZipFile(wheel) as archive:
        definitions = json.loads(archive.read(name))["$defs"]
    kinds = []
    for definition in definitions.values():
        fields = definition.get("properties", {})
        versions = definition.get("x-kubernetes-group-version-kind", ())
        if META not in fields.get("metadata", {}).get("$ref", ""):
            continue
        for each in versions:
            api_version = f"{each['group']}/{each['version']}" if each["group"] else each["version"]
            schema = alone(whole(translate(definition, crd=False), api_version, each["kind"]), definitions)
            kinds.append(Kind(minor, api_version, each["kind"], schema))
    return kinds, definitions


def of_definition(crd: Schema, definitions: dict[str, Schema]) -> Iterator[Kind]:
    """Yield the kind of a custom resource definition in each version that is served."""
    spec = crd["spec"]
    for version in spec["versions"]:
        if version["served"]:
            api_version, kind = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
            schema = of_version(version["schema"]["openAPIV3Schema"], api_version, kind)
            yield Kind(CRDS, api_version, kind, alone(schema, definitions))


def of_openapi(document: Schema, named: dict[str, str], definitions: dict[str, Schema]) -> Iterator[Kind]:
    """Yield kinds of an OpenAPI document. named: apiVersion and kind -> the name of its definition.

    Kubernetes' own definitions have their names backwards there, and are taken from Kubernetes.
    """
    every = {**_forwards(document["definitions"]), **definitions}
    for name, definition in named.items():
        api_version, kind = name.split()
        fields = {key: each for key, each in every[definition]["properties"].items() if key != "status"}
        schema = translate({**every[definition], "properties": fields}, crd=False)
        yield Kind(CRDS, api_version, kind, alone(whole(schema, api_version, kind), every))


def _forwards(node: Any) -> Any:
    """Return a document with names such as ObjectMeta.v1.meta.apis.pkg.apimachinery.k8s.io turned round."""
    if isinstance(node, dict):
        return {_turned(key): _forwards(each) for key, each in node.items()}
    if isinstance(node, list):
        return [_forwards(each) for each in node]
    refers = isinstance(node, str) and node.startswith(_DEFINITIONS)
    return f"{_DEFINITIONS}{_turned(node.removeprefix(_DEFINITIONS))}" if refers else node


def _turned(name: str) -> str:
    return ".".join(reversed(name.split("."))) if name.endswith(".k8s.io") else name


def by_hand(file: Path, definitions: dict[str, Schema]) -> Iterator[Kind]:
    """Yield the kinds of a file that is written by hand."""
    for each in yaml.safe_load(file.read_text("utf-8"))["definitions"]:
        spec = _short(each["spec"])
        spec["required"] = sorted({*each["required"], *spec.get("required", ())})
        schema = {"type": "object", "properties": {"spec": spec}, "required": ["spec"]}
        api_version, kind = each["apiVersion"], each["kind"]
        yield Kind(CRDS, api_version, kind, alone(whole(schema, api_version, kind), definitions))


def _short(node: object) -> Schema:
    """Return the schema that the short form of a file by hand stands for."""
    if isinstance(node, dict):
        fields = {key.rstrip("*"): _short(each) for key, each in node.items() if key != "$"}
        required = sorted(key[:-1] for key in node if key.endswith("*"))
        own = {"required": required} if required else {}
        mapping = {"type": "object", "properties": fields, "additionalProperties": False}
        return {**(mapping if fields else {}), **own, **node.get("$", {})}
    if isinstance(node, list):
        return {"type": "array", "items": _short(node[0])}
    if node == "{string}":
        return {"type": "object", "additionalProperties": {"type": "string"}}
    bound = {"minimum": -(2**63), "maximum": 2**63 - 1} if node == "integer" else {}
    return {"type": node, **bound}


def download(sources: Schema, folder: Path) -> Iterator[tuple[Path, Schema]]:
    """Fetch what sources.yaml names; yield the folder of each module with its entry, the wheel's folder first."""
    package = sources["kubernetes"]
    requirement = f"{package['package']}=={package['version']}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), requirement]
    subprocess.run(command, check=True)
    yield folder, package
    for entry in sources["modules"]:
        command = ["go", "mod", "download", "-json", f"{entry['module']}@{entry['version']}"]
        done = subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True)
        yield Path(json.loads(done.stdout)["Dir"]), entry


def kinds_of(sources: Schema, folder: Path) -> Iterator[Kind]:
    """Yield all kinds of all sources."""
    downloads = download(sources, folder)
    _, package = next(downloads)
    wheel = next(folder.glob("*.whl"))
    definitions: dict[str, Schema] = {}
    for minor in package["minors"]:
        kinds, definitions = of_kubernetes(wheel, minor)
        yield from kinds
    for module, entry in downloads:
        for file in entry["files"]:
            for crd in yaml.load_all((module / file).read_text("utf-8"), yaml.CSafeLoader):
                yield from of_definition(crd, definitions)
        for file, named in entry.get("openapi", {}).items():
            yield from of_openapi(json.loads((module / file).read_text("utf-8")), named, definitions)
    for entry in sources["by_hand"]:
        yield from by_hand(HERE / entry["file"], definitions)


def index_of(sources: Schema, kinds: list[Kind]) -> Schema:
    """Return the index: the origins, and the files of each set."""
    package = sources["kubernetes"]
    origins = [
        {"origin": f"PyPI {package['package']}", "version": package["version"], "licence": package["licence"]},
        *(
            {"origin": each["module"], "version": each["version"], "licence": each["licence"]}
            for each in sources["modules"]
        ),
        *({"origin": each["origin"], "version": "", "licence": each["licence"]} for each in sources["by_hand"]),
    ]
    sets: dict[str, dict[str, str]] = {}
    for each in sorted(kinds, key=lambda kind: kind[:3]):
        sets.setdefault(each.set_, {})[f"{each.api_version} {each.kind}"] = path_of(each)
    return {"kubernetes": package["minors"], "origins": origins, "sets": sets}


def path_of(kind: Kind) -> str:
    """Return where the schema of a kind is kept."""
    return f"{kind.set_}/{kind.api_version.replace('/', '_')}_{kind.kind}.json.gz".lower()


def main() -> None:
    """Write all schemas and the index."""
    sources = yaml.safe_load((HERE / "sources.yaml").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        kinds = list(kinds_of(sources, Path(folder)))
    shutil.rmtree(OUT, ignore_errors=True)
    for each in kinds:
        path = OUT / path_of(each)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(each.schema, sort_keys=True, separators=(",", ":")).encode()
        path.write_bytes(gzip.compress(content, 9, mtime=0))
    (OUT / "index.json").write_text(json.dumps(index_of(sources, kinds), indent=1) + "\n", "utf-8")
    print(f"{len(kinds)} schemas, {sum(each.stat().st_size for each in OUT.rglob('*.gz')):,} bytes")


if __name__ == "__main__":
    main()
