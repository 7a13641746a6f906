"""A contract written for those who call the model: OpenAPI 3.1, JSON Schema, the header of a table, a sample call."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from modelyard.models.contract import Contract
from modelyard.targets.workloads.contracts.requests import Called, called
from modelyard.targets.workloads.contracts.schemas import DIALECT, Schema, sample

_COMPONENTS: Final = "#/components/schemas/"
_DEFINITIONS: Final = "#/$defs/"
_VERSION: Final = "3.1.1"


class Subject(NamedTuple):
    """Whose contract is written. version: of the model; server: scheme and host, empty if the file does not say it."""

    name: str
    version: str
    runtime: str
    path: str
    server: str
    contract: Contract


def open_api(subject: Subject) -> str:
    """Return an OpenAPI document. Of a server that nobody knows it has the schemas, and no path."""
    how = called(subject.contract, subject.runtime, subject.path, _COMPONENTS)
    document: dict[str, Any] = {
        "openapi": _VERSION,
        "info": {"title": subject.name, "version": subject.version},
        **({"servers": [{"url": subject.server}]} if subject.server else {}),
        "paths": _paths(how) if how.path else {},
        "components": {"schemas": how.definitions()},
    }
    return _text(document)


def _paths(how: Called) -> dict[str, Any]:
    body = {"required": True, "content": _json({"$ref": f"{_COMPONENTS}ScoreRequest"})}
    answers = {
        "200": {"description": "The scores.", "content": _json({"$ref": f"{_COMPONENTS}ScoreResponse"})},
        "default": {"description": "The call was not scored."},
    }
    score = {"operationId": "score", "summary": "Score rows.", "requestBody": body, "responses": answers}
    paths: dict[str, Any] = {how.path: {"post": score}}
    for path, says in how.more.items():
        name = path.rpartition("/")[2]
        found = {"200": {"description": says}}
        paths[path] = {"get": {"operationId": f"get_{_word(name)}", "summary": says, "responses": found}}
    return paths


def _word(name: str) -> str:
    return "".join(each if each.isalnum() else "_" for each in name)


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def json_schema(subject: Subject) -> str:
    """Return the schema of what is sent, with that of the answer among its definitions."""
    how = called(subject.contract, subject.runtime, subject.path, _DEFINITIONS)
    definitions = how.definitions()
    request = definitions.pop("ScoreRequest")
    return _text({"$schema": DIALECT, "title": f"A call of {subject.name}", **request, "$defs": definitions})


def csv_header(subject: Subject) -> str:
    """Return the first line of a table that `modelyard score` takes."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(subject.contract.inputs)
    return line.getvalue()


def sample_call(subject: Subject) -> str:
    """Return a call that is valid by the schema; its values mean nothing."""
    how = called(subject.contract, subject.runtime, subject.path, _DEFINITIONS)
    return _text(sample(how.request, how.definitions()))


def _text(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


FORMATS: Final[Mapping[str, Callable[[Subject], str]]] = {
    "openapi": open_api,
    "json-schema": json_schema,
    "csv": csv_header,
    "sample": sample_call,
}
