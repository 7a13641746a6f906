"""The gate before the clock: objects of two programs are the same, or the pair is not timed.

Names of ConfigMaps end in a hash of what they hold, and each program has a hash of its own: what is compared is that
there is one, that the name is the one that pods read, and that what it holds is the same.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

Object = dict[str, Any]
_HASHED: Final = re.compile(r"^(.+-config)-[0-9a-z]{10}$")


class _Strict(yaml.CSafeLoader):
    """YAML 1.1, and what a reader of YAML 1.2 or Go takes for a number beside."""


_Strict.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _text(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> str:
    return str(node.value)


# `=` and `<<` as values: PyYAML alone takes them for types of YAML 1.1, and then cannot make one; Go reads strings.
for _tag in ("value", "merge"):
    _Strict.add_constructor(f"tag:yaml.org,2002:{_tag}", _text)


class Different(Exception):  # noqa: N818 - what was found, not a fault of the program
    """Two programs give different objects; says which, and where."""


def read(text: str) -> list[Object]:
    """Return the objects of a stream. Raises yaml.YAMLError if it is none."""
    return [each for each in yaml.load_all(text, Loader=_Strict) if each]


def canonical(objects: Iterable[Object]) -> dict[str, Object]:
    """Return the objects by kind and name, without hashes. Raises Different if a name stands twice or leads nowhere."""
    found: dict[str, Object] = {}
    names: dict[str, str] = {}
    listed = list(objects)
    for each in listed:
        name = each["metadata"]["name"]
        if each["kind"] == "ConfigMap":
            if not (matched := _HASHED.match(name)):
                raise Different(f"ConfigMap {name}: no hash in its name")
            names[name] = matched[1]
    for each in listed:
        body = _renamed(each, names)
        key = f"{body['apiVersion']} {body['kind']} {body['metadata']['name']}"
        if key in found:
            raise Different(f"{key} stands twice")
        found[key] = body
    return found


def _renamed(body: Object, names: Mapping[str, str]) -> Object:
    metadata = {**body["metadata"], "name": names.get(body["metadata"]["name"], body["metadata"]["name"])}
    if body["kind"] == "ConfigMap":
        return {**body, "metadata": metadata}
    if body["kind"] != "Service":
        return body
    template = body["spec"]["template"]
    containers = []
    for container in template["spec"]["containers"]:
        read_from = container["envFrom"]
        if lost := [each for each in read_from if each["configMapRef"]["name"] not in names]:
            raise Different(f"Service {body['metadata']['name']}: reads {lost[0]}, which is not there")
        renamed = [{**each, "configMapRef": {"name": names[each["configMapRef"]["name"]]}} for each in read_from]
        containers.append({**container, "envFrom": renamed})
    pod = {**template["spec"], "containers": containers}
    return {**body, "spec": {**body["spec"], "template": {**template, "spec": pod}}}


def require_same(ours: Mapping[str, Object], theirs: Mapping[str, Object]) -> None:
    """Raise Different at the first object that is lacking, too much or different."""
    for key in [*ours, *theirs]:
        if key not in theirs:
            raise Different(f"{key} is lacking")
        if key not in ours:
            raise Different(f"{key} is too much")
        if place := difference(ours[key], theirs[key]):
            raise Different(f"{key}: {place}")


def difference(ours: Any, theirs: Any, place: str = "") -> str | None:
    """Return the first place where two values differ, with both; a string is never a number, nor 1 True."""
    if type(ours) is not type(theirs):
        return f"{place}: {ours!r} here, {theirs!r} there"
    if isinstance(ours, dict):
        for key in [*ours, *theirs]:
            if key not in ours or key not in theirs:
                return f"{place}/{key}: only {'there' if key not in ours else 'here'}"
            if found := difference(ours[key], theirs[key], f"{place}/{key}"):
                return found
        return None
    if isinstance(ours, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return next((found for i, pair in pairs if (found := difference(*pair, f"{place}/{i}"))), None)
    return None if ours == theirs else f"{place}: {ours!r} here, {theirs!r} there"
