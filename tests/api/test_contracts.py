"""Contracts in the lock: pinned from files and from models as they run, moved on with care, and used by score."""

import json
import os
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import pytest
import yaml

from modelyard.api import locking
from modelyard.api.contracts import Origins, learner
from modelyard.api.scoring import Options, Route, score
from modelyard.problems import has_errors
from tests.conftest import CACHE, need
from tests.support.model_server import Server, running

Command = Callable[..., CompletedProcess[str]]
ONE, TWO, THREE = (f"sha256:{letter * 64}" for letter in "abc")
HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  models:\n"
CLIENT: Final = CACHE / "openapi-python-client-0.29.1" / "bin"
SECRET: Final = "planted-hunter2"  # noqa: S105 - it must be found nowhere


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server of all three runtimes."""
    with running(Server()) as one:
        yield one


def _model(digest: str = ONE, more: str = "") -> str:
    image = f"r.example.com/ab@{digest}"
    return f"    - {{name: a, image: '{image}', path: /credit_risk, {more}targets: {{deployment: {{}}}}}}\n"


def _write(folder: Path, models: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "models.yaml").write_text(HEAD + models, "utf-8")
    return folder


def _variables(folder: Path, inputs: str, outputs: str) -> Path:
    """Write the variables of a model of SAS: a text where its name is followed by $, a number else."""
    folder.mkdir(exist_ok=True)
    for name, columns in (("inputVar.json", inputs), ("outputVar.json", outputs)):
        kinds = {each.rstrip("$"): "string" if each.endswith("$") else "decimal" for each in columns.split()}
        entries = [{"name": key, "type": kind, "length": 8} for key, kind in kinds.items()]
        (folder / name).write_text(json.dumps(entries), "utf-8")
    return folder


def _lock(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "models.lock.yaml").read_text("utf-8"))
    return found


def _pin(folder: Path, files: Path, **names: str) -> tuple[str, ...]:
    learn = learner(folder, Origins(files=files))
    outcome = locking.lock(folder, ["a"], learn=learn, again=True, **names)  # type: ignore[arg-type]
    assert not has_errors(outcome.problems)
    return outcome.told


def test_a_contract_is_pinned_from_files_and_stays(modelyard: Command, tmp_path: Path) -> None:
    folder = _write(tmp_path / "a", _model())
    files = _variables(tmp_path / "files", "LOAN JOB$", "P_BAD")
    done = modelyard("lock", "a", "--files", files, "-f", folder)
    assert (done.returncode, done.stdout) == (0, "a has 2 inputs and 1 output, by inputVar.json and outputVar.json\n")
    assert "0 images, 1 contract" in done.stderr
    kinds = {"LOAN": {"type": "number", "nullable": True}, "JOB": {"type": "string", "nullable": True, "maxLength": 8}}
    contract = {"from": "inputVar.json and outputVar.json", "inputs": kinds, "outputs": {"P_BAD": kinds["LOAN"]}}
    assert _lock(folder)["contracts"] == {"a": {"pinned": ONE, "served": ONE, "images": {ONE: contract}}}
    before = (folder / "models.lock.yaml").read_bytes()
    again = modelyard("lock", "-f", folder)
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing has changed" in again.stderr
    assert "no contract" not in again.stderr
    assert (folder / "models.lock.yaml").read_bytes() == before
    assert modelyard("lock", "--check", "-f", folder).returncode == 0
    assert modelyard("check", "-f", folder).stderr.startswith(f"{folder}/models.yaml: no problems")


def test_what_has_no_contract_is_said_and_locked_all_the_same(modelyard: Command, tmp_path: Path) -> None:
    folder = _write(tmp_path / "a", _model())
    done = modelyard("lock", "-f", folder)
    assert done.returncode == 0
    assert (
        "no contract of a: source: in the models file, --files DIR, --running, --url or --try gives it" in done.stderr
    )
    empty = modelyard("lock", "a", "--files", tmp_path, "-f", folder)
    assert empty.returncode == 0
    assert "warning: a: " in empty.stderr
    assert "[MY283]" in empty.stderr
    asked = modelyard("lock", "a", "--url", "http://127.0.0.1:1/a", "-f", folder)
    assert asked.returncode == 0
    assert "warning: a: GET http://127.0.0.1:1/a/apiMeta/api: cannot connect" in asked.stderr
    found = modelyard("lock", "--running", "-f", folder)
    assert found.returncode == 0
    assert "[MY283]" in found.stderr
    assert _lock(folder) == {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ImageLock", "images": {}}


def test_a_running_model_says_its_contract(
    modelyard: Command, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = _write(tmp_path / "a", _model())
    monkeypatch.setenv("MODELYARD_TOKEN", SECRET)
    done = modelyard("lock", "a", "--url", server.url(), "-f", folder)
    assert (done.returncode, done.stdout) == (0, "a has 3 inputs and 2 outputs, by the running model\n")
    assert f"Authorization: Bearer {SECRET}" in server.requests[-1]
    text = (folder / "models.lock.yaml").read_text("utf-8")
    assert SECRET not in text + done.stdout + done.stderr
    found = _lock(folder)["contracts"]["a"]["images"][ONE]
    assert found["inputs"]["LOAN"] == {"type": "number", "nullable": True}
    assert [*found["outputs"]] == ["P_BAD", "I_BAD"]


def test_models_that_run_are_found_as_score_finds_them(server: Server, tmp_path: Path) -> None:
    host = "{ingress: {host: models.example.com}}"
    models = (
        f"    - {{name: a, image: 'r.example.com/ab@{ONE}', path: /credit_risk, targets: {{deployment: {host}}}}}\n"
    )
    models += f"    - {{name: b, image: 'r.example.com/b@{TWO}', path: /nothing, targets: {{deployment: {host}}}}}\n"
    folder = _write(tmp_path / "a", models)
    learn = learner(folder, Origins(running=True, route=Route(ingress=f"127.0.0.1:{server.port}")))
    outcome = locking.lock(folder, learn=learn)
    assert outcome.told == ("a has 3 inputs and 2 outputs, by the running model",)
    assert outcome.lacking == ("b",)
    assert [(each.code, "404" in each.message) for each in outcome.problems] == [("MY283", True)]


@pytest.mark.parametrize("runtime", ["pcr", "tensorflow"])
def test_each_runtime_says_its_contract(runtime: str, modelyard: Command, server: Server, tmp_path: Path) -> None:
    more = "runtime: pcr, " if runtime == "pcr" else "runtime: tensorflow, version: 1, "
    model = f"    - {{name: churn, image: 'r.example.com/ab@{ONE}', {more}targets: {{deployment: {{}}}}}}\n"
    folder = _write(tmp_path / "a", model)
    url = server.url("/pcr" if runtime == "pcr" else "/v1/models/churn")
    assert modelyard("lock", "churn", "--url", url, "-f", folder).returncode == 0
    found = _lock(folder)["contracts"]["churn"]["images"][ONE]
    tensor = {"type": "number", "format": "float", "shape": [-1, 1]}
    assert found["inputs"]["LOAN"] == (tensor if runtime == "tensorflow" else {"type": "number", "nullable": True})
    named = modelyard("lock", "churn", "--url", url, "--signature", "doubled", "-f", folder)
    if runtime == "tensorflow":
        assert _lock(folder)["contracts"]["churn"]["images"][ONE]["signature"] == "doubled"
        assert named.returncode == 0


def test_a_new_image_is_held_against_what_callers_rely_on(modelyard: Command, tmp_path: Path) -> None:
    folder = _write(tmp_path / "a", _model())
    _pin(folder, _variables(tmp_path / "one", "LOAN JOB$", "P_BAD"))
    _write(folder, _model(TWO))
    stale = modelyard("check", "-f", folder)
    assert stale.returncode == 0
    assert f"the contract of a is that of another image, {ONE[:19]}… [MY282]" in stale.stderr
    told = _pin(folder, _variables(tmp_path / "two", "LOAN AGE", "P_BAD P_GOOD"))
    assert told == (
        "a has 2 inputs and 2 outputs, by inputVar.json and outputVar.json",
        "  the input JOB is gone; it was string of at most 8 characters, which breaks callers",
        "  the required input AGE is new; it is number, which breaks callers",
        "  the output P_GOOD is new; it is number",
    )
    assert (_lock(folder)["contracts"]["a"]["pinned"], _lock(folder)["contracts"]["a"]["served"]) == (ONE, TWO)
    refused = modelyard("check", "-f", folder)
    assert refused.returncode == 1
    assert refused.stderr.count("[MY281]") == 2
    assert "a: the input JOB is gone; it was string of at most 8 characters" in refused.stderr


def test_what_was_allowed_is_relied_on_once_another_image_comes(tmp_path: Path) -> None:
    allowed = "allowContractChange: nobody sends a JOB, "
    folder = _write(tmp_path / "a", _model())
    _pin(folder, _variables(tmp_path / "one", "LOAN JOB$", "P_BAD"))
    _write(folder, _model(TWO, allowed))
    for _ in range(2):  # a second lock changes nothing
        _pin(folder, _variables(tmp_path / "two", "LOAN", "P_BAD"))
        assert _lock(folder)["contracts"]["a"]["pinned"] == ONE
    _write(folder, _model(THREE, allowed))
    assert _pin(folder, tmp_path / "two") == ("a has 1 input and 1 output, by inputVar.json and outputVar.json",)
    found = _lock(folder)["contracts"]["a"]
    assert (found["pinned"], [*found["images"]]) == (THREE, [THREE])


def test_what_breaks_callers_is_never_relied_on_without_a_reason(tmp_path: Path) -> None:
    folder = _write(tmp_path / "a", _model())
    _pin(folder, _variables(tmp_path / "one", "LOAN JOB$", "P_BAD"))
    for digest in (TWO, THREE):
        _write(folder, _model(digest))
        _pin(folder, _variables(tmp_path / "two", "LOAN", "P_BAD"))
        found = _lock(folder)["contracts"]["a"]
        assert (found["pinned"], {*found["images"]}) == (ONE, {ONE, digest})


def test_what_fits_is_relied_on_when_no_variant_runs_the_old_image(tmp_path: Path) -> None:
    """Each variant's files are found by its own source."""

    def split(champion: str, challenger: str) -> str:
        images = {"champion": champion, "challenger": challenger}
        variants = ", ".join(
            f"{{name: {name}, image: 'r.example.com/ab@{image}', percent: 50, source: {{path: ./{image[7]}}}}}"
            for name, image in images.items()
        )
        return f"    - {{name: a, path: /a, variants: [{variants}], targets: {{knative: {{}}}}}}\n"

    folder = tmp_path / "a"
    folder.mkdir()
    _variables(folder / ONE[7], "LOAN", "P_BAD")
    _variables(folder / TWO[7], "LOAN", "P_BAD P_GOOD")

    def pin(models: str) -> str:
        learn = learner(_write(folder, models), Origins(sources=True))
        assert not has_errors(locking.lock(folder, learn=learn).problems)
        return str(_lock(folder)["contracts"]["a"]["pinned"])

    assert pin(split(ONE, TWO)) == ONE
    assert pin(split(TWO, ONE)) == ONE  # rolling back must break nobody
    assert pin(split(TWO, TWO)) == TWO


