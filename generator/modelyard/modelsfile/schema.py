"""The JSON Schema of the models file, for editors, `explain` and hints.

It is made from the shapes, and shipped as models.schema.json so that nothing needs to build it at run time.
An editor checks one file of several that are merged, so nothing but names is required in it, and null, which
removes a value, is allowed for all else.
"""

import json
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from modelyard.models.fields import PATH
from modelyard.models.model import Model, Variant
from modelyard.models.model_set import ModelSet
from modelyard.targets import TARGETS, target

_ROOT: Final = "#/$defs/"
_INCLUDE: Final = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Files with a PublishedModel each, relative to this one; * stands for a part of a name. Models of "
    "this file are laid over theirs.",
}


def build() -> dict[str, Any]:
    """Make the schema from the shapes."""
    shapes = {name: target(name).Spec for name in sorted(TARGETS)}
    wanted: list[Any] = [(shape, "validation") for shape in (ModelSet, Model, Variant, *shapes.values())]
    refs, schema = models_json_schema(wanted)
    definitions = schema["$defs"]
    names = {shape: ref["$ref"].removeprefix(_ROOT) for (shape, _), ref in refs.items()}
    targets = {name: _ref(names[shape], f"{target(name).SUMMARY}.") for name, shape in shapes.items()}
    for shape in shapes.values():
        definitions[names[shape]].pop("required", None)  # defaults may have it
    model, variant = definitions[names[Model]], definitions[names[Variant]]
    model["properties"]["targets"] = {
        "type": "object",
        "properties": targets,
        "additionalProperties": False,
        "description": "Where the model runs.",
    }
    shared = {key: value for key, value in model["properties"].items() if key not in ("name", "path")}
    variant["properties"] |= {key: value for key, value in shared.items() if key not in variant["properties"]}
    definitions["Defaults"] = {
        **model,
        "properties": shared,
        "required": [],
        "description": "What models have unless they say otherwise.",
    }
    model["properties"]["variants"] = _list(names[Variant], "An A/B split, declared whole; the percents add up to 100.")
    for entry in (model, variant):
        entry["properties"]["$remove"] = {
            "const": True,
            "description": "Take out what a base declared under this name.",
        }
        entry["required"] = ["name"]
    spec = definitions["Spec"]["properties"] if "Spec" in definitions else definitions[_spec(definitions)]["properties"]
    spec["base"] = {"type": "string", "description": "Models file that this one builds on, relative to it."}
    spec["include"] = _INCLUDE
    spec["defaults"] = _ref("Defaults", "What all models have unless they say otherwise.")
    spec["models"] = _list(names[Model], "The models; merged with the base by name.")
    head = definitions.pop(names[ModelSet])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "modelyard models file",
        **{key: value for key, value in head.items() if key != "title"},
        "$defs": definitions,
    }


def _spec(definitions: dict[str, Any]) -> str:
    return next(name for name in definitions if name.endswith("model_set__Spec"))


def _ref(name: str, description: str) -> dict[str, Any]:
    return {"$ref": f"{_ROOT}{name}", "description": description}


def _list(name: str, description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"{_ROOT}{name}"}, "description": description}


def as_text(schema: dict[str, Any]) -> str:
    """Return the schema as it is shipped: without pydantic's titles, with null for what is not required."""
    return json.dumps(_tidy(schema), indent=1, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidy(value) for key, value in node.items() if key not in ("title", "default") or "$schema" in node}
    if node.get("default") is not None and node["default"] != {}:
        tidy["default"] = node["default"]
    if isinstance(tidy.get("properties"), dict):
        required = tidy.get("required", [])
        tidy["properties"] = {
            name: each if name in required else _or_null(each) for name, each in tidy["properties"].items()
        }
    if isinstance(tidy.get("additionalProperties"), dict):
        tidy["additionalProperties"] = _or_null(tidy["additionalProperties"])
    return tidy


def _or_null(node: dict[str, Any]) -> dict[str, Any]:
    if any(each == {"type": "null"} for each in node.get("anyOf", ())):
        return node
    notes: dict[str, Any] = {key: node[key] for key in ("description", "default") if key in node}
    rest = {key: value for key, value in node.items() if key not in notes}
    return {"anyOf": [rest, {"type": "null"}], **notes}


def main() -> None:
    """Write the schema into the package: `python -m modelyard.modelsfile.schema`."""
    PATH.write_text(as_text(build()), "utf-8")


if __name__ == "__main__":
    main()
