"""A dashboard of Grafana for one model: calls, errors, latency and its budgets, and how its log is.

Source: the dashboard's JSON model of Grafana 10 and later (schemaVersion 39).
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from modelyard.models.metrics import Objective
from modelyard.targets.workloads.burn_rates import budget, failed, selector, slow

_SCHEMA: Final = 39
_RATE: Final = "$__rate_interval"
_LOG: Final = "modelyard_request_log"
_HEIGHT, _WIDTH, _ROW = 8, 12, 24
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


class _Panel(NamedTuple):
    """A chart. unit: Grafana's. limit: drawn as a line. queries: expressions with what their lines are called."""

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    limit: float | None = None


def dashboard(name: str, own: Objective, variants: Iterable[str | None]) -> str:
    """Return the dashboard of a model as JSON."""
    panels = _panels(f'namespace="$namespace", {selector(name)}', own, split=any(variants))
    found = {
        "uid": f"modelyard-{hashlib.sha256(name.encode()).hexdigest()[:16]}",
        "title": f"Model {name}",
        "tags": ["modelyard"],
        "timezone": "browser",
        "editable": True,
        "refresh": "1m",
        "schemaVersion": _SCHEMA,
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": _variables(name)},
        "panels": [_drawn(i, each) for i, each in enumerate(panels)],
    }
    return json.dumps(found, indent=2) + "\n"


def _panels(series: str, own: Objective, *, split: bool) -> list[_Panel]:
    by = "modelyard_dev_variant" if split else "app_kubernetes_io_name"
    line = f"{{{{{by}}}}}"
    latency = f"rate({_LOG}_latency_seconds_bucket{{{series}}}[{_RATE}])"
    slow_calls = slow(series, _RATE, by, own.latency)
    return [
        _Panel("Calls", "reqps", [(f"sum by ({by}) (rate({_LOG}_answers_total{{{series}}}[{_RATE}]))", line)]),
        _Panel("Failed calls", "percentunit", [(failed(series, _RATE, by), line)], budget(own.availability)),
        _Panel(
            "Latency",
            "s",
            [
                (f"histogram_quantile({share}, sum by (le, {by}) ({latency}))", f"{line} {called}")
                for share, called in (("0.5", "median"), ("0.95", "95 %"), ("0.99", "99 %"))
            ],
        ),
        _Panel(f"Calls slower than {own.latency}", "percentunit", [(slow_calls, line)], budget(own.fast)),
        _Panel(
            "Calls missing from the log",
            "short",
            [
                (f"sum by (reason) (increase({_LOG}_dropped_calls_total{{{series}}}[{_RATE}]))", "{{reason}}"),
                (f"sum (increase({_LOG}_lost_calls_total{{{series}}}[{_RATE}]))", "lost"),
            ],
        ),
        _Panel("Waiting for the database", "bytes", [(f"sum by (pod) ({_LOG}_spool_bytes{{{series}}})", "{{pod}}")]),
        _Panel("Rows written", "rowsps", [(f"sum (rate({_LOG}_rows_total{{{series}}}[{_RATE}]))", "rows")]),
        _Panel("Pods that reach the database", "short", [(f"sum ({_LOG}_database_up{{{series}}})", "pods")]),
    ]


def _variables(name: str) -> list[dict[str, Any]]:
    query = f"label_values({_LOG}_calls_total{{{selector(name)}}}, namespace)"
    return [
        {"name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus"},
        {
            "name": "namespace",
            "type": "query",
            "label": "Namespace",
            "datasource": _SOURCE,
            "query": query,
            "refresh": 2,
        },
    ]


def _drawn(number: int, own: _Panel) -> dict[str, Any]:
    place = number * _WIDTH
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    custom = {}
    if own.limit is not None:
        steps.append({"color": "red", "value": own.limit})
        custom = {"custom": {"thresholdsStyle": {"mode": "line"}}}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": own.title,
        "datasource": _SOURCE,
        "gridPos": {"h": _HEIGHT, "w": _WIDTH, "x": place % _ROW, "y": place // _ROW * _HEIGHT},
        "fieldConfig": {
            "defaults": {"unit": own.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}, **custom},
            "overrides": [],
        },
        "targets": [
            {"refId": chr(ord("A") + i), "datasource": _SOURCE, "expr": expr, "legendFormat": legend}
            for i, (expr, legend) in enumerate(own.queries)
        ],
    }
