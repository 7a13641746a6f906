"""What is written for callers: OpenAPI that validates, and a sample that is valid by the schema, for each runtime."""

import csv
import json
from typing import Any, Final, get_args

import pytest
from jsonschema_rs import Draft202012Validator, meta
from openapi_spec_validator import OpenAPIV31SpecValidator

from modelyard.models.contract import Column, ColumnType, Contract
from modelyard.targets.workloads.contracts.documents import FORMATS, Subject
from modelyard.targets.workloads.contracts.schemas import of_column, sample

Columns = dict[str, Column]
ROW: Final[Columns] = {
    "LOAN": Column(type="number", nullable=True),
    "JOB": Column(type="string", nullable=True, maxLength=3),
    "YOJ": Column(type="integer", required=False, format="int32"),
    "OWNER": Column(type="boolean"),
    "GRID": Column(type="array", items=Column(type="object", properties={"a": Column(type="number")})),
    "na,me\"'": Column(type="any"),
}
SCORES: Final[Columns] = {"P_BAD": Column(type="number", nullable=True), "I_BAD": Column(type="string")}
TENSORS: Final[Columns] = {
    "x": Column(type="number", format="float", shape=[-1, 1]),
    "image_bytes": Column(type="string", format="byte", shape=[-1]),
    "grid": Column(type="integer", format="int64", shape=[-1, 2, -1]),
    "odd": Column(type="number"),
}
ONE: Final[Columns] = {"x": Column(type="number", format="float", shape=[-1, 3])}
UNNAMED: Final[Columns] = {"0": Column(type="number", format="double", shape=[-1, 2])}
SUBJECTS: Final = {
    "scr": ("scr", "/churn", "inputVar.json and outputVar.json", ROW, SCORES),
    "pcr": ("pcr", "/churn", "the running model", ROW, SCORES),
    "tensorflow": ("tensorflow", "/v1/models/churn", "saved_model.pb", TENSORS, {**ONE, "y": ONE["x"]}),
    "tensorflow-one": ("tensorflow", "/v1/models/churn", "saved_model.pb", ONE, ONE),
    "mlflow": ("custom", "/churn", "MLmodel", ROW, SCORES),
    "mlflow-behind": ("custom", "/churn/invocations", "MLmodel", ROW, UNNAMED),
    "mlflow-tensors": ("custom", "/churn", "MLmodel", {"img": TENSORS["grid"]}, UNNAMED),
    "mlflow-unnamed": ("custom", "/churn", "MLmodel", UNNAMED, UNNAMED),
    "custom": ("custom", "/churn", "the running model", ROW, SCORES),
}
PATHS: Final = {
    "scr": {"/churn": "post", "/churn/apiMeta/api": "get"},
    "tensorflow": {"/v1/models/churn:predict": "post", "/v1/models/churn": "get", "/v1/models/churn/metadata": "get"},
    "mlflow": {"/invocations": "post", "/ping": "get", "/version": "get"},
    "mlflow-behind": {"/churn/invocations": "post", "/ping": "get", "/version": "get"},
    "custom": {},
}


def _written(name: str, form: str, *, signature: str | None = None) -> str:
    runtime, path, origin, inputs, outputs = SUBJECTS[name]
    contract = Contract(origin=origin, signature=signature, inputs=inputs, outputs=outputs)
    return FORMATS[form](Subject("churn", "sha256:1", runtime, path, "https://models.example.com", contract))


def _json(name: str, form: str, **options: str) -> Any:
    return json.loads(_written(name, form, **options))


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_open_api_validates(name: str) -> None:
    document = _json(name, "openapi")
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": "https://models.example.com"}]
    assert {*document["components"]["schemas"]} == {"Inputs", "Outputs", "ScoreRequest", "ScoreResponse"}
    if name in PATHS:
        assert {path: next(iter(each)) for path, each in document["paths"].items()} == PATHS[name]


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_sample_is_valid_by_the_schema_and_by_the_open_api(name: str) -> None:
    schema, call = _json(name, "json-schema"), _json(name, "sample")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    meta.validate(schema)
    assert list(Draft202012Validator(schema).iter_errors(call)) == []
    document = _json(name, "openapi")
    wrapped = {"$ref": "#/components/schemas/ScoreRequest", "components": document["components"]}
    assert list(Draft202012Validator(wrapped).iter_errors(call)) == []


def test_the_schema_refuses_what_the_contract_does() -> None:
    schema, call = Draft202012Validator(_json("scr", "json-schema")), _json("scr", "sample")
    assert call["data"]["JOB"] == "tex"
    for name, wrong in (("LOAN", "1"), ("JOB", "four"), ("YOJ", 1.5), ("OWNER", None), ("GRID", [1])):
        assert not schema.is_valid({"data": {**call["data"], name: wrong}})
    for name in ROW:
        less = {key: value for key, value in call["data"].items() if key != name}
        assert schema.is_valid({"data": less}) is (name == "YOJ")
    assert schema.is_valid({"data": {**call["data"], "LOAN": None}})
    grid = Draft202012Validator(_json("tensorflow", "json-schema"))
    row = _json("tensorflow", "sample")["instances"][0]
    assert row["image_bytes"] == {"b64": "AA=="}
    assert not grid.is_valid({"instances": [{**row, "grid": [[1]]}]})
    assert grid.is_valid({"instances": [{**row, "grid": [[1], [2, 3]]}]})


def test_a_signature_is_named_in_each_call() -> None:
    call = _json("tensorflow-one", "sample", signature="scored")
    assert call == {"signature_name": "scored", "instances": [[1.5, 1.5, 1.5]]}
    schema = Draft202012Validator(_json("tensorflow-one", "json-schema", signature="scored"))
    assert schema.is_valid(call)
    assert not schema.is_valid({**call, "signature_name": "other"})
    assert not schema.is_valid({"instances": call["instances"]})


def test_rows_of_a_runtime_have_its_form() -> None:
    assert [*_json("mlflow", "sample")] == ["dataframe_records"]
    assert _json("mlflow-tensors", "sample") == {"inputs": {"img": [[[1], [1]]]}}
    assert _json("mlflow-unnamed", "sample") == {"inputs": [[1.5, 1.5]]}
    assert _json("pcr", "sample")["data"]["LOAN"] == [1.5]
    assert _json("custom", "sample")["LOAN"] == 1.5


def test_the_header_is_that_of_a_table() -> None:
    text = _written("scr", "csv")
    assert next(csv.reader([text])) == [*ROW]
    assert text.count("\n") == 1


@pytest.mark.parametrize("kind", get_args(ColumnType))
@pytest.mark.parametrize("form", [None, "byte", "date-time-local"])
def test_each_type_has_a_sample(kind: ColumnType, form: str | None) -> None:
    schema = of_column(Column(type=kind, format=form))
    assert Draft202012Validator(schema).is_valid(sample(schema, {}))
