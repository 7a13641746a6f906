"""Addresses of data: HDFS, Hive, other buckets, paths of one machine, key files.

Source: Apache Hadoop 3.4, "FileSystem Shell" (a path without a scheme is one of fs.defaultFS, which Dataproc sets to
the cluster's own HDFS); Google Cloud's "Best practices for managing service account keys".
"""

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final

from modelyard.problems import Problem
from modelyard.problems.patterns import pattern
from modelyard.spark_migration.evidence import Evidence, Value

_HDFS: Final = pattern(r"\b(?:hdfs|webhdfs|swebhdfs|viewfs|har)://[^\s\"'`,;)]{0,200}")
_THRIFT: Final = pattern(r"\bthrift://[^\s\"'`,;)]{0,200}|\bjdbc:hive2://[^\s\"'`;)]{0,200}")
_BUCKET: Final = pattern(r"\bgs://([a-z0-9][a-z0-9._-]{1,220})(?=[/\s\"'`,;)]|$)")
_LOCAL: Final = pattern(
    r"file:/{1,3}[^\s\"'`,;)]{1,200}|(?:/(?:home|Users|data[0-9]{0,3}|mnt|srv|scratch|afs|eos|cvmfs|nfs|root|media|u[0-9]{2})/|~/|[A-Za-z]:\\)"
    r"[^\s\"'`,;:)]{1,200}"
)
_HADOOP: Final = pattern(r"/(?:user|apps|project|projects|warehouse|wmf|tmp/hive)/[\w./=*{}-]{1,200}")
_KEY: Final = pattern(
    r"[\w./~$-]{0,200}\.(?:keytab|p12|pem|jks)|[\w./~-]{0,200}(?:key|credential|service-?account)[\w-]{0,80}\.json"
)
_READS: Final = frozenset(
    ("csv", "parquet", "json", "orc", "text", "textFile", "load", "save", "wholeTextFiles", "saveAsTextFile", "avro")
)
_METASTORE: Final = frozenset(("hive.metastore.uris", "spark.hadoop.hive.metastore.uris", "spark.sql.warehouse.dir"))
_HIVE_CALLS: Final = frozenset(("enableHiveSupport", "HiveContext", "saveAsTable", "insertInto"))
_AUTHENTICATE: Final = frozenset(
    ("from_service_account_file", "from_service_account_json", "from_service_account_info")
)
_VARIABLE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_MAX_SHOWN: Final = 80


def check(evidence: Evidence) -> Iterable[Problem]:
    """Find addresses that the cluster does not have, or that are not this model's."""
    for value in evidence.values():
        if len(value.value) < 20_000:
            yield from _of_value(evidence, value)
    for program in evidence.own_programs():
        for call in program.calls:
            at = Value(program.text.path, call.node.end_lineno or call.node.lineno, "", "", call.name)
            if call.last in _HIVE_CALLS:
                yield _hive(evidence, at, f"{call.last}()")
            elif call.last == "table" and "." in (call.text(0, "tableName") or "") and "spark" in call.name.lower():
                yield _hive(evidence, at, f"the table {call.text(0, 'tableName')}")
            elif call.last in _AUTHENTICATE:
                yield _key(evidence, at, f"{call.last}()")
    for submit in evidence.own_submits():
        if "spark.kerberos.principal" in submit.settings and "spark.kerberos.keytab" not in submit.settings:
            yield _key(evidence, Value(submit.path, submit.line, "", ""), "--principal")
    for path, (_, variable) in _exported(evidence):
        yield _key(evidence, Value(path, variable, "", ""), _VARIABLE)


def _exported(evidence: Evidence) -> Iterator[tuple[str, tuple[str, int]]]:
    for path, variable in evidence.calls.variables.get(_VARIABLE, ()):
        yield path, (variable.name, variable.line)


def _of_value(evidence: Evidence, value: Value) -> Iterator[Problem]:
    text = value.value
    if found := _HDFS.search(text):
        hint = f"copy the data to gs://{evidence.bucket}/…, and read it there"
        yield evidence.finding("MY905", value, f"{_short(found[0])} is an address in HDFS", hint)
    elif _HADOOP.fullmatch(text.strip()):
        hint = f"copy the data to gs://{evidence.bucket}/…, and read it there"
        yield evidence.finding("MY905", value, f"{_short(text)} is a path in the HDFS of the old cluster", hint)
    if found := _THRIFT.search(text):
        yield _hive(evidence, value, _short(found[0]))
    elif value.name in _METASTORE and text:
        yield _hive(evidence, value, value.name)
    yield from _buckets(evidence, value)
    if _VARIABLE in (value.name, text):
        yield _key(evidence, value, _VARIABLE)
    elif value.name in ("spark.kerberos.keytab", "spark.yarn.keytab", "spark.kerberos.principal"):
        yield _key(evidence, value, value.name)
    elif " " not in text and _KEY.fullmatch(text):
        yield _key(evidence, value, posixpath.basename(text))
    elif value.path in evidence.programs and value.path not in evidence.chosen.files:
        return  # what starts the jobs runs elsewhere
    elif _is_local(value):
        yield evidence.finding("MY912", value, f"{_short(text)} is a path on one machine", _moved(evidence))
    elif _is_relative(value):
        message = f"{_short(text)} is looked for in the cluster's own HDFS, which is empty"
        yield evidence.finding("MY912", value, message, _moved(evidence))


def _moved(evidence: Evidence) -> str:
    return f"read data from gs://{evidence.bucket}/…; list small files of the job under `files`"


def _buckets(evidence: Evidence, value: Value) -> Iterator[Problem]:
    for found in _BUCKET.finditer(value.value):
        name = found[1]
        if name != evidence.bucket and not name.startswith(("goog-dataproc", "dataproc-", "spark-lib", "hadoop-lib")):
            yield _other(evidence, value, name)
            return
    is_name = value.last in ("bucket", "bucket_name", "gcs_bucket", "bucketname") and not value.call.endswith("get")
    if is_name and value.value and value.value != evidence.bucket and not any(each in value.value for each in "{$/ <"):
        yield _other(evidence, value, value.value)


def _other(evidence: Evidence, value: Value, name: str) -> Problem:
    hint = "change it, or give the service account access to both"
    return evidence.finding("MY916", value, f"the bucket is {name} here, and {evidence.bucket} for this model", hint)


def _is_local(value: Value) -> bool:
    text = value.value.strip()
    if value.name in ("spark.files", "spark.submit.pyFiles", "spark.jars", "spark.archives") or "\n" in text:
        return False
    return _LOCAL.match(text) is not None and " " not in text


def _is_relative(value: Value) -> bool:
    """Tell whether Spark reads or writes a path without a scheme: no table, no format."""
    last = value.call.rpartition(".")[2]
    spark = last in _READS and any(each in value.call for each in ("read", "write", "sc", "spark", "sparkContext"))
    plain = (
        value.value and not value.name and "://" not in value.value and not any(each in value.value for each in "{ %")
    )
    return bool(spark and plain and not value.value.startswith("/") and ("/" in value.value or "." in value.value))


def _hive(evidence: Evidence, at: Value, shown: str) -> Problem:
    hint = "read the table's files from the bucket, or attach a Dataproc Metastore service to the cluster"
    return evidence.finding("MY906", at, f"{shown} needs a Hive metastore, and that of the cluster is empty", hint)


def _key(evidence: Evidence, at: Value, shown: str) -> Problem:
    hint = "take it out: the job is the service account of the cluster, which needs no key"
    return evidence.finding("MY907", at, f"{shown} authenticates with a key that does not move", hint)


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
