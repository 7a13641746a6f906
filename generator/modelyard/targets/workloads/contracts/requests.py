"""How a model is called: its paths, and the schemas of what goes there and comes back, by the server that runs it.

Sources: SAS Container Runtime and SAS Python Container Runtime as `modelyard.score.bodies` has them;
tensorflow/serving, g3doc/api_rest.md (row format); mlflow/mlflow 3.17.2, mlflow/pyfunc/scoring_server/__init__.py
(/invocations, /ping, /version; dataframe_records, inputs).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from modelyard.manifests.names import TENSORFLOW_PATH
from modelyard.models.contract import Column, Contract
from modelyard.targets.workloads.contracts import mlmodel
from modelyard.targets.workloads.contracts.schemas import Schema, of_column, of_columns, of_row, of_tensor

INVOCATIONS: Final = "/invocations"
_ANY: Final[Schema] = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Called:
    """How a model is called. path: empty where nobody knows it. more: paths to get -> what they say.

    inputs, outputs, request, response: schemas, of which the last two refer to the first as `Inputs` and `Outputs`.
    """

    path: str
    inputs: Schema
    outputs: Schema
    request: Schema
    response: Schema
    more: Mapping[str, str] = field(default_factory=dict)

    def definitions(self) -> dict[str, Schema]:
        """Return the schemas by their names."""
        return {
            "Inputs": self.inputs,
            "Outputs": self.outputs,
            "ScoreRequest": self.request,  # a mere Request or Response is a class of what generates clients
            "ScoreResponse": self.response,
        }


def called(contract: Contract, runtime: str, path: str, refs: str) -> Called:
    """Return how a model is called. path: of the model; refs: what stands before the name of a schema."""
    inputs, outputs = {"$ref": f"{refs}Inputs"}, {"$ref": f"{refs}Outputs"}
    if runtime == "tensorflow":
        return _tensorflow(contract, path, inputs, outputs)
    if runtime == "custom" and contract.origin == mlmodel.FILE:
        return _mlflow(contract, path, inputs, outputs)
    takes, gives = of_row(contract.inputs), of_row(contract.outputs)
    if runtime == "pcr":
        columns = of_columns(contract.outputs)
        response = _data({"oneOf": [columns, {"type": "array", "items": outputs}]})
        return Called(path, of_columns(contract.inputs), gives, _data(inputs), response, _describes(path))
    if runtime == "custom":
        return Called("", takes, gives, inputs, outputs)
    response = _data(outputs, version={"type": "integer"}, metadata=_ANY)
    return Called(path, takes, gives, _data(inputs), response, _describes(path))


def _describes(path: str) -> dict[str, str]:
    return {f"{path}/apiMeta/api": "What the model says of itself."}


def _data(schema: Schema, **more: Schema) -> Schema:
    return {"type": "object", "properties": {**more, "data": schema}, "required": ["data"]}


def _tensorflow(contract: Contract, path: str, inputs: Schema, outputs: Schema) -> Called:
    """Return the row format: with a single tensor its value stands for the row."""
    rows = {"instances": {"type": "array", "items": inputs}}
    named = {"signature_name": {"const": contract.signature}} if contract.signature else {}
    request = {"type": "object", "properties": {**named, **rows}, "required": [*named, *rows]}
    answers = {"predictions": {"type": "array", "items": outputs}}
    response = {"type": "object", "properties": answers, "required": [*answers]}
    takes, gives = _tensors(contract.inputs), _tensors(contract.outputs)
    model = path if TENSORFLOW_PATH in path else ""
    more = {model: "The state of the model's versions.", f"{model}/metadata": "The signatures of the model."}
    return Called(f"{model}:predict", takes, gives, request, response, more)


def _tensors(columns: Mapping[str, Column]) -> Schema:
    if len(columns) == 1:
        return of_column(next(iter(columns.values())), tensors=True)
    return of_row(columns, tensors=True)


def _mlflow(contract: Contract, path: str, inputs: Schema, outputs: Schema) -> Called:
    """Return what MLflow's own server takes: records of a table, or whole tensors by name."""
    if all(each.shape is not None for each in contract.inputs.values()):
        tensors = {name: of_tensor(each) for name, each in contract.inputs.items()}
        unnamed = [*tensors] == ["0"]
        takes = tensors["0"] if unnamed else {"type": "object", "properties": tensors, "required": [*tensors]}
        request = {"type": "object", "properties": {"inputs": inputs}, "required": ["inputs"]}
    else:
        takes, records = of_row(contract.inputs), {"type": "array", "items": inputs}
        request = {"type": "object", "properties": {"dataframe_records": records}, "required": ["dataframe_records"]}
    only = contract.outputs.get("0") if len(contract.outputs) == 1 else None
    gives = of_column(only) if only else of_row(contract.outputs)
    predictions = {"predictions": {"type": "array", "items": outputs}}
    response = {"type": "object", "properties": predictions, "required": [*predictions]}
    where = path if path.endswith(INVOCATIONS) else INVOCATIONS
    more = {"/ping": "Answers when the model can score.", "/version": "The version of MLflow."}
    return Called(where, takes, gives, request, response, more)
