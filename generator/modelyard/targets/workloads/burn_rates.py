"""Alerts by how fast the budget of errors is used up, and that of slow calls, each over a long and a short window.

Source: The Site Reliability Workbook (Google, 2018), chapter 5, "Alerting on SLOs", table 5-8: a budget of 30 days, of
which 2 % go in an hour, 5 % in six, or 10 % in three days. The short window is a twelfth: it ends an alert soon after
its cause has gone.
"""

from typing import Any, Final, NamedTuple

from modelyard.models.metrics import Objective

_PREFIX: Final = "modelyard_request_log"
_WINDOWS: Final = ("5m", "30m", "1h", "6h", "3d")
_PAGE: Final = (("1h", "5m", 14.4), ("6h", "30m", 6.0))  # windows, and how many times as fast as it may be
_TICKET: Final = (("3d", "6h", 1.0),)


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


def budget(share: str) -> float:
    """Return what of all calls may be otherwise."""
    return round(1 - float(share.removesuffix("%")) / 100, 7)


def rules(name: str, own: Objective) -> list[dict[str, Any]]:
    """Return the rules of a model: shares over all windows, and alerts."""
    series = selector(name)
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
        found += [_alert(name, ratio, _PAGE, "critical"), _alert(name, ratio, _TICKET, "warning")]
    return found


def _alert(name: str, ratio: _Ratio, pairs: tuple[tuple[str, str, float], ...], severity: str) -> dict[str, Any]:
    return {
        "alert": ratio.alert,
        "expr": " or ".join(_both(name, ratio, *each) for each in pairs),
        "labels": {"severity": severity, "model": name},
        "annotations": {
            "summary": f"{name} uses up its budget too fast",
            "description": f"{{{{ $value | humanizePercentage }}}} of the calls of {name} {ratio.what}.",
        },
    }


def _both(name: str, ratio: _Ratio, long: str, short: str, times: float) -> str:
    over = f'{{model="{name}"}} > {times * ratio.budget:.6g}'
    return f"({ratio.record}{long}{over} and {ratio.record}{short}{over})"
