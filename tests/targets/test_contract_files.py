"""The contract in the files of an artefact: a real SavedModel, MLmodel as MLflow wrote it, variables as sasctl did."""

import json
import shutil
import subprocess
import textwrap
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard.models.contract import Column, Contract
from modelyard.models.declared import Served
from modelyard.modelsfile.load import load_text
from modelyard.targets.workloads.contracts.files import of_files
from tests.conftest import CACHE, Run, need

HERE: Final = Path(__file__).parent
WELLS: Final = HERE / "wells" / "well-failure"
ARTEFACTS: Final = HERE / "artefacts"  # as sasctl 1.12.0 and MLflow 3.17.2 wrote them
MLFLOW: Final = CACHE / "mlflow-server-3.17.2" / "bin" / "python"


def _served(runtime: str, more: str = "") -> Served:
    text = f"{{name: a, image: 'r.io/a:1', runtime: {runtime}, {more}targets: {{deployment: {{}}}}}}"
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
    models = load_text(f"{head}  models: [{text}]\n".encode(), "models.yaml", Path()).models
    assert models
    return models.models[0].whole


SAS: Final = _served("scr")
CUSTOM: Final = _served("custom", "port: 8080, ")


def _read(path: Path, served: Served, **options: str) -> Contract:
    found, problems = of_files(path, served, **options)
    assert problems == []
    assert found
    return found


def _dump(columns: dict[str, Column]) -> dict[str, Any]:
    return {name: each.model_dump(exclude_defaults=True) for name, each in columns.items()}


def test_a_real_saved_model_says_its_signature() -> None:
    version = next(path.parent for path in sorted(WELLS.rglob("saved_model.pb")))
    served = _served("tensorflow", f"version: {version.name}, ")
    found = _read(WELLS, served)
    assert found.origin == "saved_model.pb"
    said = (HERE / "wells" / "show-default.txt").read_text("utf-8")
    for name in (*found.inputs, *found.outputs):
        assert f"['{name}'] tensor_info:" in said
    for column in (*found.inputs.values(), *found.outputs.values()):
        assert column.shape is not None
        shape = ", ".join(map(str, column.shape))
        assert f"shape: ({shape})" in said
        assert (column.required, column.nullable) == (True, False)
    assert found == _read(version, served)
    lacking, problems = of_files(WELLS, served, signature="nothing")
    assert lacking is None
    assert [(each.code, each.severity) for each in problems] == [("MY283", "warning")]
    assert "has no signature nothing; it has" in problems[0].message


def test_variables_of_sas_are_read_as_sasctl_writes_them() -> None:
    found = _read(ARTEFACTS / "sas", SAS)
    assert found.origin == "inputVar.json and outputVar.json"
    assert " ".join(found.inputs) == "CLAGE CLNO DEBTINC DELINQ DEROG JOB LOAN MORTDUE NINQ REASON VALUE YOJ"
    assert _dump({"JOB": found.inputs["JOB"], "LOAN": found.inputs["LOAN"]}) == {
        "JOB": {"type": "string", "nullable": True, "maxLength": 7},
        "LOAN": {"type": "number", "nullable": True},
    }
    assert _dump(found.outputs) == {
        "EM_CLASSIFICATION": {"type": "string", "nullable": True, "maxLength": 1},
        "P_BAD1": {"type": "number", "nullable": True},
        "P_BAD0": {"type": "number", "nullable": True},
    }


def test_columns_of_mlflow_are_read_as_it_writes_them() -> None:
    found = _read(ARTEFACTS / "mlflow-columns", CUSTOM)
    assert found.origin == "MLmodel"
    assert _dump(found.inputs) == {
        "LOAN": {"type": "number", "format": "double", "nullable": True},
        "JOB": {"type": "string", "required": False, "nullable": True},
        "N": {"type": "integer", "format": "int64"},
        "I": {"type": "integer", "format": "int32"},
        "F": {"type": "number", "format": "float", "nullable": True},
        "B": {"type": "boolean"},
        "D": {"type": "string", "format": "date-time-local", "nullable": True},
        "X": {"type": "string", "format": "byte"},
        "A": {"type": "array", "items": {"type": "number", "format": "double", "nullable": True}},
        "O": {
            "type": "object",
            "properties": {
                "q": {"type": "string", "nullable": True},
                "r": {"type": "integer", "format": "int64", "required": False},
            },
        },
        "MP": {"type": "object", "items": {"type": "number", "format": "double", "nullable": True}},
        "ANY": {"type": "any"},
    }
    assert _dump(found.outputs) == {"P_BAD": {"type": "number", "format": "double"}}


