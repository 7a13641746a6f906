"""Calls of spark-submit and gcloud, wherever they stand: in shell scripts, Makefiles, Dockerfiles, prose and DAGs.

Source of the options: Apache Spark 4.0, core/src/main/java/org/apache/spark/launcher/SparkSubmitOptionParser.java, and
the Google Cloud CLI's reference of `gcloud dataproc`.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from modelyard.spark_migration.folder import Folder
from modelyard.spark_migration.shell import Command, Variable, commands

SUBMITS: Final = ("spark-submit", "spark2-submit", "spark3-submit")
_FLAGS: Final = frozenset(("--help", "-h", "--supervise", "--verbose", "-v", "--version", "--usage-error"))
# What an option sets, by the name of Spark's own setting.
OPTIONS: Final = {
    "--archives": "spark.archives",
    "--deploy-mode": "spark.submit.deployMode",
    "--driver-cores": "spark.driver.cores",
    "--driver-memory": "spark.driver.memory",
    "--executor-cores": "spark.executor.cores",
    "--executor-memory": "spark.executor.memory",
    "--files": "spark.files",
    "--jars": "spark.jars",
    "--keytab": "spark.kerberos.keytab",
    "--master": "spark.master",
    "--name": "spark.app.name",
    "--num-executors": "spark.executor.instances",
    "--packages": "spark.jars.packages",
    "--principal": "spark.kerberos.principal",
    "--py-files": "spark.submit.pyFiles",
    "--queue": "spark.yarn.queue",
    "--repositories": "spark.jars.repositories",
}
_GCLOUD_LISTS: Final = {"--files": "spark.files", "--py-files": "spark.submit.pyFiles", "--jars": "spark.jars",
                        "--archives": "spark.archives"}  # fmt: skip
_LISTS: Final = frozenset(_GCLOUD_LISTS.values())


@dataclass
class Submit:
    """One call. settings: by Spark's names. options: those of gcloud, and of spark-submit that set nothing.

    path and line: where it stands. main: empty where none is named. schedule: of the DAG that it belongs to. is_open:
    a word of it is known when it runs alone.
    """

    path: str
    line: int
    main: str = ""
    args: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    schedule: str = ""
    is_open: bool = False

    def listed(self, name: str) -> list[str]:
        """Return the items of a setting that is a list with commas."""
        return [each.strip() for each in self.settings.get(name, "").split(",") if each.strip()]

    def add(self, name: str, value: str) -> None:
        """Set a setting; what is a list grows."""
        before = self.settings.get(name, "")
        self.settings[name] = f"{before},{value}" if name in _LISTS and before else value


@dataclass
class Calls:
    """What the scripts of a project call and set. created: clusters that `gcloud dataproc clusters create` makes."""

    submits: list[Submit] = field(default_factory=list)
    created: list[Submit] = field(default_factory=list)
    variables: dict[str, list[tuple[str, Variable]]] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)


def calls(folder: Folder) -> Calls:
    """Return the calls in all scripts and all prose of a project."""
    found = Calls()
    for text in folder.of_kind("shell", "make", "docker", "prose", "env"):
        every, variables = commands(text, (*SUBMITS, "gcloud", "pip"))
        for variable in variables:
            found.variables.setdefault(variable.name, []).append((text.path, variable))
        found.commands += every
        for command in every:
            found.submits += _of_command(command)
            found.created += _clusters(command)
    return found


def of_words(path: str, line: int, words: Sequence[str]) -> list[Submit]:
    """Return the calls in the words of a command."""
    return [*_of_command(Command(path, line, line, tuple(words)))]


def _of_command(command: Command) -> Iterator[Submit]:
    words = command.words
    for i, word in enumerate(words):
        if posixpath.basename(word) in SUBMITS and not any(each.startswith("-") for each in words[:i]):
            submit = Submit(command.path, command.line)
            _read(submit, [*words[i + 1 :]])
            if submit.main or submit.settings:
                yield submit
            return
        if word == "gcloud" and _is_job(words[i:]):
            submit = Submit(command.path, command.line)
            _read_gcloud(submit, [*words[words.index("pyspark", i) + 1 :]])
            yield submit
            return


def _is_job(words: Sequence[str]) -> bool:
    kinds = ("jobs", "batches")
    return "dataproc" in words and "submit" in words and "pyspark" in words and any(each in words for each in kinds)


def _clusters(command: Command) -> Iterator[Submit]:
    words = [each for each in command.words if each not in ("beta", "alpha")]
    if "gcloud" in words and words[words.index("gcloud") + 1 :][:3] == ["dataproc", "clusters", "create"]:
        submit = Submit(command.path, command.line)
        _read_gcloud(submit, words[words.index("create") + 1 :])
        yield submit


def _read(submit: Submit, words: list[str]) -> None:
    """Read the words behind spark-submit, as it does: options up to the first word that is none."""
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        if not name.startswith("-"):
            if _is_word(name):
                submit.main, submit.args = words[at], words[at + 1 :]
                return
            submit.is_open = True
            at += 1  # $conf, "${conf[@]}" of a variable that is not known
            continue
        at += 1
        if name in _FLAGS:
            continue
        if not equals:
            value = words[at] if at < len(words) else ""
            at += 1
        _set(submit, name, value)


def _is_word(text: str) -> bool:
    return not text.startswith(("$", "`", "\\")) or text.endswith(".py") or "/" in text


def _set(submit: Submit, name: str, value: str) -> None:
    if name in ("--conf", "-c", "--properties"):
        key, _, what = value.partition("=")
        submit.add(key.strip(), what.strip())
    elif name in OPTIONS:
        submit.add(OPTIONS[name], value)
    else:
        submit.options[name] = value


def _read_gcloud(submit: Submit, words: list[str]) -> None:
    """Read the words behind `gcloud dataproc … pyspark`, or `… clusters create`."""
    if "--" in words:
        words, submit.args = words[: words.index("--")], words[words.index("--") + 1 :]
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        at += 1
        if not name.startswith("-"):
            submit.main = submit.main or words[at - 1]
            continue
        if not equals and at < len(words) and not words[at].startswith("-"):
            value = words[at]
            at += 1
        if name == "--properties":
            for pair in value.split(","):
                key, _, what = pair.partition("=")
                submit.add(key.removeprefix("spark:").strip(), what.strip())
        elif name in _GCLOUD_LISTS:
            submit.add(_GCLOUD_LISTS[name], value)
        else:
            submit.options[name] = value
