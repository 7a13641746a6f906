"""`modelyard map`: reports come in, in all formats problems go out, and nothing of what a tool said is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.files.yaml import write_all
from tests.conftest import KUBE_SCORE, need

Run = Callable[..., CompletedProcess[str]]

RECORDED: Final = Path(__file__).parent / "recorded"
SOUND: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: pricing
      runtime: custom
      image: r.example.com/pricing:1.2.3
      port: 9000
      resources:
        requests: {cpu: 500m, memory: 1Gi}
        limits: {memory: 2Gi}
      targets:
        deployment: {replicas: 3}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models.yaml").write_text(SOUND, "utf-8")
    return tmp_path


def sarif(line: int, *, file: str = "stdin", rule: str = "some-rule", **more: Any) -> str:
    """Return a report of one finding in a line."""
    location = {"physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}}}
    result = {"ruleId": rule, "level": "error", "message": {"text": "it is wrong"}, "locations": [location], **more}
    return json.dumps({"runs": [{"tool": {"driver": {"name": "other"}}, "results": [result]}]})


def line_of(text: str, wanted: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if wanted in line)


def stream(folder: Path) -> str:
    return write_all(each.body for each in api.render(folder).objects)


def test_the_real_kube_score_is_piped_into_it(modelyard: Run, run: Run, folder: Path) -> None:
    rendered = modelyard("render", "--stdout", cwd=folder)
    options = ["score", "--output-format", "json", "--kubernetes-version", "v1.37", "-"]
    report = run(need(KUBE_SCORE, "`make tools` builds it"), *options, stdin=rendered.stdout).stdout
    done = modelyard("map", "-", stdin=report, cwd=folder)
    assert done.returncode == 1
    assert "models.yaml:12:9: error: kube-score container-resources: CPU limit is not set [MY661]" in done.stderr
    assert "   12 |         limits: {memory: 2Gi}\n      |         ^" in done.stderr
    assert done.stdout == ""


def test_every_format_of_check_is_one_of_its_own(modelyard: Run, folder: Path) -> None:
    report = RECORDED / "kubectl-1.24.txt"
    for form in ("json", "sarif", "junit", "github", "gitlab"):
        done = modelyard("map", report, "-f", RECORDED, "--format", form, cwd=folder)
        assert done.returncode == 1
        assert "sidecars" in done.stdout
        assert done.stderr == ""
    done = modelyard("map", report, "-f", RECORDED, "--output", "a.sarif", "--output", "a.xml", cwd=folder)
    assert done.returncode == 1
    place = json.loads((folder / "a.sarif").read_text())["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 27, "startColumn": 61}
    assert 'line="27"' in (folder / "a.xml").read_text()


def test_warnings_fail_when_strict_alone(modelyard: Run, folder: Path) -> None:
    arguments = ["map", RECORDED / "kube-linter.sarif", "-f", RECORDED]
    assert modelyard(*arguments, cwd=folder).returncode == 0
    assert modelyard(*arguments, "--strict", cwd=folder).returncode == 1


def test_nothing_found_is_said(modelyard: Run, folder: Path) -> None:
    done = modelyard("map", "-", stdin="[]", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "models.yaml: no problems\n")


def test_a_line_of_standard_input_is_one_of_what_render_prints(modelyard: Run, folder: Path) -> None:
    line = line_of(stream(folder), 'memory: "2Gi"')
    done = modelyard("map", "-", stdin=sarif(line), cwd=folder)
    assert done.stderr.startswith("models.yaml:12:26: error: other some-rule: it is wrong [MY661]\n")


def test_a_line_of_a_file_is_one_of_that_file(modelyard: Run, folder: Path) -> None:
    text = f"# a comment\n\n{stream(folder)}"
    (folder / "a file.yaml").write_text(text, "utf-8")
    report = sarif(line_of(text, "replicas: 3"), file="a%20file.yaml")
    done = modelyard("map", "-", stdin=report, cwd=folder)
    assert done.stderr.startswith("models.yaml:14:32: error: other some-rule: it is wrong [MY661]\n")


def test_a_built_stream_leads_to_objects_that_were_renamed(modelyard: Run, folder: Path) -> None:
    text = stream(folder).replace("\n  name: pricing\n", "\n  name: prod-pricing\n")
    (folder / "built.yaml").write_text(text, "utf-8")
    said = 'The Deployment "prod-pricing" is invalid: spec.replicas: Invalid value: 3: must be less\n'
    assert (
        "(Deployment prod-pricing is not an object of this models file) [MY662]"
        in modelyard("map", "-", stdin=said, cwd=folder).stderr
    )
    done = modelyard("map", "-", "--built", "built.yaml", stdin=said, cwd=folder)
    assert done.stderr.startswith("models.yaml:14:32: error: kubectl: ")


def test_what_is_of_others_is_passed_on_with_its_own_place(modelyard: Run, folder: Path) -> None:
    text = stream(folder) + "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: theirs\ndata: {a: b}\n"
    (folder / "built.yaml").write_text(text, "utf-8")
    line = line_of(text, "data: {a: b}")
    done = modelyard("map", "-", "--built", "built.yaml", stdin=sarif(line), cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"built.yaml:{line}:1: error: other some-rule: it is wrong "
        "(ConfigMap theirs is not an object of this models file) [MY662]\n"
    )


def test_no_line_of_a_file_that_a_report_names_is_shown(modelyard: Run, folder: Path) -> None:
    (folder / "secret.txt").write_text("first: line\nanother: one\n", "utf-8")
    done = modelyard("map", "-", stdin=sarif(2, file="secret.txt"), cwd=folder)
    assert "secret.txt:2:1: error: other some-rule" in done.stderr
    assert "another" not in done.stderr


def test_what_could_be_of_several_objects_names_them(modelyard: Run, folder: Path) -> None:
    more = SOUND.partition("    - name")[2].replace("pricing", "fraud")
    (folder / "models.yaml").write_text(f"{SOUND}    - name{more.replace(': pricing', ': fraud', 1)}", "utf-8")
    said = 'Error: Deployment in version "v1" cannot be handled as a Deployment: unknown field "spec.replicas"\n'
    done = modelyard("map", "-", stdin=said, cwd=folder)
    assert "(of which of 2 objects the report does not say) [MY663]" in done.stderr
    assert "  models.yaml:14:32: Deployment.apps pricing\n" in done.stderr
    assert "  models.yaml:23:32: Deployment.apps fraud\n" in done.stderr


def test_what_is_wrong_with_the_models_file_is_said_too_and_nothing_is_lost(modelyard: Run, folder: Path) -> None:
    (folder / "models.yaml").write_text("a: [", "utf-8")
    done = modelyard("map", RECORDED / "helm.txt", cwd=folder)
    assert done.returncode == 1
    assert "models.yaml:1:" in done.stderr
    assert "spec.template.spec.hostNetwork: Forbidden" in done.stderr


def test_a_credential_in_a_report_is_hidden(modelyard: Run, folder: Path) -> None:
    said = 'The Deployment "pricing" is invalid: spec.x: Invalid value: "postgres://a:hunter2secret@db.example.com/x"\n'
    for form in ("text", "json", "sarif", "junit", "github", "gitlab"):
        done = modelyard("map", "-", "--format", form, stdin=said, cwd=folder)
        assert done.returncode == 1
        assert "hunter2secret" not in done.stdout + done.stderr


def test_standard_input_is_read_once(modelyard: Run, folder: Path) -> None:
    done = modelyard("map", "-", "--built", "-", cwd=folder)
    assert done.returncode == 2
    assert "give one -" in done.stderr
