"""Masters in programs, configuration and calls: with most of them the cluster is never used.

Source: Apache Spark 4.0, docs/submitting-applications.md ("Master URLs") and docs/configuration.md: properties set in
the program come first, then those of spark-submit, then spark-defaults.conf.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from modelyard.problems import Problem
from modelyard.problems.patterns import pattern
from modelyard.spark_migration.code import Call
from modelyard.spark_migration.evidence import Evidence, Value

_MASTER: Final = pattern(
    r"local(?:\[[^\]]{0,20}\])?|local-cluster\[.{0,40}|spark://.*|mesos://.*|k8s://.*|yarn-(?:client|cluster)"
)
_KEYS: Final = frozenset(("master", "spark_master", "master_url", "spark_master_url"))
_SET: Final = frozenset(("set", "config", "setIfMissing", "option"))


def check(evidence: Evidence) -> Iterable[Problem]:
    """Find masters that are set in a program, in its configuration, or on a command line."""
    for program in evidence.own_programs():
        for call in program.calls:
            for value, shown in _of_call(call):
                at = Value(program.text.path, call.node.end_lineno or call.node.lineno, "", value)
                yield _finding(evidence, at._replace(line=_line(call)), shown)
    for setting in evidence.own_settings():
        at = Value(setting.path, setting.line, setting.key, setting.value, "", setting.column)
        if (at.last in _KEYS or setting.key.endswith("spark.master")) and _MASTER.fullmatch(setting.value):
            yield _finding(evidence, at, f"{setting.key}: {setting.value}")
    for submit in evidence.own_submits():
        master = submit.settings.get("spark.master", "")
        if _MASTER.fullmatch(master):
            message = f"the call runs the job with --master {master}, which is not taken over"
            yield evidence.finding(
                "MY903", submit, message, "on the cluster the job runs with the cluster's own master"
            )


def _of_call(call: Call) -> Iterator[tuple[str, str]]:
    """Yield the master that a call sets, and how it is written."""
    names = call.name.split(".")
    value = None
    if call.last == "setMaster" or (call.last == "master" and ("builder" in names or "SparkSession" in names)):
        value = call.text(0, "master", "value")
    elif call.last in ("SparkContext", "StreamingContext"):
        value = call.text(0, "master")
    elif call.last in _SET and call.text(0, "key") == "spark.master":
        value = call.text(1, "value")
    if value and _MASTER.fullmatch(value):
        yield value, f'{call.last}("{value}")'


def _line(call: Call) -> int:
    """Return the line of the name that is called: a chain may have many."""
    func = call.node.func
    return (func.end_lineno or func.lineno) if isinstance(func, ast.Attribute) else call.node.lineno


def _finding(evidence: Evidence, at: Value, shown: str) -> Problem:
    why = "the whole job runs on one machine, and the cluster is never used"
    if not at.value.startswith("local"):
        why = "the job looks for another cluster" if "://" in at.value else "Spark knows this form no more"
    return evidence.finding("MY903", at, f"{shown}: {why}", "take it out: the cluster sets its own master")
