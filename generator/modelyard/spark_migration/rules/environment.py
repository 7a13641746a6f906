"""Variables of the environment that a job reads, and that nobody sets on a cluster.

Source: Apache Spark 4.0, docs/configuration.md: in cluster mode spark.yarn.appMasterEnv.NAME sets a variable of the
driver, and spark.executorEnv.NAME one of the executors; Dataproc runs drivers in client mode, on the master.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from modelyard.problems import Problem
from modelyard.spark_migration.code import Program, constant, dotted
from modelyard.spark_migration.evidence import Evidence, Value

# What every machine of a cluster has.
_KNOWN: Final = frozenset(
    (
        "HADOOP_CONF_DIR", "HADOOP_HOME", "HOME", "HOSTNAME", "JAVA_HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PWD",
        "PYSPARK_DRIVER_PYTHON", "PYSPARK_PYTHON", "PYTHONPATH", "SHELL", "SPARK_CONF_DIR", "SPARK_HOME", "TMPDIR",
        "TZ", "USER", "YARN_CONF_DIR", "GOOGLE_APPLICATION_CREDENTIALS",
    )
)  # fmt: skip
_READ: Final = frozenset(("os.getenv", "os.environ.get", "environ.get", "getenv"))


def check(evidence: Evidence) -> Iterable[Problem]:
    """Find variables that the jobs read without a default."""
    given = _given(evidence)
    for path in evidence.chosen.files:
        seen: set[str] = set()
        for name, line in _variables(evidence.programs[path]):
            if name not in _KNOWN and name not in seen and name not in given:
                seen.add(name)
                yield _finding(evidence, path, line, name)


def _finding(evidence: Evidence, path: str, line: int, name: str) -> Problem:
    setting = evidence.calls.variables.get(name, ())
    where = next((f"{file}:{each.line}" for file, each in setting), "")
    message = f"{name} is set by {where} alone, which does not run on the cluster" if where else f"nobody sets {name}"
    return evidence.finding("MY913", Value(path, line, "", ""), message, "pass it as an argument of the job")


def _given(evidence: Evidence) -> set[str]:
    prefixes = ("spark.executorEnv.", "spark.yarn.appMasterEnv.")
    names = [name for submit in evidence.own_submits() for name in submit.settings]
    names += [each.key for each in evidence.own_settings()]
    return {name.removeprefix(prefix) for name in names for prefix in prefixes if name.startswith(prefix)}


def _variables(program: Program) -> Iterator[tuple[str, int]]:
    """Yield the variables that a program reads, but for those with a default and those that it sets itself."""
    own = {each.name for each in program.literals if each.name.isupper() and not each.call}
    for call in program.calls:
        is_default = len(call.node.args) > 1 or bool(call.node.keywords)
        if call.name in _READ and not is_default and (name := call.text(0, "key")):
            yield name, call.node.lineno
    for node in ast.walk(program.tree) if program.tree else ():
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            name = constant(node.slice)
            if dotted(node.value) in ("os.environ", "environ") and name and name not in own:
                yield name, node.lineno
