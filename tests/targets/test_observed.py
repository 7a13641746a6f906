"""Alerts and dashboards of a request log: judged by promtool and Grafana's own types, over metrics that are there."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from modelyard import api
from modelyard.models.metrics import Latency, Objective
from modelyard.request_log.counters import Counters
from modelyard.request_log.sidecar.metrics import exposition
from modelyard.targets.workloads import burn_rates
from modelyard.targets.workloads.dashboard import dashboard
from tests.conftest import need
from tests.support.consoles import ROOT

CASES: Final = [f"{target}-request-log" for target in ("deployment", "knative", "openshift", "sagemaker-proxy")]
NAMES: Final = re.compile(r"modelyard_request_log_[a-z_]+")
CALLS: Final = 600  # a minute
LABELS: Final = 'app_kubernetes_io_name="churn", namespace="prod"'


@pytest.fixture(scope="module")
def promtool() -> Path:
    return need(Path(shutil.which("promtool") or "promtool"), "apt-get install --no-install-recommends prometheus")


@pytest.fixture
def exposed(tmp_path: Path) -> str:
    """Return what a sidecar exposes."""
    counters = Counters(tmp_path)
    text = exposition(counters, 0)
    counters.close()
    return text


def rendered(case: str, kind: str) -> Iterator[dict[str, Any]]:
    for each in api.render(ROOT / "tests" / "render" / "cases" / case).objects:
        if each.kind == kind:
            yield each.body


def dashboards(case: str) -> Iterator[tuple[dict[str, Any], str]]:
    for body in rendered(case, "ConfigMap"):
        if "grafana_dashboard" in body["metadata"]["labels"]:
            (text,) = body["data"].values()
            yield body, text


def checked(promtool: Path, folder: Path, *words: str, **files: Any) -> str:
    """Run promtool over files, which must be fine, and return what it says."""
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), "utf-8")
    done = subprocess.run([promtool, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("case", CASES)
def test_rules_are_rules_of_prometheus(promtool: Path, tmp_path: Path, case: str) -> None:
    (body,) = rendered(case, "PrometheusRule")
    said = checked(promtool, tmp_path, "check", "rules", "--lint-fatal", "rules.yaml", rules=body["spec"])
    assert "14 rules found" in said


@pytest.mark.parametrize("case", CASES)
def test_each_query_of_a_dashboard_is_promql_over_what_the_sidecar_exposes(
    promtool: Path, tmp_path: Path, exposed: str, case: str
) -> None:
    (found,) = dashboards(case)
    panels = json.loads(found[1])["panels"]
    texts = [each["expr"] for panel in panels for each in panel["targets"]]
    assert len(texts) >= 10
    rules = [
        {"record": f"a:{i}", "expr": text.replace("$__rate_interval", "5m").replace("$namespace", "prod")}
        for i, text in enumerate(texts)
    ]
    assert not any("$" in each["expr"] for each in rules)
    group = {"groups": [{"name": "queries", "rules": rules}]}
    checked(promtool, tmp_path, "check", "rules", "rules.yaml", rules=group)
    (body,) = rendered(case, "PrometheusRule")
    texts += [each["expr"] for each in body["spec"]["groups"][0]["rules"] if "record" in each]
    series = {line.partition(" ")[0].partition("{")[0] for line in exposed.splitlines() if not line.startswith("#")}
    used = {name for text in texts for name in NAMES.findall(text)}
    assert len(used) >= 7
    assert used <= series


def test_the_pod_monitor_takes_over_the_labels_by_which_series_are_told_apart() -> None:
    for case in CASES:
        (body,) = [each for each in rendered(case, "PodMonitor") if "podTargetLabels" in each["spec"]]
        assert body["spec"]["podTargetLabels"] == ["app.kubernetes.io/name", "modelyard.dev/variant"]
        assert {each["path"] for each in body["spec"]["podMetricsEndpoints"]} >= {"/metrics"}


@pytest.mark.parametrize("case", CASES)
def test_a_dashboard_has_only_what_grafana_knows(case: str) -> None:
    (body, text), *_ = dashboards(case)
    assert body["metadata"]["labels"]["grafana_dashboard"] == "1"
    document = json.loads(text)
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(document)))
    assert kept(document, read) == []
    ids = [each["id"] for each in document["panels"]]
    assert len(ids) == len(set(ids))
    places = [(each["gridPos"]["x"], each["gridPos"]["y"]) for each in document["panels"]]
    assert len(places) == len(set(places)), "no panel lies on another"
    assert len(document["uid"]) <= 40


def kept(given: Any, read: Any, at: str = "") -> list[str]:
    """Return where a document has what Grafana's types did not take, or took for something else."""
    if isinstance(given, dict):
        if not isinstance(read, dict):
            return [at]
        return [each for key, value in given.items() for each in kept(value, read.get(key), f"{at}/{key}")]
    if isinstance(given, list):
        if not isinstance(read, list) or len(read) != len(given):
            return [at]
        return [each for i, pair in enumerate(zip(given, read, strict=True)) for each in kept(*pair, f"{at}/{i}")]
    return [] if given == read else [at]


