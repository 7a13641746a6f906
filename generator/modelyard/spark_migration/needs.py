"""What a job needs beside its main file: files next to it, modules, archives, settings; and its arguments there."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from modelyard.problems import Problem
from modelyard.problems.credentials import HIDDEN, is_credential, is_credential_value, item_names
from modelyard.spark_migration.evidence import Evidence, Value
from modelyard.spark_migration.jobs import Job, located
from modelyard.spark_migration.rules.clusters import why_left
from modelyard.spark_migration.submits import Submit

# Settings that have a place of their own in the models file, or none on a cluster.
_PLACED: Final = frozenset(
    (
        "spark.app.name", "spark.archives", "spark.driver.cores", "spark.driver.memory", "spark.executor.cores",
        "spark.executor.memory", "spark.files", "spark.jars", "spark.kerberos.keytab", "spark.kerberos.principal",
        "spark.master", "spark.submit.deployMode", "spark.submit.pyFiles", "spark.yarn.keytab", "spark.yarn.principal",
        "spark.yarn.executor.memoryOverhead", "spark.yarn.driver.memoryOverhead",
    )
)  # fmt: skip
_UNKNOWN: Final = ("$", "`", "<", "{{")
_BESIDE: Final = (".yaml", ".yml", ".json", ".ini", ".cfg", ".conf", ".properties", ".txt", ".csv", ".sql")
_MAX_BESIDE: Final = 16 << 20  # bytes of a file that is listed though no call names it


@dataclass
class Needs:
    """What one job needs. files, modules, packages, jars, archives: paths of the project. conf: Spark's settings.

    urls: what lies in a bucket already, by the setting that lists it.
    """

    main: str
    args: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    jars: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    urls: dict[str, list[str]] = field(default_factory=dict)
    conf: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def needs(evidence: Evidence, job: Job, secret: frozenset[str]) -> Needs:
    """Return what a job needs. secret: paths that are never listed. Problems: MY920 what is not there, MY921."""
    found = Needs(job.path)
    submit = job.submit
    if submit:
        found.conf = {name: value for name, value in submit.settings.items() if _is_kept(evidence, submit, name, found)}
        _shipped(evidence, submit, found)
        found.args = [*_arguments(evidence, submit, found)]
    found.files += [each for each in _mentioned(evidence, job) if each not in found.files]
    _imports(evidence, job, found)
    for listed in (found.files, found.modules, found.jars, found.archives):
        listed[:] = [each for each in dict.fromkeys(listed) if each not in secret]
    return found


def _shipped(evidence: Evidence, submit: Submit, found: Needs) -> None:
    """Sort what --files, --py-files, --jars and --archives name into what is there and what is not."""
    for name, into in (
        ("spark.files", found.files),
        ("spark.submit.pyFiles", found.modules),
        ("spark.jars", found.jars),
        ("spark.archives", found.archives),
    ):
        for each in submit.listed(name):
            if each.startswith("#"):
                at = Value(submit.path, submit.line, name, each)
                message = f"which file is {each[1:]} beside the job is known when the DAG runs alone"
                found.problems.append(evidence.finding("MY921", at, message, "put it into the bucket, and list it"))
                continue
            path = located(evidence.folder, each, submit.path)
            at = Value(submit.path, submit.line, name, each)
            if path:
                into.append(path)
            elif not each.startswith("$") and "://" not in each:
                hint = "make it, put it into the bucket, and list it by its name there"
                found.problems.append(evidence.finding("MY920", at, f"{each} is not in the project", hint))
            elif each.startswith("gs://"):
                found.urls.setdefault(name, []).append(each)


def _arguments(evidence: Evidence, submit: Submit, found: Needs) -> Iterator[str]:
    """Yield the arguments; a file of the project lies beside the job on the cluster, and is listed."""
    words = [each for each in submit.args if each not in ("$@", "$*")]
    for flag, word in zip(item_names(words), words, strict=True):
        name, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
        path = located(evidence.folder, value, submit.path) if _is_file(value) else ""
        if path:
            found.files.append(path)
            yield f"{name}{equals}./{posixpath.basename(path)}"
        elif is_credential(name or flag, value) or is_credential_value(word):
            at = Value(submit.path, submit.line, "", "")
            message = f"the argument {name or flag or 'of this call'} holds a credential, and is left out"
            hint = "keep it in Secret Manager, and let the job read it there"
            found.problems.append(evidence.finding("MY908", at, message, hint))
            yield f"{name}{equals}{HIDDEN}"
        else:
            if any(sign in word for sign in _UNKNOWN):
                at = Value(submit.path, submit.line, "", "")
                message = f"the argument {word} is known when the script runs alone"
                found.problems.append(evidence.finding("MY921", at, message, "put in what it is for this model"))
            yield word


def _is_file(value: str) -> bool:
    return value.lower().partition("#")[0].endswith(_BESIDE) and "://" not in value and " " not in value


def _is_kept(evidence: Evidence, submit: Submit, name: str, found: Needs) -> bool:
    value = submit.settings[name]
    if name in _PLACED or not name.startswith("spark.") or why_left(name) or is_credential(name, value):
        return False
    if not any(sign in value for sign in _UNKNOWN):
        return True
    at = Value(submit.path, submit.line, name, "")
    message = f"the value of {name} is known when the script runs alone"
    found.problems.append(evidence.finding("MY921", at, message, "set it under `conf` if the job needs it"))
    return False


def _mentioned(evidence: Evidence, job: Job) -> Iterator[str]:
    """Yield the configuration files that a job's programs name, if they are small and lie in the project."""
    folder = evidence.folder
    for path in job.files:
        for each in evidence.programs[path].literals:
            value = each.value.strip()
            if _is_file(value) and not value.startswith("/") and 2 < len(value) < 200:
                found = located(folder, value, path)
                if found and folder.sizes[found] <= _MAX_BESIDE and found in evidence.relevant and _is_read(each.call):
                    yield found


def _is_read(call: str) -> bool:
    """Tell whether a text is no path that Spark reads or writes: that is data, and lies in the bucket."""
    *before, last = call.split(".")
    is_spark = any(part in ("read", "write", "readStream", "writeStream") for part in before)
    return not is_spark and last not in ("textFile", "saveAsTextFile", "wholeTextFiles")


def _imports(evidence: Evidence, job: Job, found: Needs) -> None:
    """Sort the project's own modules into packages, which are packed, and single files."""
    here = posixpath.dirname(job.path)
    for path in job.files[1:]:
        package = package_of(evidence, path)
        name = posixpath.basename(package)
        inside = package != here or any(each.split(".")[0] == name for each in evidence.programs[job.path].imports)
        if package and inside:
            if package not in found.packages and package:
                found.packages.append(package)
        elif path not in found.modules and not path.endswith("/__init__.py"):
            found.modules.append(path)


def package_of(evidence: Evidence, path: str) -> str:
    """Return the outermost package that a file is in; empty if it is in none."""
    folder, found = posixpath.dirname(path), ""
    while folder and f"{folder}/__init__.py" in evidence.folder.sizes:
        found, folder = folder, posixpath.dirname(folder)
    return found
