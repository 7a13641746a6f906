"""Clusters as the project makes them: images, names, packages over the cluster's own, queues.

Source: Dataproc's documentation, "Dataproc image version list" (preview images) and "Python environment"
(initialization action pip-install.sh, metadata PIP_PACKAGES); Apache Spark 4.0, docs/running-on-yarn.md.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from modelyard.problems import Problem
from modelyard.problems.patterns import pattern
from modelyard.spark_migration.evidence import Evidence, Value

_PYSPARK: Final = pattern(r"(?:^|[\s\"',;=])pyspark(?:\[[\w,]{0,40}\])?(?=$|[\s\"',;=<>~!])")
_PIP: Final = frozenset(("pip", "pip2", "pip3"))
_PACKAGES: Final = frozenset(("pip_packages", "dataproc_pip_packages", "dataproc:pip.packages", "pip.packages"))
_NAMES: Final = {
    "job_id": "job", "jobid": "job", "cluster_name": "cluster", "clustername": "cluster", "batch_id": "batch",
}  # fmt: skip
_IMAGE: Final = frozenset(("image_version", "imageversion"))
_OLD: Final = (
    ("spark.yarn.queue", "a queue of YARN: the cluster runs one job, and has no queues"),
    ("spark.yarn.dist.", "a file that YARN spreads: list it under `files`"),
    ("spark.yarn.am.", "a setting of YARN's application master"),
    ("spark.yarn.executor.nodeLabelExpression", "a label of nodes: all workers are alike"),
    ("spark.yarn.maxAppAttempts", "attempts of YARN: the job's own retries are the cluster's"),
    ("spark.yarn.stagingDir", "a folder of the old cluster"),
    ("spark.yarn.archive", "Spark's own jars: the image has them"),
    ("spark.yarn.jars", "Spark's own jars: the image has them"),
    ("spark.driver.host", "an address of the old machine"),
    ("spark.driver.port", "a port of the old machine"),
    ("spark.driver.bindAddress", "an address of the old machine"),
    ("spark.driver.blockManager.port", "a port of the old machine"),
    ("spark.blockManager.port", "a port of the old machine"),
    ("spark.ui.port", "a port of the old machine"),
    ("spark.shuffle.useOldFetchProtocol", "the shuffle service of an older Spark"),
    ("spark.eventLog.", "the history server of the old cluster"),
    ("spark.yarn.historyServer.", "the history server of the old cluster"),
    ("spark.pyspark.python", "a Python of the old machines"),
    ("spark.pyspark.driver.python", "a Python of the old machines"),
    ("spark.yarn.appMasterEnv.PYSPARK", "a Python of the old machines"),
)


def why_left(name: str) -> str:
    """Return why a setting of Spark is not taken over; empty for what is."""
    return next((why for prefix, why in _OLD if name.startswith(prefix)), "")


def check(evidence: Evidence) -> Iterable[Problem]:
    """Find preview images, fixed names, pyspark from PyPI, and settings of the old cluster."""
    for value in evidence.values():
        yield from _of_value(evidence, value)
    yield from _installed(evidence)
    for created in evidence.calls.created:
        if created.main and "$" not in created.main:
            yield _fixed(evidence, Value(created.path, created.line, "", ""), "cluster", created.main)
    for submit in evidence.own_submits():
        for name in submit.settings:
            if why := why_left(name):
                at = Value(submit.path, submit.line, name, "")
                yield evidence.finding("MY917", at, f"{name} is {why}", "it is not taken over")


def _of_value(evidence: Evidence, value: Value) -> Iterator[Problem]:
    text = value.value.strip()
    if value.last in _IMAGE and "preview" in text.lower():
        hint = "the models file names a released image"
        yield evidence.finding("MY914", value, f"{value.last} is {text}, a preview image", hint)
    elif value.last in _NAMES and text and not any(sign in text for sign in "{}$%<>"):
        yield _fixed(evidence, value, _NAMES[value.last], text)
    elif value.last in _PACKAGES and _PYSPARK.search(text):
        yield _pyspark(evidence, value)
    elif why_left(value.name) and (value.call or value.path in evidence.settings):
        yield evidence.finding("MY917", value, f"{value.name} is {why_left(value.name)}", "it is not taken over")


def _fixed(evidence: Evidence, at: Value, what: str, name: str) -> Problem:
    message = f"the {what} is always called {name}: a second run conflicts with the first"
    return evidence.finding("MY915", at, message, "leave the name out: each run gets its own")


def _installed(evidence: Evidence) -> Iterator[Problem]:
    """Find pyspark in `pip install` of scripts, and in metadata of clusters."""
    for command in evidence.calls.commands:
        words = [each.rpartition("/")[2] for each in command.words]
        is_pip = "install" in words and not _PIP.isdisjoint(words)
        listed = next((each for each in command.words if "PIP_PACKAGES" in each.upper()), "")
        is_own = command.path in evidence.relevant and evidence.folder.texts[command.path].kind != "prose"
        if is_own and (_PYSPARK.search(listed) or (is_pip and any(map(_PYSPARK.search, command.words)))):
            yield _pyspark(evidence, Value(command.path, command.line, "", ""))
    for text in evidence.folder.of_kind("requirements"):
        if not evidence.concerns(text.path):
            continue
        for number, line in enumerate(text.lines, start=1):
            if _PYSPARK.search(line.partition("#")[0]) and not line.lstrip().startswith(("#", "[")):
                yield _pyspark(evidence, Value(text.path, number, "", ""))


def _pyspark(evidence: Evidence, at: Value) -> Problem:
    hint = "leave pyspark out of what is installed on the cluster: the image has it"
    return evidence.finding("MY904", at, "pyspark is installed over the cluster's own", hint)