def test_a_source_without_a_version_says_nothing_of_the_image_that_is_locked(
    modelyard: Command, tmp_path: Path
) -> None:
    folder = _write(tmp_path / "a", _model(more="source: {mlflow: {model: a, alias: champion}}, "))
    done = modelyard("lock", "-f", folder, env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"})
    assert done.returncode == 0
    assert "warning: a: mlflow:a names no version, and the champion of today may be another one" in done.stderr
    assert "contracts" not in _lock(folder)


def test_lock_finds_the_files_of_a_source_by_itself(modelyard: Command, tmp_path: Path) -> None:
    folder = _write(tmp_path / "a", _model(more="source: {path: ./export}, "))
    lacking = modelyard("lock", "-f", folder)
    assert lacking.returncode == 0
    assert "[MY283]" in lacking.stderr
    _variables(folder / "export", "LOAN JOB$", "P_BAD")
    done = modelyard("lock", "-f", folder)
    assert done.stdout == "a has 2 inputs and 1 output, by inputVar.json and outputVar.json\n"
    _variables(folder / "export", "LOAN", "P_BAD")
    assert "nothing has changed" in modelyard("lock", "-f", folder).stderr  # of this image it is known
    outside = _write(tmp_path / "b", _model(more="source: {path: ../a/export}, "))
    (tmp_path / "b" / ".git").mkdir()
    refused = modelyard("lock", "-f", outside)
    assert "MY283" in refused.stderr
    assert "contracts" not in _lock(outside)


def test_only_what_is_named_is_pinned_and_what_is_gone_goes(modelyard: Command, server: Server, tmp_path: Path) -> None:
    other = _model(TWO).replace("name: a,", "name: b,")
    folder = _write(tmp_path / "a", _model() + other)
    for name in ("a", "b"):
        assert modelyard("lock", name, "--url", server.url(), "-f", folder).returncode == 0
    assert {*_lock(folder)["contracts"]} == {"a", "b"}
    _write(folder, other)
    assert modelyard("lock", "b", "-f", folder).returncode == 0
    assert {*_lock(folder)["contracts"]} == {"a", "b"}
    assert modelyard("lock", "-f", folder).returncode == 0
    assert {*_lock(folder)["contracts"]} == {"b"}


def test_an_image_without_a_digest_has_no_contract(tmp_path: Path) -> None:
    image = "image: 'image-registry.openshift-image-registry.svc:5000/p/a:1'"
    target = "{openshift: {buildConfig: true, imageStream: true}}"
    model = f"    - {{name: a, {image}, path: /credit_risk, targets: {target}}}\n"
    folder = _write(tmp_path / "a", model)
    learn = learner(folder, Origins(running=True))
    outcome = locking.lock(folder, ["a"], learn=learn, ask=lambda _: ({}, []))
    assert "a has an image without a digest" in [each.message for each in outcome.problems]


def test_a_lock_that_no_command_could_read_is_not_written(tmp_path: Path) -> None:
    folder = _write(tmp_path / "a", _model())
    _pin(folder, _variables(tmp_path / "one", "LOAN", "P_BAD"))
    before = (folder / "models.lock.yaml").read_bytes()
    files = _variables(tmp_path / "many", "LOAN", "P_BAD " + "x" * 200)
    names = [{"name": f"{i:05}{'x' * 200}\u00e4", "type": "string"} for i in range(20_000)]
    for name in ("inputVar.json", "outputVar.json"):
        (files / name).write_text(json.dumps(names), "utf-8")
    models = _model().replace("name: a,", "name: b,").replace(ONE, TWO)
    _write(folder, _model() + "".join(models.replace("name: b,", f"name: b{i},") for i in range(3)))
    outcome = locking.lock(folder, learn=learner(folder, Origins(files=files)))
    assert has_errors(outcome.problems)
    assert (folder / "models.lock.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--files", "."), "--files is about one model: name it"),
        (("--url", "http://x"), "--url is about one model: name it"),
        (("a", "--files", ".", "--url", "http://x"), "does not go with"),
        (("a", "--files", "./nothing"), "does not exist"),
        (("a", "--variant", "b"), "--variant and --signature need"),
        (("--running", "--variant", "b"), "--variant is about one model: name it"),
        (("a", "--files", ".", "--header", "A: b"), "need --running or --url"),
        (("a", "-n", "models"), "has an effect only with --running"),
        (("--check", "--running"), "does not go with"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(
    words: tuple[str, ...], said: str, modelyard: Command, tmp_path: Path
) -> None:
    done = modelyard("lock", *words, "-f", _write(tmp_path / "a", _model()), env={"COLUMNS": "200"})
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "a" / "models.lock.yaml").exists()


