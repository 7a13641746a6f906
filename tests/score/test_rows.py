"""Scoring: each row gets its own scores, whatever the runtime, and mistakes are named before anything is sent."""

import asyncio
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from modelyard import api
from modelyard.api.scoring import Connection, Options, Route, Scored, score
from modelyard.problems import Place
from modelyard.score import cells
from modelyard.score import contract as contracts
from tests.conftest import Run
from tests.support.model_server import REFUSED, Server, answer, running
from tests.support.score_tables import HEADER, OUTPUTS, QUICK, beside, errors, expected, read, rows, table


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


@pytest.fixture(autouse=True)
def no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test reach the cluster of whoever runs it."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def _codes(scored: Scored) -> list[str]:
    return [each.code for each in scored.problems]


def test_each_row_gets_its_scores_in_order(server: Server, tmp_path: Path) -> None:
    async def uneven(_server: Server, _writer: object, number: int) -> bool:
        await asyncio.sleep(random.Random(number).random() / 100)  # noqa: S311 - not for security
        return False

    server.fault = uneven
    body = rows(300)
    done = score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.csv")
    assert done.problems == []
    assert read(tmp_path / "out.csv") == expected(body)
    assert server.most > 4
    assert server.calls.total() == len(server.calls) == 300
    assert beside(tmp_path / "out.csv") == []


@pytest.mark.parametrize(("batch", "calls"), [(100, 3), (1, 250), (1000, 1)])
def test_a_python_runtime_gets_batches(server: Server, tmp_path: Path, batch: int, calls: int) -> None:
    body = rows(250)
    options = Options(batch=batch)
    done = score(server.url("/pcr"), table(tmp_path / "in.csv", body), tmp_path / "out.csv", options=options)
    assert done.problems == []
    assert read(tmp_path / "out.csv") == expected(body)
    assert server.posts == calls


def test_tensorflow_gets_instances(server: Server, tmp_path: Path) -> None:
    body = [[str(i), f"{i}.5"] for i in range(250)]
    url = server.url("/v1/models/churn")
    source = table(tmp_path / "in.csv", body, ("LOAN", "VALUE"))
    done = score(url, source, tmp_path / "out.csv", options=Options(batch=100))
    assert done.problems == []
    assert read(tmp_path / "out.csv")[1:] == [[*row, str(int(row[0]) * 2 + 0.5)] for row in body]
    assert server.posts == 3
    assert server.requests[-1].startswith("POST /v1/models/churn:predict ")


