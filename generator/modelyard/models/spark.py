"""Spark: the jobs of a model, what starts them, and how large their driver and executors are."""

from typing import Annotated, Final, Literal

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import Quantity, Shape, checked
from modelyard.problems.patterns import pattern

# cloud.google.com/storage/docs/buckets, "Bucket name requirements"; those with dots belong to domains.
_BUCKET: Final = pattern(r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]")
_SCHEMED: Final = pattern(r"[a-z][a-z0-9+.-]*:/.*")
_SETTING: Final = pattern(r"spark\.[A-Za-z0-9_.-]+")
_ZONE: Final = pattern(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


def _bucket(text: str) -> str | None:
    if _BUCKET.fullmatch(text) and not text.startswith("goog") and "google" not in text:
        return None
    return "must be 3 to 63 lower-case letters, digits, _ and -, and must not begin with goog or hold google"


def _object(text: str) -> str | None:
    if _SCHEMED.fullmatch(text):
        return None
    if text.startswith("/") or "//" in text or ".." in text.split("/") or "\n" in text:
        return "must be a path in the bucket, such as model/train.py, or a whole address, such as gs://bucket/train.py"
    return None


def _folder(text: str) -> str | None:
    if _SCHEMED.fullmatch(text) or text.startswith(("/", "*")) or not text.endswith("/"):
        return "must be a folder in the bucket that ends with /, such as data/scored/"
    return None


def _zone(text: str) -> str | None:
    return None if _ZONE.fullmatch(text) else "must be a name of the time zone database, such as Europe/Zurich"


def _setting(text: str) -> str | None:
    return None if _SETTING.fullmatch(text) else "must begin with spark. and hold letters, digits, _, . and -"


Bucket = Annotated[str, checked(_bucket)]
Uri = Annotated[str, Field(min_length=1, max_length=1024), checked(_object)]
Run = Literal["train", "score"]


class Job(Shape):
    """One job: a Python program and what it is given."""

    main: Uri = Field(description="The program: a path in the bucket, or an address such as gs:// or local://.")
    args: list[str] | None = Field(None, description="Its arguments, as they are.")
    files: list[Uri] | None = Field(None, description="Files that are put into its working folder.")
    pyFiles: list[Uri] | None = Field(None, description="Modules that it imports: .py, .zip or .egg.")
    jars: list[Uri] | None = Field(None, description="Java archives of driver and executors.")
    archives: list[Uri] | None = Field(None, description="Archives that are unpacked in its working folder.")
    outputs: list[Annotated[str, checked(_folder)]] | None = Field(
        None, description="Folders in the bucket that it writes; an upload there starts nothing."
    )


class Trigger(Shape):
    """What starts a job: an upload, or a time. Exactly one of object and schedule."""

    object: Annotated[str, Field(min_length=1, max_length=1024), checked(_object)] | None = Field(
        None, description="Path in the bucket; * stands for any part of a segment, ** for any segments."
    )
    schedule: Annotated[str, checked(names.cron)] | None = Field(None, description='Five fields of cron: "0 3 * * *".')
    timeZone: Annotated[str, checked(_zone)] | None = Field(
        None, description="Time zone of the schedule, such as Europe/Zurich; Etc/UTC if absent."
    )
    run: Run = Field(description="The job that it starts.")


class Size(Shape):
    """The driver, or each executor."""

    cores: Annotated[int, Field(ge=1, le=1024)] | None = Field(None, description="Cores; Spark decides if absent.")
    memory: Quantity | None = Field(None, description="Memory of its Java process, such as 8Gi, without overhead.")


class Champion(Shape):
    """The approved artefact: the job that scores uses this one, and no other."""

    version: Annotated[str, checked(names.label_value)] = Field(description="Version that was approved, as a text.")
    path: Uri = Field(description="Path in the bucket; the job that scores gets it as spark.modelyard.champion.path.")
    object: Uri | None = Field(
        None, description="The object whose generation is compared; metadata/part-00000 of path if absent."
    )
    generation: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        None, description="Generation of that object. On dataproc nothing is scored with one that was written since."
    )


class Spark(Shape):
    """Jobs of Spark that train and score."""

    bucket: Bucket = Field(description="Bucket that holds programs and data.")
    train: Job | None = Field(None, description="The job that trains.")
    score: Job | None = Field(None, description="The job that scores.")
    champion: Champion | None = Field(None, description="What was approved, and is scored with.")
    triggers: list[Trigger] | None = Field(None, description="What starts the jobs; the first that matches an upload.")
    driver: Size | None = Field(None, description="Size of the driver.")
    executor: Size | None = Field(None, description="Size of each executor.")
    conf: dict[Annotated[str, checked(_setting)], str] | None = Field(
        None, description="Further settings of Spark, whose names begin with spark."
    )
