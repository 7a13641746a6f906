"""Options that take a time of the clock, in UTC."""

from datetime import datetime
from typing import Annotated, Final

import typer


def _of_our_time(moment: datetime | None) -> datetime | None:
    # Windows reach back from it, and not over an end of the calendar.
    if moment is not None and not 1970 <= moment.year < 3000:
        raise typer.BadParameter(f"{moment.date().isoformat()} is not from 1970 to 2999")
    return moment


FORMATS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]

At = Annotated[
    datetime | None,
    typer.Option(
        formats=FORMATS, callback=_of_our_time, help="Measure as if it were that time (UTC), to fill in the past."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(formats=FORMATS, callback=_of_our_time, help="Day, or time, at which it ends (UTC)."),
]
