"""Options that take a time of the clock, in UTC."""

from datetime import datetime
from typing import Annotated

import typer

At = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"], help="Measure as if it were that time (UTC), to fill in the past."
    ),
]
