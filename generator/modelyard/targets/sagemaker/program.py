"""The boto3 program that does for one endpoint what the ACK controllers do, with the same names.

It is made from the rendered objects, so a user's patches and the content hashes are in it. Values get into the program
as literals only: no text of the user's can end the string that it stands in.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from modelyard.manifests import template
from modelyard.manifests.manifest import Manifest

TEMPLATE: Final = "sagemaker/script.py.jinja"
# What is the same for all that is said about the scaling of variants.
VARIANT: Final = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
WIDTH: Final = 120  # columns
_INDENT: Final = "    "
_MARGIN: Final = 10  # columns that stand before a literal, as in `ENDPOINT = `
_WHOLE: Final = 72  # columns of a literal that is not broken
_INITIALISMS: Final = re.compile(r"ARN|URI|URL|ID(?=s?$)")
_AUTOSCALING: Final = ("ScalableTarget", "ScalingPolicy")


def script(objects: Iterable[Manifest], region: str) -> str:
    """Return the program for the Models, EndpointConfig, Endpoint and autoscaling of one model, among its objects."""
    bodies: dict[str, list[dict[str, Any]]] = {}
    for each in objects:
        if each.group.endswith(".services.k8s.aws"):
            bodies.setdefault(each.kind, []).append(arguments(each.body.get("spec", {})))
    endpoint = bodies["Endpoint"][0]
    scaling = [bodies.get(kind, []) for kind in _AUTOSCALING]
    context = {
        "region": region,
        "models": bodies["Model"],
        "config": bodies["EndpointConfig"][0],
        "tags": endpoint.pop("Tags", None),  # AWS takes them when an endpoint is made, and not when it moves
        "endpoint": endpoint,
        "variant": VARIANT,
        "scaling": [tuple(_without_variant(each) for each in pair) for pair in zip(*scaling, strict=True)],
    }
    return template.text(TEMPLATE, context, literal)


def _without_variant(wanted: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wanted.items() if key not in VARIANT}


def arguments(spec: Any) -> Any:
    """Return a spec as the arguments of boto3: the field's names as the AWS API writes them.

    ACK writes initialisms in upper case and a reserved word with an underscore (code-generator, pkg/names).
    """
    if isinstance(spec, dict):
        return {_name(key): value if key == "environment" else arguments(value) for key, value in spec.items()}
    return [arguments(item) for item in spec] if isinstance(spec, list) else spec


def _name(key: str) -> str:
    words = _INITIALISMS.sub(lambda found: found[0].capitalize(), key.rstrip("_"))
    return words[:1].upper() + words[1:]


def literal(value: object) -> str:
    """Return a value as a Python literal: as many entries on a line as fit, each line indented by its depth."""
    lines = [" " * _MARGIN]
    for depth, text in _pieces(value, 0):
        if len(lines[-1]) + 1 + len(text) > WIDTH:
            lines.append(_INDENT * depth + text)
        else:
            lines[-1] += f" {text}"
    return "\n".join(lines).lstrip()


def _pieces(value: object, depth: int) -> Iterator[tuple[int, str]]:
    """Yield depth and text of the pieces of a literal that stay on one line; one blank between them gives it whole."""
    flat = _flat(value)
    children = _children(value)
    if len(flat) <= _WHOLE or not children:
        yield depth, flat
        return
    opening, closing = _brackets(value)
    for number, (key, child) in enumerate(children, 1):
        # The first entry stands behind its bracket, where the mapping or list itself starts.
        own = list(_pieces(child, depth + 1))
        text = (opening if number == 1 else "") + key
        if len(text) + len(own[0][1]) <= WIDTH - 2 * len(_INDENT) * (depth + 1):
            own[0] = (own[0][0], text + own[0][1])
        else:
            own.insert(0, (depth + 1, text.rstrip()))
        if number == 1:
            own[0] = (depth, own[0][1])
        own[-1] = (own[-1][0], own[-1][1] + (closing if number == len(children) else ","))
        yield from own


def _children(value: object) -> list[tuple[str, object]]:
    """Return what stands before each entry of a mapping or list, and the entry."""
    if isinstance(value, dict):
        return [(f"{_flat(key)}: ", item) for key, item in value.items()]
    return [("", item) for item in value] if isinstance(value, list | tuple) else []


def _brackets(value: object) -> tuple[str, str]:
    return ("{", "}") if isinstance(value, dict) else ("[", "]") if isinstance(value, list) else ("(", ")")


def _flat(value: object) -> str:
    if isinstance(value, dict | list | tuple):
        opening, closing = _brackets(value)
        return opening + ", ".join(f"{key}{_flat(item)}" for key, item in _children(value)) + closing
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    """Return a text between double quotes; what cannot be seen is escaped, so that nobody is misled."""
    escaped = (
        f"\\{each}" if each in '"\\' else each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )
    return f'"{"".join(escaped)}"'