def test_variants_of_two_images_need_a_name(modelyard: Command, tmp_path: Path) -> None:
    images = (("one", ONE), ("two", TWO))
    variants = ", ".join(f"{{name: {name}, image: 'r.example.com/ab@{each}', percent: 50}}" for name, each in images)
    model = f"    - {{name: a, path: /a, variants: [{variants}], targets: {{knative: {{}}}}}}\n"
    folder, files = _write(tmp_path / "a", model), _variables(tmp_path / "files", "A", "B")
    refused = modelyard("lock", "a", "--files", files, "-f", folder)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "a has variants: name one with --variant" in refused.stderr
    done = modelyard("lock", "a", "--files", files, "--variant", "two", "-f", folder)
    assert done.stdout.startswith("two of a has 1 input and 1 output")
    assert {*_lock(folder)["contracts"]["a"]["images"]} == {TWO}
    lacking = modelyard("contract", "a", "-o", "csv", "--variant", "one", "-f", folder)
    assert (lacking.returncode, lacking.stdout) == (1, "")
    assert "the lock has no contract of one of a [MY284]" in lacking.stderr
    assert modelyard("contract", "a", "-o", "csv", "--variant", "two", "-f", folder).stdout == "A\n"


def test_the_contract_of_what_has_none_is_refused(modelyard: Command, tmp_path: Path) -> None:
    folder = _write(tmp_path / "a", _model())
    done = modelyard("contract", "a", "-o", "openapi", "-f", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the lock has no contract of a [MY284]" in done.stderr
    assert modelyard("contract", "b", "-o", "openapi", "-f", folder).returncode == 1
    wrong = modelyard("contract", "a", "-o", "yaml", "-f", folder)
    assert wrong.returncode == 2
    assert "-o is one of openapi, json-schema, csv, sample" in wrong.stderr


def test_the_document_says_host_and_path_of_the_models_file(modelyard: Command, server: Server, tmp_path: Path) -> None:
    model = _model().replace(
        "deployment: {}", "deployment: {ingress: {host: models.example.com, tls: {secretName: t}}}"
    )
    folder = _write(tmp_path / "a", model)
    assert modelyard("lock", "a", "--url", server.url(), "-f", folder).returncode == 0
    found = json.loads(modelyard("contract", "a", "-o", "openapi", "-f", folder).stdout)
    assert found["servers"] == [{"url": "https://models.example.com"}]
    assert [*found["paths"]] == ["/credit_risk", "/credit_risk/apiMeta/api"]
    assert found["info"] == {"title": "a", "version": ONE}


@pytest.mark.parametrize(
    ("table", "options", "code", "text"),
    [
        ("LOAN,VALU,JOB\n1,2,x\n", {}, "MY804", "has no column VALUE (number), nearest is VALU"),
        ("LOAN,VALUE,JOB\n1,x,x\n2,y,x\n", {}, "MY806", "column VALUE: 'x' is not a number"),
        ("LOAN,VALUE,JOB\n1,2,x\n2,y,x\n", {"on_error": "stop"}, "MY806", "column VALUE: 'y' is not a number"),
    ],
)
def test_score_holds_a_table_against_the_lock_before_the_first_call(
    table: str, options: dict[str, Any], code: str, text: str, server: Server, tmp_path: Path
) -> None:
    folder = _write(tmp_path / "a", _model())
    learn = learner(folder, Origins(running=True, route=Route(url=server.url())))
    assert locking.lock(folder, ["a"], learn=learn).told
    server.requests.clear()
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(table, "utf-8")
    route = Route(url=server.url())
    done = score("a", source, output, file=folder, route=route, options=Options(**options))
    assert {each.code for each in done.problems} == {code}
    assert text in done.problems[0].message
    assert server.requests == []
    assert not output.exists()
    source.write_text("LOAN,VALUE,JOB\n1,2,x\n2,y,x\n", "utf-8")
    assert [each.code for each in score("a", source, output, file=folder, route=route).problems] == ["MY808"]


def test_score_asks_the_model_all_the_same(server: Server, tmp_path: Path) -> None:
    """What runs now may take something else than what is locked."""
    folder = _write(tmp_path / "a", _model())
    _pin(folder, _variables(tmp_path / "files", "LOAN", "P_BAD"))
    source = tmp_path / "in.csv"
    source.write_text("LOAN\n1\n", "utf-8")
    done = score("a", source, tmp_path / "out.csv", file=folder, route=Route(url=server.url()))
    assert {each.code for each in done.problems} == {"MY804"}
    assert len(server.requests) == 1


CALL: Final = """
    import json, sys
    from pathlib import Path
    from client import Client
    from client.api.default import score
    from client.models.score_request import ScoreRequest

    with Client(base_url=sys.argv[1], raise_on_unexpected_status=True) as client:
        for row in json.load(sys.stdin):
            answer = score.sync(client=client, body=ScoreRequest.from_dict(row))
            print(json.dumps(answer.to_dict()))
"""
ROWS: Final = [{"LOAN": 1000.0, "VALUE": 2.0, "JOB": "Mgr"}, {"LOAN": 2.5, "VALUE": 1.0, "JOB": "Other"}]


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["scr", "pcr", "tensorflow"])
def test_a_client_that_is_generated_from_the_document_calls_the_model(
    runtime: str, modelyard: Command, server: Server, tmp_path: Path
) -> None:
    """openapi-python-client makes a client, which scores rows and reads the right answers."""
    program = need(CLIENT / "openapi-python-client", "`make tools` installs it")
    path = {"scr": "/credit_risk", "pcr": "/pcr", "tensorflow": "/v1/models/churn"}[runtime]
    own = "version: 1, " if runtime == "tensorflow" else f"path: {path}, "
    own = f"runtime: {runtime}, {own}"
    model = f"    - {{name: churn, image: 'r.example.com/ab@{ONE}', {own}targets: {{deployment: {{}}}}}}\n"
    folder = _write(tmp_path / "a", model)
    assert modelyard("lock", "churn", "--url", server.url(path), "-f", folder).returncode == 0
    document = tmp_path / "openapi.json"
    document.write_text(modelyard("contract", "churn", "-o", "openapi", "-f", folder).stdout, "utf-8")
    words = [
        str(program),
        "generate",
        "--path",
        str(document),
        "--meta",
        "none",
        "--output-path",
        str(tmp_path / "client"),
    ]
    made = subprocess.run(
        [*words, "--fail-on-warning"], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PATH": f"{CLIENT}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    if runtime == "tensorflow":
        tensors = [{name: [row[name]] for name in ("LOAN", "VALUE")} for row in ROWS]
        calls: list[dict[str, Any]] = [{"instances": [each]} for each in tensors]
    else:
        calls = [{"data": {key: [value] for key, value in row.items()} if runtime == "pcr" else row} for row in ROWS]
    done = subprocess.run(
        [CLIENT / "python", "-c", textwrap.dedent(CALL), server.url("")], input=json.dumps(calls), text=True,
        capture_output=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    wanted: list[Any] = [2000.5, 5.5]
    if runtime == "tensorflow":
        assert [each["predictions"] for each in answers] == [[[score]] for score in wanted]
    else:
        assert [each["data"]["P_BAD"] for each in answers] == [[one] if runtime == "pcr" else one for one in wanted]
    assert server.calls == {1000.0: 1, 2.5: 1}
