"""Columns as schemas: JSON Schema draft 2020-12, which OpenAPI 3.1 has too, with formats of the OpenAPI registry."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modelyard.models.contract import Column

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_B64: Final = "b64"  # TensorFlow Serving's word for bytes (tensorflow/serving, g3doc/api_rest.md)


def of_row(columns: Mapping[str, Column], *, tensors: bool = False) -> Schema:
    """Return the schema of one row: an object with a value for each column. tensors: as TensorFlow Serving has them."""
    required = [name for name, each in columns.items() if each.required]
    return {
        "type": "object",
        "properties": {name: of_column(each, tensors=tensors) for name, each in columns.items()},
        **({"required": required} if required else {}),
    }


def of_column(column: Column, *, tensors: bool = False) -> Schema:
    """Return the schema of one value; of a tensor, of what one row has of it."""
    if column.shape is not None:
        return _nested(_plain(column, tensors=tensors), column.shape[1:])
    return {} if tensors else _plain(column, tensors=False)


def of_tensor(column: Column) -> Schema:
    """Return the schema of a whole tensor, with its rows."""
    return _nested(_plain(column, tensors=False), column.shape or [])


def _plain(column: Column, *, tensors: bool) -> Schema:
    if column.type == "any":
        return {}
    if column.format == "byte" and tensors:
        text = {"type": "string", "contentEncoding": "base64"}
        return {"type": "object", "properties": {_B64: text}, "required": [_B64]}
    found: Schema = {"type": [column.type, "null"] if column.nullable else column.type}
    if column.format == "byte":
        found["contentEncoding"] = "base64"
    elif column.format is not None:
        found["format"] = column.format
    if column.maxLength is not None:
        found["maxLength"] = column.maxLength
    if column.type == "array":
        found["items"] = of_column(column.items) if column.items else {}
    if column.properties is not None:
        found |= {key: value for key, value in of_row(column.properties).items() if key != "type"}
    elif column.type == "object" and column.items is not None:
        found["additionalProperties"] = of_column(column.items)
    return found


def _nested(value: Schema, sizes: Sequence[int]) -> Schema:
    """Return the schema of lists in lists. sizes: from the outermost; -1 where any will do."""
    for size in reversed(sizes):
        value = {"type": "array", "items": value, **({} if size < 0 else {"minItems": size, "maxItems": size})}
    return value


def of_columns(columns: Mapping[str, Column]) -> Schema:
    """Return the schema of rows by column, as SAS Python Container Runtime has them: a list for each."""
    row = of_row(columns)
    lists = {name: {"type": "array", "items": each} for name, each in row["properties"].items()}
    return {**row, "properties": lists}


def sample(schema: Schema, definitions: Mapping[str, Schema]) -> Any:
    """Return a value that is valid by a schema of this module: of each field one, of each list its least."""
    if "$ref" in schema:
        return sample(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: sample(each, definitions) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema["items"], definitions) for _ in range(schema.get("minItems", 1))]
    if kind == "string":
        return _text(schema)
    return {"number": 1.5, "integer": 1, "boolean": True}[kind]


def _text(schema: Schema) -> str:
    if schema.get("contentEncoding") == "base64":
        return "AA=="
    known = {"date-time-local": "2026-01-31T12:00:00", "date-time": "2026-01-31T12:00:00Z"}
    text = known.get(schema.get("format", ""), "text")
    return text[: schema.get("maxLength", len(text))]
