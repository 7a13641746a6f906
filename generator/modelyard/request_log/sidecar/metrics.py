"""What the sidecar counts, as Prometheus reads it (exposition format 0.0.4)."""

from collections.abc import Iterator
from typing import Final

from modelyard.request_log.counters import LATENCIES, Count, Counters

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX: Final = "modelyard_request_log"
_COUNTERS: Final = {
    "calls_total": ("Calls that score: POST.", {"": Count.CALLS}),
    "proxy_errors_total": ("Calls that the model did not take, or broke off.", {"": Count.ERRORS}),
    "answers_total": (
        "Answers to calls that score, and are not marked, by their status.",
        {
            'code="2xx"': Count.ANSWERS_2XX,
            'code="4xx"': Count.ANSWERS_4XX,
            'code="5xx"': Count.ANSWERS_5XX,
        },
    ),
    "unlogged_calls_total": (
        "Calls that are not to be logged.",
        {'reason="marked"': Count.MARKED, 'reason="sample"': Count.NOT_SAMPLED},
    ),
    "dropped_calls_total": (
        "Calls that could not be logged.",
        {
            'reason="memory"': Count.DROPPED_MEMORY,
            'reason="too_large"': Count.DROPPED_LARGE,
            'reason="spool_full"': Count.DROPPED_SPOOL,
            'reason="disk"': Count.DROPPED_DISK,
            'reason="refused"': Count.DROPPED_REFUSED,
        },
    ),
    "lost_calls_total": ("Calls that the end of the process took away before they were spooled.", {"": Count.LOST}),
    "spooled_calls_total": ("Calls that were given to the spool.", {"": Count.TAKEN}),
    "shipped_calls_total": ("Calls up to which all are in the log, or counted as dropped.", {"": Count.SHIPPED}),
    "rows_total": ("Rows that were written to the log.", {"": Count.ROWS}),
    "repeated_rows_total": ("Rows that were sent again, and were there.", {"": Count.REPEATED}),
    "unreadable_bodies_total": ("Bodies of no form that is known; their rows lack it.", {"": Count.UNREADABLE}),
    "batches_total": ("Batches that were committed, or files that were uploaded.", {"": Count.BATCHES}),
    "failed_batches_total": ("Batches or files that were not taken; they are sent again.", {"": Count.FAILED}),
    "mirrored_calls_total": (
        "Copies of calls for shadows.",
        {
            'result="answered"': Count.MIRRORED,
            'result="failed"': Count.MIRROR_FAILED,
            'result="dropped"': Count.MIRROR_DROPPED,
        },
    ),
    "shipper_restarts_total": (
        "How often what writes to the log was begun again.",
        {"": Count.RESTARTS},
    ),
}


def exposition(counters: Counters, spooled: int) -> str:
    """Return the text of /metrics. spooled: bytes that wait in the spool."""
    lines = []
    for name, (text, values) in _COUNTERS.items():
        lines += [f"# HELP {_PREFIX}_{name} {text}", f"# TYPE {_PREFIX}_{name} counter"]
        for labels, count in values.items():
            lines.append(f"{_PREFIX}_{name}{f'{{{labels}}}' if labels else ''} {counters[count]}")
    for name, text, value in (
        ("spool_bytes", "Bytes that wait in the spool.", spooled),
        (
            "database_up",
            "Whether the last batch, or file, was taken.",
            counters[Count.CONNECTED],
        ),
    ):
        lines += [f"# HELP {_PREFIX}_{name} {text}", f"# TYPE {_PREFIX}_{name} gauge", f"{_PREFIX}_{name} {value}"]
    return "\n".join([*lines, *_latency(counters), ""])


def _latency(counters: Counters) -> Iterator[str]:
    """Yield the histogram. Bounds are written as floats, as Prometheus 3 keeps them, so that 2 has the same."""
    name = f"{_PREFIX}_latency_seconds"
    yield f"# HELP {name} Time from the first byte of a call to the last of its answer."
    yield f"# TYPE {name} histogram"
    total = 0
    for bound, count in LATENCIES.items():
        total += counters[count]
        yield f'{name}_bucket{{le="{bound / 1e6}"}} {total}'
    total += counters[Count.LATENCY_MORE]
    yield f'{name}_bucket{{le="+Inf"}} {total}'
    yield f"{name}_sum {counters[Count.LATENCY_SUM] / 1e6}"
    yield f"{name}_count {total}"
