"""Airflow DAGs: operators that submit jobs, and when they run.

Source: apache-airflow-providers-apache-spark 5.0, operators/spark_submit.py (names of the arguments);
apache-airflow-providers-google 12, operators/dataproc.py.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from modelyard.spark_migration import code
from modelyard.spark_migration.folder import Text
from modelyard.spark_migration.shell import commands
from modelyard.spark_migration.submits import SUBMITS, Submit, of_words

_PRESETS: Final = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
                   "@yearly": "0 0 1 1 *"}  # fmt: skip
_CRON_FIELDS: Final = 5
_ARGUMENTS: Final = {
    "archives": "spark.archives",
    "driver_memory": "spark.driver.memory",
    "executor_cores": "spark.executor.cores",
    "executor_memory": "spark.executor.memory",
    "files": "spark.files",
    "jars": "spark.jars",
    "keytab": "spark.kerberos.keytab",
    "max_executors": "spark.dynamicAllocation.maxExecutors",
    "num_executors": "spark.executor.instances",
    "packages": "spark.jars.packages",
    "principal": "spark.kerberos.principal",
    "py_files": "spark.submit.pyFiles",
    "queue": "spark.yarn.queue",
    "yarn_queue": "spark.yarn.queue",
}


def submits(program: code.Program) -> list[Submit]:
    """Return the calls of spark-submit that the operators of a DAG make."""
    if program.tree is None or not any(each.partition(".")[0] == "airflow" for each in program.imports):
        return []
    names = {each.name: each.value for each in program.literals if each.name and not each.call}
    found = [each for call in program.calls for each in _operator(program.text.path, call, names)]
    schedule = _schedule(program)
    for each in found:
        each.schedule = schedule
    return found


def _operator(path: str, call: code.Call, names: Mapping[str, str]) -> Iterator[Submit]:
    if call.last.endswith("SparkSubmitOperator"):
        yield _of_arguments(path, call, names)
    elif call.last == "BashOperator" and (command := call.text(9, "bash_command")) and "spark-submit" in command:
        found, _ = commands(Text(path, "shell", command), SUBMITS)
        for each in found:
            yield from of_words(path, call.node.lineno, each.words)


def _of_arguments(path: str, call: code.Call, names: Mapping[str, str]) -> Submit:
    submit = Submit(path, call.node.lineno)
    for keyword in call.node.keywords:
        text = _text(keyword.value, names)
        if keyword.arg == "application" and text:
            submit.main = text
        elif keyword.arg == "application_args":
            submit.args = [_text(each, names) or f"<{ast.unparse(each)[:60]}>" for each in _items(keyword.value)]
        elif keyword.arg in ("conf", "spark_config") and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if (name := code.constant(key)) and (what := _text(value, names)):
                    submit.add(name, what)
        elif keyword.arg in _ARGUMENTS and text:
            submit.add(_ARGUMENTS[keyword.arg], text)
    return submit


def _items(node: ast.expr) -> list[ast.expr]:
    """Return the items of a list, or of a sum of lists as far as they are written there."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_items(node.left), *_items(node.right)]
    return node.elts if isinstance(node, ast.List | ast.Tuple) else []


def _text(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """Return a text, a number, a variable's text, or the end of a sum: `ROOT + '/spark/score.py'`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        return str(node.value)
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        right = _text(node.right, names)
        return f"{_text(node.left, names) or ''}{right}" if right else None
    if isinstance(node, ast.JoinedStr):
        last = node.values[-1] if node.values else None
        return code.constant(last) if isinstance(last, ast.Constant) else None
    return None


def _schedule(program: code.Program) -> str:
    """Return the cron line of the last DAG of a file that has one; empty without."""
    for each in reversed(program.literals):
        if each.name in ("schedule_interval", "schedule") and each.call.endswith("DAG"):
            value = _PRESETS.get(each.value, each.value)
            if len(value.split()) == _CRON_FIELDS:
                return value
    return ""