def test_tensors_of_mlflow_have_their_shape_and_the_unnamed_their_place() -> None:
    found = _read(ARTEFACTS / "mlflow-tensors", CUSTOM)
    assert _dump(found.inputs) == {"img": {"type": "number", "format": "float", "shape": [-1, 28, 28]}}
    assert _dump(found.outputs) == {"0": {"type": "number", "format": "float", "shape": [-1, 10]}}


def test_an_archive_is_looked_into(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        for name in ("inputVar.json", "outputVar.json"):
            archive.write(ARTEFACTS / "sas" / name, f"churn/{name}")
    assert _read(tmp_path / "model.zip", SAS) == _read(ARTEFACTS / "sas", SAS)


def test_what_runs_decides_which_of_two_descriptions_counts(tmp_path: Path) -> None:
    shutil.copytree(ARTEFACTS / "sas", tmp_path / "both")
    shutil.copy(ARTEFACTS / "mlflow-columns" / "MLmodel", tmp_path / "both")
    assert _read(tmp_path / "both", SAS).origin == "inputVar.json and outputVar.json"
    assert _read(tmp_path / "both", CUSTOM).origin == "MLmodel"


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, "there is no MLmodel, and no inputVar.json"),
        ({"inputVar.json": "[]"}, "beside inputVar.json there is no outputVar.json"),
        ({"inputVar.json": "[", "outputVar.json": "[]"}, "inputVar.json is not JSON"),
        ({"inputVar.json": "[1]", "outputVar.json": "[]"}, "inputVar.json is not a list of variables with names"),
        ({"inputVar.json": '[{"name": "A"}]', "outputVar.json": "[]"}, "outputVar.json names no outputs"),
        ({"inputVar.json": '[{"name": "A\\u0007"}]', "outputVar.json": '[{"name": "B"}]'}, "an unprintable name"),
        ({"MLmodel": "flavors: {}\n"}, "MLmodel has no signature"),
        ({"MLmodel": "signature: {inputs: '[', outputs: '[]'}\n"}, "MLmodel has inputs that are not JSON"),
        ({"MLmodel": "signature: {inputs: '{}', outputs: '[]'}\n"}, "MLmodel has inputs that are not a list"),
        ({"MLmodel": 'signature: {inputs: \'[{"type": "tensor"}]\'}\n'}, "MLmodel has a tensor without a shape"),
        ({"MLmodel": 'signature: {inputs: \'[{"type": "any"}]\'}\n'}, "MLmodel has a signature that takes anything"),
        ({"MLmodel": "signature: ["}, "MLmodel is not the YAML that MLflow writes"),
        ({"a/MLmodel": "", "b/MLmodel": ""}, "a/MLmodel and b/MLmodel are of two models"),
        ({"MLmodel": "signature: {inputs: '" + '[{"type":"array","items":' * 40 + "'}\n"}, "not JSON"),
    ],
)
def test_files_without_a_contract_are_said_and_no_error(files: dict[str, str], text: str, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    found, problems = of_files(tmp_path, SAS)
    assert found is None
    assert [(each.code, each.severity) for each in problems] == [("MY283", "warning")]
    assert text in problems[0].message


def test_messages_name_what_the_user_named_and_no_temporary_folder(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("model/notes.txt", "")
    for served in (SAS, _served("tensorflow", "modelName: a, ")):
        for shown in ("", "the artefact of mlflow:churn"):
            (found,) = of_files(archive, served, shown=shown)[1]
            assert (shown or str(archive)) in found.message
            assert "modelyard-" not in found.message + found.hint


def test_lists_in_lists_end_somewhere(tmp_path: Path) -> None:
    deep: dict[str, Any] = {"type": "double"}
    for _ in range(40):
        deep = {"type": "array", "items": deep}
    columns = json.dumps([{**deep, "name": "A"}])
    (tmp_path / "MLmodel").write_text(f"signature: {{inputs: '{columns}', outputs: '{columns}'}}\n", "utf-8")
    found, problems = of_files(tmp_path, CUSTOM)
    assert found is None
    assert "columns that are too deep" in problems[0].message


SAVED: Final = """
    import warnings; warnings.filterwarnings("ignore")
    import sys
    import pandas as pd
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    class Model(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return pd.DataFrame({"P_BAD": model_input["LOAN"] * 2 + 0.5})

    inputs = [ColSpec("double", "LOAN"), ColSpec("string", "JOB", required=False), ColSpec("long", "DELINQ")]
    signature = ModelSignature(Schema([*inputs, ColSpec("datetime", "SINCE")]), Schema([ColSpec("double", "P_BAD")]))
    mlflow.pyfunc.save_model(sys.argv[1], python_model=Model(), signature=signature)
"""
SERVED: Final = """
    import warnings; warnings.filterwarnings("ignore")
    import json, sys
    import mlflow.pyfunc
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc.scoring_server import invocations

    model = mlflow.pyfunc.load_model(sys.argv[1])
    answers = []
    for call in json.load(sys.stdin):
        try:
            answer = invocations(json.dumps(call), "application/json", model, model.metadata.get_input_schema())
            answers.append(json.loads(answer.response))
        except MlflowException as refused:
            answers.append({"refused": str(refused)})
    print(json.dumps(answers))
"""


@pytest.mark.slow
def test_mlflow_itself_takes_what_its_contract_says(modelyard: Run, tmp_path: Path) -> None:
    """Save a model by the real MLflow, pin it, and send the sample, and what the contract refuses, to its server."""
    python = need(MLFLOW, "`make tools` installs it")

    def mlflow(program: str, stdin: str = "") -> str:
        done = subprocess.run(
            [python, "-c", textwrap.dedent(program), str(tmp_path / "model")], input=stdin, text=True,
            capture_output=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    mlflow(SAVED)
    digest = "sha256:" + "a" * 64
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
    model = f"{{name: a, image: 'r.io/a@{digest}', runtime: custom, port: 8080, targets: {{deployment: {{}}}}}}"
    (tmp_path / "models.yaml").write_text(f"{head}  models: [{model}]\n", "utf-8")
    pinned = modelyard("lock", "a", "--files", tmp_path / "model", "-f", tmp_path)
    assert "a has 4 inputs and 1 output, by MLmodel" in pinned.stdout
    found = _read(tmp_path / "model", CUSTOM)
    nullable = {name for name, each in found.inputs.items() if each.nullable}
    optional = {name for name, each in found.inputs.items() if not each.required}
    assert nullable == {"LOAN", "JOB", "SINCE"}
    sample = json.loads(modelyard("contract", "a", "-o", "sample", "-f", tmp_path).stdout)
    (row,) = sample["dataframe_records"]
    calls = [sample]
    calls += [{"dataframe_records": [{**row, name: None}]} for name in ("LOAN", "JOB", "SINCE", "DELINQ")]
    calls += [{"dataframe_records": [{key: row[key] for key in row if key != name}]} for name in row]
    calls += [{"dataframe_records": [{**row, "MORE": 1}]}, {"dataframe_records": [{**row, "DELINQ": "x"}]}]
    answers = json.loads(mlflow(SERVED, json.dumps(calls)))
    assert answers[0] == {"predictions": [{"P_BAD": row["LOAN"] * 2 + 0.5}]}
    refused = ["refused" in each for each in answers]
    assert refused[1:5] == [False, False, False, True]
    assert refused[5 : 5 + len(row)] == [name not in optional for name in row]
    assert refused[-2:] == [False, True]
