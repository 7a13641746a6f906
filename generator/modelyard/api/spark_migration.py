"""A pyspark project, moved: its models file, what will not move as it is, and the plan of what to upload.

from modelyard import api

result = api.migrate_spark("anomaly", bucket="network-spark")
print(result.text)
for each in result.problems:
    print(each.place, each.message, each.hint)
"""

from collections.abc import Mapping
from pathlib import Path

from modelyard.files import disk, regular
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


def write(files: Mapping[Path, str], *, replace: bool = False) -> list[Problem]:
    """Write new files; MY923 if one is there, and then none is written. replace: what they held before is replaced."""
    hint = "name another file, or let --replace replace it"
    taken = [] if replace else [file for file in files if regular.exists(file) or file.is_symlink()]
    if taken:
        return [problem("MY923", f"{disk.shown(each)} is already there", hint=hint) for each in taken]
    return [each for file, text in files.items() for each in disk.write(file, text.encode())]