def test_a_signature_is_named_in_each_call(server: Server, tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", [["1", "1.5"]], ("LOAN", "VALUE"))
    url = server.url("/v1/models/churn")
    done = score(url, source, tmp_path / "out.csv", route=Route(signature="doubled"))
    assert done.problems == []
    assert server.signatures == {"doubled"}
    wrong = score(url, source, tmp_path / "out.csv", route=Route(signature="double"))
    assert [each.message.rpartition(": ")[2] for each in wrong.problems] == [
        "it has no signature double; it has doubled or serving_default"
    ]
    other = score(server.url("/pcr"), source, tmp_path / "out.csv", route=Route(signature="doubled"))
    assert _codes(other) == ["MY801"]


def test_bytes_are_written_in_base64() -> None:
    signature = {
        "inputs": {"image_bytes": {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1"}]}}},
        "outputs": {"score": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}]}}},
    }
    document = {"model_spec": {}, "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}}}
    contract = contracts.read(json.dumps(document).encode())
    convert = cells.converter(contract.inputs[0], contract, ())
    assert convert("aGVsbG8=") == '{"b64":"aGVsbG8="}'
    with pytest.raises(cells.Misfit, match="is not base64"):
        convert("hello!")


@pytest.mark.parametrize("value", ["NaN", "nan", "inf", "-Infinity", "1e999"])
def test_a_tensor_takes_no_number_that_json_has_not(server: Server, value: str, tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", [["1", "1.5"], ["2", value]], ("LOAN", "VALUE"))
    done = score(server.url("/v1/models/churn"), source, tmp_path / "out.csv")
    assert _codes(done) == ["MY808"]
    _, (row, *_, reason) = read(tmp_path / "out.errors.csv")
    assert row == "2"
    assert "number" in reason
    assert server.posts == 1


def test_a_step_that_tensorflow_has_not_is_refused(server: Server, tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", [["1", "1.5"]], ("LOAN", "VALUE"))
    done = score(server.url("/v1/models/churn"), source, tmp_path / "out.csv", route=Route(step="score"))
    assert _codes(done) == ["MY801"]
    assert server.posts == 0


def test_one_bad_row_of_a_batch_is_found_and_the_others_are_scored(server: Server, tmp_path: Path) -> None:
    body = rows(50)
    body[33][1] = str(REFUSED)
    source = table(tmp_path / "in.csv", body)
    done = score(server.url("/pcr"), source, tmp_path / "out.csv", options=Options(batch=50))
    assert _codes(done) == ["MY808"]
    assert errors(tmp_path / "out.csv") == [["34", "68", *body[33], 'status 422: {"error": "not scored"}']]
    assert read(tmp_path / "out.csv") == expected(body[:33] + body[34:])


def test_values_are_sent_as_declared(server: Server, tmp_path: Path) -> None:
    odd = [["a", "007", " 1.5 ", "00123"], ["b", "+5", ".", "NA"], ["c", "1e3", "", '"'], ["d", ".", "-.5", "ü\t1"]]
    output = tmp_path / "out.csv"
    assert score(server.url(), table(tmp_path / "in.csv", odd), output).problems == []
    assert [row[4] for row in read(output)[1:]] == ["14.5", "10.5", "2000.5", ""]
    assert [row[:4] for row in read(output)[1:]] == odd


def test_cells_that_do_not_fit_are_all_named_and_nothing_is_sent(server: Server, tmp_path: Path) -> None:
    cells = [("1,000", "1"), ("2", "2"), ("3", "12/34"), ("nan", "1"), ("1e400", "1")]
    body = [["a", loan, value, "x"] for loan, value in cells]
    stop = Options(on_error="stop")
    done = score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.csv", options=stop)
    assert [each.message for each in done.problems] == [
        "row 1: column LOAN: '1,000' is not a number; with --decimal , it is 1.000",
        "row 3: column VALUE: '12/34' is not a number",
        "row 4: column LOAN: 'nan' is not a number",
        "row 5: column LOAN: '1e400' is too large for a number",
    ]
    assert [each.place.line for each in done.problems if each.place] == [2, 4, 5, 6]
    assert server.posts == 0
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("value", ["M", str(REFUSED)])
def test_a_run_that_ends_at_a_row_is_told_what_had_it_end(server: Server, tmp_path: Path, value: str) -> None:
    body = rows(3)
    body[1][1] = value
    source = table(tmp_path / "in.csv", body)
    asked = score(server.url(), source, tmp_path / "out.csv", options=Options(on_error="stop"))
    streamed = score(server.url(), source, io.BytesIO())
    assert [len(asked.problems), len(streamed.problems)] == [1, 1]
    assert "leave out --on-error stop" in asked.problems[0].hint
    assert "give --errors FILE" in streamed.problems[0].hint
    assert "--on-error" not in streamed.problems[0].hint
    assert _codes(score(server.url(), source, tmp_path / "passed.csv")) == ["MY808"]
    assert _codes(score(server.url(), source, io.BytesIO(), errors=tmp_path / "failed.csv")) == ["MY808"]


def test_a_row_that_does_not_fit_fails_alone(server: Server, tmp_path: Path) -> None:
    body = [["a", "1", "1", "x"], ["b", "M", "2", "x"], ["c", "3", "1", "x"]]
    source = table(tmp_path / "in.csv", body)
    done = score(server.url(), source, tmp_path / "out.csv")
    assert [(each.code, each.message) for each in done.problems] == [
        ("MY808", "1 of 3 rows failed, the first in row 2: column LOAN: 'M' is not a number")
    ]
    assert done.problems[0].place == Place(str(source), 3, 1)
    assert read(tmp_path / "out.csv") == expected([body[0], body[2]])
    assert errors(tmp_path / "out.csv") == [["2", "3", *body[1], "column LOAN: 'M' is not a number"]]
    assert dict(server.calls) == {1: 1, 3: 1}


def test_failed_rows_can_be_scored_again_and_their_file_goes_with_them(server: Server, tmp_path: Path) -> None:
    body = rows(20)
    body[7][1] = "?"
    source, output = table(tmp_path / "in.csv", body), tmp_path / "out.csv"
    assert _codes(score(server.url(), source, output)) == ["MY808"]
    failed = tmp_path / "out.errors.csv"
    failed.write_text(failed.read_text("utf-8").replace("?", "7"))
    assert score(server.url(), failed, tmp_path / "rest.csv").problems == []
    assert read(tmp_path / "rest.csv")[0] == ["row", "line", *HEADER, "error", *OUTPUTS]
    body[7][1] = "7"
    assert score(server.url(), table(source, body), output).problems == []
    assert not failed.exists()
    assert beside(output) == []


def test_the_input_is_no_output(server: Server, tmp_path: Path) -> None:
    for name, output in (("in.csv", "in.csv"), ("out.errors.csv", "out.csv")):
        source = table(tmp_path / name, rows(2))
        before = source.read_bytes()
        done = score(server.url(), source, tmp_path / output)
        assert [each.message for each in done.problems] == [f"{source} is the input"]
        assert source.read_bytes() == before
    assert server.posts == 0


@pytest.mark.parametrize(
    ("output", "beside_it"),
    [("scores.csv", "scores.errors.csv"), ("a.b.tsv", "a.b.errors.tsv"), ("scores", "scores.errors.csv")],
)
def test_failed_rows_have_a_file_of_their_own(server: Server, tmp_path: Path, output: str, beside_it: str) -> None:
    score(server.url(), table(tmp_path / "in.csv", [["a", "?", "1", "x"]]), tmp_path / output)
    assert (tmp_path / beside_it).is_file()


def test_missing_columns_are_named(server: Server, tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", [["1", "x"]], ("VALUES", "ID"))
    done = score(server.url(), source, tmp_path / "out.csv")
    assert [each.message.removeprefix(str(source)) for each in done.problems] == [
        " has no column LOAN (number)",
        " has no column VALUE (number), nearest is VALUES",
        " has no column JOB (string)",
    ]
    assert server.posts == 0


def test_names_have_no_case_unless_two_would_fit(server: Server, tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", [["1", "2", "x"]], ("loan", "Value", "job"))
    assert score(server.url(), source, tmp_path / "out.csv").problems == []
    source = table(tmp_path / "in.csv", [["1", "2", "x", "y"]], ("LOAN", "VALUE", "job", "Job"))
    assert _codes(score(server.url(), source, tmp_path / "out.csv")) == ["MY804"]


def test_an_output_named_as_an_input_column_is_kept_beside_it(server: Server, tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", [["1", "2", "x", "old"]], ("LOAN", "VALUE", "JOB", "P_BAD"))
    assert score(server.url(), source, tmp_path / "out.csv").problems == []
    assert read(tmp_path / "out.csv")[0] == ["LOAN", "VALUE", "JOB", "P_BAD", "P_BAD_out", "I_BAD"]
    source = table(tmp_path / "in.csv", [["?", "2", "x", "old"]], ("LOAN", "VALUE", "JOB", "error"))
    assert _codes(score(server.url(), source, tmp_path / "out.csv")) == ["MY808"]
    assert read(tmp_path / "out.errors.csv")[0] == ["row", "line", "LOAN", "VALUE", "JOB", "error", "error_out"]
    source = table(tmp_path / "in.csv", [["1", "2", "x", "1", "2"]], ("LOAN", "VALUE", "JOB", "P_BAD", "P_BAD_out"))
    assert _codes(score(server.url(), source, tmp_path / "out.csv")) == ["MY805"]


def test_a_data_frame_comes_back_with_scores(server: Server) -> None:
    frame = pd.DataFrame({"LOAN": [1, 2, 600], "VALUE": [1.5, None, 3.0], "JOB": ["a", None, "c"]}, index=[7, 8, 9])
    done = score(server.url(), frame)
    assert done.problems == []
    assert isinstance(done.frame, pd.DataFrame)
    assert done.frame["P_BAD"].tolist() == [2.5, 4.5, 1200.5]
    assert done.frame["I_BAD"].tolist() == ["0 ", "0 ", "           1"]
    assert done.frame.index.tolist() == [7, 8, 9]
    assert list(frame.columns) == ["LOAN", "VALUE", "JOB"]


def test_a_data_frame_keeps_rows_that_failed(server: Server) -> None:
    frame = pd.DataFrame({"LOAN": ["1", "?", "3"], "VALUE": [1, 2, 3], "JOB": "x"}, index=["a", "b", "c"])
    done = score(server.url(), frame)
    assert [each.message for each in done.problems] == [
        "1 of 3 rows failed, the first in row 2: column LOAN: '?' is not a number"
    ]
    assert isinstance(done.frame, pd.DataFrame)
    assert done.frame.index.tolist() == ["a", "b", "c"]
    assert done.frame["P_BAD"].dropna().to_dict() == {"a": 2.5, "c": 6.5}
    assert done.frame["error"].dropna().to_dict() == {"b": "column LOAN: '?' is not a number"}


def test_the_public_function_is_that_of_the_api(server: Server) -> None:
    assert api.score is score
    assert "score" in api.__all__
    done = api.score(server.url(), pd.DataFrame({"LOAN": [4], "VALUE": [1], "JOB": ["x"]}))
    assert done.problems == []
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = api.scores  # type: ignore[attr-defined]


def test_a_notebook_has_a_running_loop(server: Server) -> None:
    async def cell() -> Scored:
        return score(server.url(), pd.DataFrame({"LOAN": [4], "VALUE": [1], "JOB": ["x"]}))

    frame = asyncio.run(cell()).frame
    assert isinstance(frame, pd.DataFrame)
    assert frame["P_BAD"].tolist() == [8.5]


def test_standard_input_and_output(server: Server, tmp_path: Path, modelyard: Run) -> None:
    body = rows(30)
    text = table(tmp_path / "in.csv", body).read_text("utf-8")
    done = modelyard("score", server.url(), "-", stdin=text)
    assert done.returncode == 0, done.stderr
    (tmp_path / "out.csv").write_text(done.stdout, "utf-8")
    assert read(tmp_path / "out.csv") == expected(body)
    assert done.stderr.startswith("scored 30 rows in ")
    assert "\r" not in done.stderr


def test_a_stream_ends_at_a_row_that_does_not_fit_after_those_before_it(server: Server, tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", ODD)
    sink = io.BytesIO()
    done = score(server.url(), io.BytesIO(source.read_bytes()), sink)
    assert _codes(done) == ["MY806"]
    assert sink.getvalue().decode().splitlines() == [",".join((*HEADER, *OUTPUTS)), "a,1,1,x,2.5,0 "]


ODD = [["a", "1", "1", "x"], ["b", "M", "2", "x"], ["c", "3", "1", "x"]]


def test_a_stream_has_a_named_file_for_rows_that_fail(server: Server, tmp_path: Path, modelyard: Run) -> None:
    text, failed = table(tmp_path / "in.csv", ODD).read_text("utf-8"), tmp_path / "out.errors.csv"
    done = modelyard("score", server.url(), "-", "--errors", failed, stdin=text)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == ["a,1,1,x,2.5,0 ", "c,3,1,x,6.5,0 "]
    assert errors(tmp_path / "out.csv") == [["2", "3", *ODD[1], "column LOAN: 'M' is not a number"]]
    done = modelyard("score", server.url(), "-", "--errors", failed, stdin=text.replace("M", "2"))
    assert (done.returncode, failed.exists(), beside(failed)) == (0, False, [])


@pytest.mark.parametrize("path", ["/credit_risk", "/pcr"])
def test_all_before_the_place_where_a_stream_breaks_off_is_done(server: Server, tmp_path: Path, path: str) -> None:
    broken = table(tmp_path / "in.csv", ODD).read_bytes() + b'd,1,1,"'
    sink = io.BytesIO()
    done = score(server.url(path), io.BytesIO(broken), sink, errors=tmp_path / "out.errors.csv")
    assert _codes(done) == ["MY805"]
    assert sink.getvalue().decode().splitlines()[1:] == ["a,1,1,x,2.5,0 ", "c,3,1,x,6.5,0 "]
    assert [row[0] for row in errors(tmp_path / "out.csv")] == ["2"]


@pytest.mark.parametrize(
    "arguments",
    [["--on-error", "skip"], ["-o", "out.csv", "--errors", "failed.csv"], ["--on-error", "go"], ["--resume"]],
)
def test_options_that_do_not_go_together_are_wrong_usage(tmp_path: Path, modelyard: Run, arguments: list[str]) -> None:
    done = modelyard("score", "http://127.0.0.1:1/m", table(tmp_path / "in.csv", []), *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--" in done.stderr


def test_the_delimiter_is_that_of_the_input(server: Server, tmp_path: Path) -> None:
    body = rows(5)
    source = table(tmp_path / "in.csv", body, delimiter=";")
    source.write_bytes(b"\xef\xbb\xbf" + source.read_bytes().replace(b"\n", b"\r\n"))
    assert score(server.url(), source, tmp_path / "out.csv").problems == []
    lines = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert lines[0] == ";".join((*HEADER, *OUTPUTS))


def test_formulas_are_escaped_on_request(server: Server, tmp_path: Path) -> None:
    async def formula(_server: Server, writer: asyncio.StreamWriter, _number: int) -> bool:
        answer(writer, 200, {"data": {"P_BAD": -1.5, "I_BAD": "=cmd()"}})
        return True

    server.fault = formula
    source = table(tmp_path / "in.csv", rows(1))
    for options, text in ((Options(), "=cmd()"), (Options(escape_formulas=True), "'=cmd()")):
        assert score(server.url(), source, tmp_path / "out.csv", options=options).problems == []
        assert read(tmp_path / "out.csv")[1][4:6] == ["-1.5", text]


MODELS = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: scoring
  models:
    - name: credit-risk
      image: registry.example.com/credit_risk:1.0.0
      targets: {knative: {minScale: 1}}
    - name: churn
      path: /churn
      targets: {deployment: {gateway: {name: public, host: models.example.com}}}
      variants: [{name: champion, image: "registry.example.com/churn:1", percent: 100}]
"""


@pytest.mark.parametrize(
    ("model", "options", "host", "path"),
    [
        ("credit_risk", {"domain": "kn.dev"}, "credit-risk.scoring.kn.dev", "/credit_risk"),
        ("credit-risk", {"domain": "kn.dev", "step": "score"}, "credit-risk.scoring.kn.dev", "/credit_risk/score"),
        ("churn", {}, "models.example.com", "/churn"),
        ("churn", {"variant": "champion"}, "models.example.com\r\nmodelyard-variant: champion", "/churn"),
    ],
)  # fmt: skip
def test_a_name_is_found_behind_an_ingress(
    server: Server, tmp_path: Path, model: str, options: dict[str, str], host: str, path: str
) -> None:
    (tmp_path / "models.yaml").write_text(MODELS)
    route = Route(ingress=f"127.0.0.1:{server.port}", **options)  # type: ignore[arg-type]
    source = table(tmp_path / "in.csv", rows(1))
    done = score(model, source, tmp_path / "out.csv", file=tmp_path, route=route, options=QUICK)
    assert done.problems == []
    head = server.requests[-1]
    assert head.startswith(f"POST {path} HTTP/1.1")
    for line in host.split("\r\n"):
        assert line in head
    assert server.requests[0].startswith(f"GET {path.removesuffix('/score')}/apiMeta/api ")


@pytest.mark.parametrize(
    ("model", "route", "code", "hint"),
    [
        ("credit-rsk", Route(), "MY801", "did you mean credit-risk?"),
        ("credit-risk", Route(), "MY801", "give its URL"),
        ("churn", Route(variant="v9"), "MY801", "there are champion"),
        ("churn", Route(url="ftp://x"), "MY813", "such as"),
        ("https://x/y?key=1", Route(), "MY813", "such as"),
    ],
)
def test_an_address_that_is_not_known_is_an_error(
    tmp_path: Path, model: str, route: Route, code: str, hint: str
) -> None:
    (tmp_path / "models.yaml").write_text(MODELS)
    done = score(model, table(tmp_path / "in.csv", []), tmp_path / "out.csv", file=tmp_path, route=route)
    assert _codes(done) == [code]
    assert hint in done.problems[0].hint


KUBECONFIG = """\
{"apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [],
 "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}],
 "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:%d"}}]}
"""


def _unrelated(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a kubeconfig that leads to the stand-in, which is no API server."""
    (tmp_path / "kubeconfig").write_text(KUBECONFIG % server.port)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))


def test_no_cluster_is_asked_where_the_file_says_the_host(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unrelated(server, tmp_path, monkeypatch)
    (tmp_path / "models.yaml").write_text(MODELS)
    source = table(tmp_path / "in.csv", rows(1))
    for model, route in (("churn", Route(ingress=f"127.0.0.1:{server.port}")), (server.url(), Route())):
        assert score(model, source, tmp_path / "out.csv", file=tmp_path, route=route).problems == []
    assert {each.split(" ")[1].split("/")[1] for each in server.requests} == {"churn", "credit_risk"}


def test_a_named_models_file_must_be_there(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _unrelated(server, tmp_path, monkeypatch)
    source = table(tmp_path / "in.csv", rows(1))
    for where in (None, Connection(namespace="other")):
        done = score("churn", source, tmp_path / "out.csv", file=tmp_path / "overlays" / "prdo", where=where)
        assert len(done.problems) == 1
        assert "prdo" in done.problems[0].message
    assert server.requests == []


def test_a_cluster_that_knows_nothing_is_said_beside_what_the_file_lacks(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unrelated(server, tmp_path, monkeypatch)
    (tmp_path / "models.yaml").write_text(MODELS)
    source = table(tmp_path / "in.csv", rows(1))
    done = score("credit-risk", source, tmp_path / "out.csv", file=tmp_path)
    assert _codes(done) == ["MY801", "MY704"]
    done = score("credit-risk", source, tmp_path / "out.csv", file=tmp_path, where=Connection(namespace="other"))
    assert _codes(done) == ["MY704"]
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = score("credit-risk", source, tmp_path / "out.csv", file=tmp_path, where=Connection(namespace="other"))
    assert _codes(done) == ["MY701"]


def test_a_server_that_is_no_model_is_named(server: Server, tmp_path: Path) -> None:
    done = score(server.url("/nothing"), table(tmp_path / "in.csv", []), tmp_path / "out.csv")
    assert _codes(done) == ["MY802"]
    assert "/nothing/apiMeta/api: status 404" in done.problems[0].message
