"""A pyspark project, moved: its models file, what will not move as it is, and the plan of what to upload.

from modelyard import api

result = api.migrate_spark("anomaly", bucket="network-spark")
print(result.text)
for each in result.problems:
    print(each.place, each.message, each.hint)
"""

from pathlib import Path

from modelyard.files import disk
from modelyard.problems import Problem, problem
from modelyard.spark_migration import Migration, Wishes, migrate

__all__ = ["Migration", "migrate_spark", "write"]


def migrate_spark(
    folder: str | Path, *, bucket: str, train: str = "", score: str = "", project: str = "", region: str = ""
) -> Migration:
    """Read a pyspark project, and return its models file, what will not move as it is, and what to upload.

    train, score: the jobs' files, relative to the folder, if their names do not say it. project, region: of Google
    Cloud. Nothing of the folder is run, and nothing is written. `.text` is empty if a problem is an error.
    """
    wishes = Wishes(bucket=bucket, train=train, score=score, project=project, region=region)
    return migrate(Path(folder), wishes)


def write(file: Path, text: str, *, replace: bool = False) -> list[Problem]:
    """Write a text to a new file; MY923 if there is one. replace: what it held before is replaced."""
    if replace:
        return disk.write(file, text.encode())
    is_new, problems = disk.create(file, text.encode())
    if not is_new and not problems:
        hint = "name another file, or let --replace replace it"
        return [problem("MY923", f"{disk.shown(file)} is already there", hint=hint)]
    return problems