def test_what_grafana_does_not_know_is_found() -> None:
    document = json.loads(dashboard("churn", Objective(), []))
    document["panels"][0]["fieldConfig"]["defaults"]["unitt"] = "s"
    assert kept(document, json.loads(JSONEncoder().encode(Dashboard.from_json(document)))) == [
        "/panels/0/fieldConfig/defaults/unitt"
    ]


def test_each_latency_that_can_be_named_is_counted(exposed: str) -> None:
    counted = set(re.findall(r'latency_seconds_bucket\{le="([^"+]+)"\}', exposed))
    assert {burn_rates.bound(each) for each in get_args(Latency)} == counted


def series(name: str, labels: str, rates: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Return a counter for promtool. rates: minutes, and how much is added in each."""
    total, values = 0, [0]
    for minutes, rate in rates:
        for _ in range(minutes):
            total += rate
            values.append(total)
    return {"series": f"modelyard_request_log_{name}{{{labels}}}", "values": " ".join(map(str, values))}


BAD: Final = 120  # of the calls of a minute
TIMES: Final = ((60, 0), (30, 1), (600, 0))  # minutes that are good, bad, good


def calls(kind: str) -> list[dict[str, str]]:
    """Return what two pods count while a fifth of the calls goes wrong for half an hour."""
    good = [(minutes, CALLS - BAD * bad) for minutes, bad in TIMES]
    wrong = [(minutes, BAD * bad) for minutes, bad in TIMES]
    every = [(minutes, CALLS) for minutes, _ in TIMES]
    found = []
    for pod in ("a", "b"):
        own = f'{LABELS}, pod="{pod}"'
        if kind == "ModelCallsFail":
            pairs = (("2xx", good), ("4xx", [(690, 7)]), ("5xx", wrong))
            found += [series("answers_total", f'{own}, code="{code}"', rates) for code, rates in pairs]
        else:
            found.append(series("latency_seconds_bucket", f'{own}, le="0.25"', good))
            found.append(series("latency_seconds_count", own, every))
    return found


@pytest.mark.parametrize("kind", ["ModelCallsFail", "ModelCallsAreSlow"])
def test_an_alert_fires_while_calls_go_wrong_and_ends_soon_after(promtool: Path, tmp_path: Path, kind: str) -> None:
    objective = Objective(latency="250ms", fast="99.9%")
    rules = {"groups": [{"name": "churn", "rules": burn_rates.rules("churn", objective)}]}
    firing = {
        10: (), 55: (),
        60: (), 75: ("critical", "warning"), 89: ("critical", "warning"),
        130: ("warning",), 400: ("warning",), 470: (),
    }  # fmt: skip
    tests = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": calls(kind),
                "promql_expr_test": [
                    {
                        "eval_time": f"{minute}m",
                        "expr": f'count by (severity) (ALERTS{{alertname="{kind}", alertstate="firing"}})',
                        "exp_samples": [{"labels": f'{{severity="{each}"}}', "value": 1} for each in wanted],
                    }
                    for minute, wanted in firing.items()
                ],
            }
        ],
    }
    checked(promtool, tmp_path, "test", "rules", "tests.yaml", rules=rules, tests=tests)


def test_without_a_call_nothing_fires(promtool: Path, tmp_path: Path) -> None:
    rules = {"groups": [{"name": "churn", "rules": burn_rates.rules("churn", Objective())}]}
    silent = [(300, 0)]
    own = [series("answers_total", f'{LABELS}, code="{each}"', silent) for each in ("2xx", "5xx")]
    own.append(series("latency_seconds_bucket", f'{LABELS}, le="0.5"', silent))
    own.append(series("latency_seconds_count", LABELS, silent))
    test = {"eval_time": "200m", "expr": "ALERTS", "exp_samples": []}
    tests = {
        "rule_files": ["rules.yaml"],
        "tests": [{"interval": "1m", "input_series": own, "promql_expr_test": [test]}],
    }
    checked(promtool, tmp_path, "test", "rules", "tests.yaml", rules=rules, tests=tests)


def test_what_is_told_says_how_many_calls_and_the_objective(promtool: Path, tmp_path: Path) -> None:
    rules = {
        "groups": [{"name": "churn", "rules": burn_rates.rules("churn", Objective(latency="250ms", fast="99.9%"))}]
    }
    said = {
        "summary": "churn uses up its budget too fast",
        "description": "5% of the calls of churn took longer than 250ms; 99.9% are to be faster.",
    }
    alert = {"model": "churn", "namespace": "prod"}
    warning = {**said, "description": said["description"].replace("5%", "4%")}
    tests = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": calls("ModelCallsAreSlow"),
                "alert_rule_test": [
                    {
                        "eval_time": "75m",
                        "alertname": "ModelCallsAreSlow",
                        "exp_alerts": [
                            {"exp_labels": {**alert, "severity": "critical"}, "exp_annotations": said},
                            {"exp_labels": {**alert, "severity": "warning"}, "exp_annotations": warning},
                        ],
                    }
                ],
            }
        ],
    }
    checked(promtool, tmp_path, "test", "rules", "tests.yaml", rules=rules, tests=tests)
