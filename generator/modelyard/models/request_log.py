"""The request log of a model: where a row for each scored row goes, what of it is kept, and what is measured there."""

import re
from typing import Annotated, Final

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import ObjectName, PositiveDuration, Shape, checked

TABLE: Final = "scoring_log"
_SHARE: Final = re.compile(r"(100(?:\.0{1,3})?|[0-9]{1,2}(?:\.[0-9]{1,3})?)%")


def _share(text: str) -> str | None:
    found = _SHARE.fullmatch(text)
    return None if found and float(found[1]) > 0 else "must be a share with its sign, such as 10%, and more than 0%"


def _days(text: str) -> str | None:
    return None if names.seconds(text) % 86_400 == 0 else "must be whole days, such as 90d"


Column = Annotated[str, Field(min_length=1, max_length=256)]


class Postgres(Shape):
    """The database of the log."""

    secret: ObjectName = Field(description="Secret whose key `uri` has the address, with the login that may write.")


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

    postgres: Postgres = Field(description="PostgreSQL, 14 or newer.")
    table: Annotated[str, checked(names.log_table)] = Field(
        TABLE, description="Table of the log; a set has one. `modelyard monitor migrate` makes it."
    )
    id: Column | None = Field(
        None, description="Input that outcomes are joined by; X-Request-Id and the row's position if absent."
    )
    sample: Annotated[str, checked(_share)] = Field("100%", description="Share of the calls that are logged.")
    columns: LoggedColumns | None = Field(None, description="What of a row is left out, or hashed.")
    retention: Annotated[PositiveDuration, checked(_days)] | None = Field(
        None, description="How long rows are kept, such as 90d; for ever if absent."
    )


class Monitor(Shape):
    """What is measured in the request log."""

    score: Column | None = Field(None, description="Output that is measured; the log has it as a number of its own.")
