"""Options that take a time of the clock, in UTC."""

from datetime import datetime
from typing import Annotated, Final

import typer

FORMATS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]

At = Annotated[
    datetime | None, typer.Option(formats=FORMATS, help="Measure as if it were that time (UTC), to fill in the past.")
]
Until = Annotated[datetime | None, typer.Option(formats=FORMATS, help="Day, or time, at which it ends (UTC).")]
