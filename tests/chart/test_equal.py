"""With the values that it comes with, a chart gives what `render` gives."""

import itertools
import re
from pathlib import Path

import pytest
import yaml

from modelyard import api
from modelyard.problems import has_errors
from tests.conftest import ROOT, Run
from tests.support import charts
from tests.support.charts import objects, rendered, template, written

CASES = ROOT / "tests" / "render" / "cases"
SAMPLES = ["dev", "prod", "sagemaker"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_chart_gives_what_render_gives(helm: Path, sample: str, tmp_path: Path) -> None:
    file = ROOT / "overlays" / sample
    done = template(helm, written(file, tmp_path / "chart"))
    assert done.returncode == 0, done.stderr
    assert objects(done.stdout) == rendered(file)


@pytest.mark.parametrize("sample", SAMPLES)
def test_helm_finds_nothing_wrong_with_a_chart(helm: Path, sample: str, tmp_path: Path, run: Run) -> None:
    folder = written(ROOT / "overlays" / sample, tmp_path / "chart")
    done = run(helm, "lint", "--strict", folder)
    assert done.returncode == 0, done.stdout
    assert "0 chart(s) failed" in done.stdout


@pytest.mark.parametrize("case", sorted(each.name for each in CASES.iterdir() if not each.name.startswith("viya")))
def test_charts_of_all_cases_give_what_render_gives(newest_helm: Path, case: str, tmp_path: Path) -> None:
    result = api.render(CASES / case)
    if result.models is None or has_errors(result.problems):
        pytest.skip("its mistakes are the case")
    namespace = result.models.spec.namespace
    done = template(newest_helm, written(CASES / case, tmp_path / "chart"), namespace=namespace or "elsewhere")
    assert done.returncode == 0, done.stderr
    found = objects(done.stdout)
    for each in found.values() if not namespace else ():
        assert each["metadata"].pop("namespace", None) == "elsewhere"
    assert found == rendered(CASES / case)


def test_the_namespace_is_that_of_the_release(newest_helm: Path, tmp_path: Path) -> None:
    done = template(newest_helm, written(ROOT / "overlays" / "dev", tmp_path / "chart"), namespace="elsewhere")
    found = objects(done.stdout)
    assert {each["metadata"].get("namespace") for each in found.values()} == {"elsewhere", None}
    claim = ("networking.internal.knative.dev/v1alpha1", "ClusterDomainClaim", "credit.example.com")
    assert found[claim]["spec"]["namespace"] == "elsewhere"
    assert "model-inference" not in done.stdout


def test_braces_of_a_user_survive(helm: Path, tmp_path: Path) -> None:
    text = (ROOT / "overlays" / "dev" / "models.yaml").read_text()
    odd = 'a {{ .Values.x }} {{- b -}} {{{ {{/* c */}} }} {{`{{`}} \\" {{'
    changed = text.replace('SAS_SCR_LOG_STRUCTURED: "true"', f"ODD: '{odd}'\n        BLOCK: \"1 {{{{\\n{{{{ 2\\n\"")
    changed = changed.replace('SAS_SCR_PROMETHEUS_RATE: "30"', "SAS_SCR_PROMETHEUS_RATE: '{{ now }}'")
    changed = changed.replace("annotations: {}                         # on every object", "annotations: {a: '{{'}", 1)
    (tmp_path / "models.yaml").write_text(changed)
    folder = written(tmp_path, tmp_path / "chart")
    done = template(helm, folder)
    assert done.returncode == 0, done.stderr
    assert objects(done.stdout) == rendered(tmp_path)
    assert "{{ now }}" in done.stdout


def test_templates_are_plain(tmp_path: Path) -> None:
    text = (written(ROOT / "overlays" / "dev", tmp_path / "c") / "templates/models/churn/route.yaml").read_text()
    expressions = re.findall(r"\{\{.*?\}\}", text)
    assert "{{ $model.variants.champion.percent | int }}" in expressions
    assert "{{- $model := .Values.models.churn }}\n{{- if $model.enabled }}\n" in text
    assert len(expressions) == 10, expressions


def test_each_value_has_a_comment_and_a_row_in_the_readme(tmp_path: Path) -> None:
    folder = written(ROOT / "overlays" / "dev", tmp_path / "chart")
    lines = (folder / "values.yaml").read_text().splitlines()
    schema = yaml.safe_load((folder / "values.schema.json").read_text())
    readme = (folder / "README.md").read_text()
    known = list(charts.leaves(schema))
    assert len(known) == 35
    for path, each in known:
        assert f"| `{'.'.join(path)}` |" in readme
        indent = "  " * (len(path) - 1)
        assert any(
            line == f"{indent}# {each['description']}" and below.startswith(f"{indent}{path[-1]}:")
            for line, below in itertools.pairwise(lines)
        ), path
