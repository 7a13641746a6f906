"""Alerts by how fast the budget of errors is used up, and that of slow calls, each over a long and a short window.

Source: The Site Reliability Workbook (Google, 2018), chapter 5, "Alerting on SLOs", table 5-8: a budget of 30 days, of
which 2 % go in an hour, 5 % in six, or 10 % in three days. The short window is a twelfth: it ends an alert soon after
its cause has gone.
"""

from typing import Any, Final, NamedTuple

from modelyard.models.base import share
from modelyard.models.metrics import Objective

_PREFIX: Final = "modelyard_request_log"
_WINDOWS: Final = ("5m", "30m", "1h", "6h", "3d")


class _Pair(NamedTuple):
    """Two windows, and how many times as fast as it may be the budget goes in both."""

    long: str
    short: str
    times: float


_PAGE: Final = (_Pair("1h", "5m", 14.4), _Pair("6h", "30m", 6.0))
_TICKET: Final = (_Pair("3d", "6h", 1.0),)


class _Ratio(NamedTuple):
    """A share of calls that is to be small. record: what series of it are called, with the window behind."""

    record: str
    alert: str
    budget: float
    what: str


def selector(name: str) -> str:
    """Return what tells the series of a model from others."""
    return f'app_kubernetes_io_name="{name}"'


def bound(latency: str) -> str:
    """Return the label le of a bucket, in seconds, as Prometheus 3 writes it."""
    number = float(latency.removesuffix("ms").removesuffix("s"))
    return str(number / 1000 if latency.endswith("ms") else number)


def failed(series: str, window: str, by: str) -> str:
    """Return the share of calls that are answered with 5xx."""
    failures = _sum("answers_total", series + ', code="5xx"', window, by)
    return f"{failures} / {_sum('answers_total', series, window, by)}"


def slow(series: str, window: str, by: str, latency: str) -> str:
    """Return the share of calls that are answered later than that."""
    fast = _sum("latency_seconds_bucket", f'{series}, le="{bound(latency)}"', window, by)
    return f"1 - {fast} / {_sum('latency_seconds_count', series, window, by)}"


def _sum(metric: str, series: str, window: str, by: str) -> str:
    return f"sum by ({by}) (rate({_PREFIX}_{metric}{{{series}}}[{window}]))"


def budget(objective: str) -> float:
    """Return what of all calls may be otherwise."""
    return round(1 - share(objective), 7)


def rules(name: str, own: Objective, namespace: str | None = None) -> list[dict[str, Any]]:
    """Return the rules of a model: shares over all windows, and alerts. namespace: the only one, where it is known."""
    within = f', namespace="{namespace}"' if namespace else ""
    series = selector(name) + within
    errors = _Ratio(
        "modelyard:failed_calls:ratio_rate", "ModelCallsFail", budget(own.availability),
        f"were answered with 5xx; {own.availability} are to be answered without",
    )  # fmt: skip
    late = _Ratio(
        "modelyard:slow_calls:ratio_rate", "ModelCallsAreSlow", budget(own.fast),
        f"took longer than {own.latency}; {own.fast} are to be faster",
    )  # fmt: skip
    found = []
    for ratio in (errors, late):
        for window in _WINDOWS:
            by = "namespace"
            share = failed(series, window, by) if ratio is errors else slow(series, window, by, own.latency)
            found.append({"record": f"{ratio.record}{window}", "expr": share, "labels": {"model": name}})
    for ratio in (errors, late):
        found += [_alert(name, within, ratio, _PAGE), _alert(name, within, ratio, _TICKET)]
    return found


def _alert(name: str, within: str, ratio: _Ratio, pairs: tuple[_Pair, ...]) -> dict[str, Any]:
    series = f'{{model="{name}"{within}}}'
    return {
        "alert": ratio.alert,
        "expr": " or ".join(_both(series, ratio, each) for each in pairs),
        "labels": {"severity": "critical" if pairs is _PAGE else "warning", "model": name},
        "annotations": {
            "summary": f"{name} uses up its budget too fast",
            "description": f"{{{{ $value | humanizePercentage }}}} of the calls of {name} {ratio.what}.",
        },
    }


def _both(series: str, ratio: _Ratio, own: _Pair) -> str:
    over = f"{series} > {own.times * ratio.budget:.6g}"
    return f"({ratio.record}{own.long}{over} and {ratio.record}{own.short}{over})"
