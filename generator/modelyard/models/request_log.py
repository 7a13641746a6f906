"""The request log of a model: where a row for each scored row goes, what of it is kept, and what is measured there."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import Day, ObjectName, PositiveDuration, Shape, checked, is_share, share

TABLE: Final = "scoring_log"
STORES: Final = ("s3", "gs")


def _share(text: str) -> str | None:
    return (
        None if is_share(text) and share(text) > 0 else "must be a share with its sign, such as 10%, and more than 0%"
    )


def _page(text: str) -> str | None:
    parts = urlsplit(text)
    sound = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc and not re.search(r"\s", text)
    return None if sound else "must be a page, such as https://grafana.example.com/d/wells"


def _days(text: str) -> str | None:
    return None if names.seconds(text) % 86_400 == 0 else "must be whole days, such as 90d"


def _span(text: str) -> str | None:
    return None if names.seconds(text) <= 3650 * 86_400 else "must be at most 3650d"


def _folder(text: str) -> str | None:
    scheme, _, rest = text.partition("://")
    bucket, _, folder = rest.partition("/")
    if scheme not in STORES or not bucket or not folder.strip("/"):
        return f"must be {' or '.join(f'{each}://BUCKET/FOLDER' for each in STORES)}"
    if "@" in bucket or re.search(r"[?#]", text):
        return "must hold no credentials and no parameters: they come from the environment"
    plain = re.fullmatch(r"[A-Za-z0-9._=+/-]+", rest)  # a folder's name is a pattern where others would stand
    is_plain = plain and not any(each in ("", ".", "..") for each in rest.rstrip("/").split("/"))
    return None if is_plain else "must have letters, digits and . _ = + - between its slashes"


Metric = Literal["ks", "auc", "accuracy", "mae", "rmse", "psi"]
Span = Annotated[PositiveDuration, checked(_span)]
Column = Annotated[str, Field(min_length=1, max_length=256)]


class Postgres(Shape):
    """The database of the log."""

    secret: ObjectName = Field(description="Secret whose key `uri` has the address, with a login.")


class HashedColumns(Shape):
    """Columns of which the log has a keyed hash: they can be joined, and not read."""

    fields: Annotated[list[Column], Field(min_length=1)] = Field(description="Names of inputs or outputs.")
    secret: ObjectName = Field(description="Secret whose key `key` has the key of the hash.")


class LoggedColumns(Shape):
    """What of a row the log does not have as it is. Names are alike in any case, and are found at any depth."""

    drop: Annotated[list[Column], Field(min_length=1)] | None = Field(None, description="Left out of the log.")
    hash: HashedColumns | None = Field(None, description="Hashed with a key: HMAC with SHA-256.")


class RequestLog(Shape):
    """A row for each scored row, written by a sidecar in front of the model. It is for targets in a cluster."""

    postgres: Postgres | None = Field(None, description="PostgreSQL, 14 or newer; this or `files`.")
    files: Annotated[str, checked(_folder)] | None = Field(
        None, description="Folder of a bucket, s3:// or gs://, in which the log is Parquet; this or `postgres`."
    )
    secret: ObjectName | None = Field(
        None,
        description="Secret whose keys are environment variables with a login to the bucket of `files`; the pods' "
        "service account if absent.",
    )
    table: Annotated[str, checked(names.log_table)] = Field(
        TABLE, description="Table of the log; a set has one. `modelyard monitor migrate` makes it."
    )
    id: Column | None = Field(
        None, description="Input that outcomes are joined by; X-Request-Id and the row's position if absent."
    )
    sample: Annotated[str, checked(_share)] = Field("100%", description="Share of the calls that are logged.")
    columns: LoggedColumns | None = Field(None, description="What of a row is left out, or hashed.")
    retention: Annotated[Span, checked(_days)] | None = Field(
        None, description="How long rows are kept, such as 90d; for ever if absent."
    )


class Baseline(Shape):
    """The days that distributions are held against. What they are like is kept when their rows have gone."""

    from_: Day = Field(alias="from", description="First day, such as 2026-09-01 (UTC).")
    to: Day = Field(description="Last day.")


class Retrain(Shape):
    """What is started when a model falls beyond its threshold: once for each alert."""

    cronJob: ObjectName = Field(
        description="CronJob in the models' namespace: a Job is created from it, with the window in its environment."
    )


class Monitor(Shape):
    """What is measured in the request log, by `modelyard monitor run`."""

    score: Column | None = Field(None, description="Output that is measured; the log has it as a number of its own.")
    target: Column | None = Field(
        None, description="Outcome: the column's name in what `modelyard monitor actuals` loads."
    )
    metric: Metric | None = Field(None, description="What the threshold is for.")
    threshold: Annotated[float, Field(ge=0)] | None = Field(
        None, description="An alert below it; above it for mae, rmse and psi."
    )
    window: Span = Field("7d", description="How much of the log is measured, up to now.")
    delay: Span | None = Field(
        None, description="Time until outcomes are there: windows of what needs them end so long ago."
    )
    baseline: Baseline | None = Field(None, description="What inputs and score are held against.")
    minRows: Annotated[int, Field(ge=1)] = Field(500, description="With fewer rows a measure gives no alert.")
    schedule: Annotated[str, checked(names.cron)] | None = Field(
        None, description='Render a CronJob that measures: five fields of cron in UTC, such as "0 6 * * *".'
    )
    url: Annotated[str, checked(_page)] | None = Field(
        None, description="Page that notices of alerts lead to, such as a dashboard."
    )
    retrain: Retrain | None = Field(None, description="Retraining that an alert starts.")
    postgres: Postgres | None = Field(
        None, description="The database with a login that may measure; that of requestLog if absent."
    )
    secret: ObjectName | None = Field(
        None, description="Secret with a login to the bucket that may measure; that of requestLog if absent."
    )
