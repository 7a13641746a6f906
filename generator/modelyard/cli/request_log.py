"""request-log: the program in front of a model that logs what is scored."""

import os
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

import typer

from modelyard.cli.durations import Seconds, duration
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.manifests import names

_MODEL_PORT: Final = 80
_NONE: Final = Seconds(0)
_DRAIN: Final = Seconds(30)
_FLUSH: Final = Seconds(10)
_EVERY: Final = Seconds(60)


def _moment(value: str | Seconds) -> Seconds:
    """Return a duration that may be none at all."""
    return _NONE if value in ("0", "0s") else duration(value)


def _size(text: str) -> str:
    if wrong := names.size(text):
        raise typer.BadParameter(f"{text!r} {wrong}")
    return text


def _table(text: str) -> str:
    if wrong := names.log_table(text):
        raise typer.BadParameter(f"{text!r} {wrong}")
    return text


def _server(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
        raise typer.BadParameter("name a server as http://HOST:PORT")
    return parts


def _share(text: str) -> float:
    number = text.removesuffix("%")
    if (
        number == text
        or not (number.isascii() and number.replace(".", "", 1).isdecimal())
        or not 0 < float(number) <= 100
    ):
        raise typer.BadParameter(f"{text!r} is no share such as 10%")
    return float(number)


Model = Annotated[str, typer.Argument(metavar="URL", help="Server of the model: http://127.0.0.1:8080.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port that takes calls.")]
AdminPort = Annotated[
    int, typer.Option(min=1, max=65535, help="Port with /healthz, /ready and /metrics, for kubelet and Prometheus.")
]
Table = Annotated[str, typer.Option(callback=_table, help="Table of the log.")]
Files = Annotated[
    str,
    typer.Option(metavar="URL", help="Folder that has the log as Parquet, s3:// or gs://, in place of a database."),
]
Every = Annotated[
    Seconds, typer.Option(parser=duration, metavar="DURATION", help="With --files, the time that a file gathers rows.")
]
Name = Annotated[str, typer.Option("--model", metavar="NAME", help="What the log calls the model.")]
Variant = Annotated[str | None, typer.Option(metavar="NAME", help="What it calls the variant.")]
Image = Annotated[str | None, typer.Option(help="Image of the model; its digest is logged, if it has one.")]
Identity = Annotated[str | None, typer.Option("--id", metavar="INPUT", help="Input that joins outcomes.")]
Score = Annotated[str | None, typer.Option(metavar="OUTPUT", help="Output that is measured.")]
Sample = Annotated[str, typer.Option(metavar="SHARE", help="Share of the calls that are logged, such as 10%.")]
Drop = Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Column that is not logged; several times.")]
Hash = Annotated[
    list[str] | None,
    typer.Option("--hash", metavar="COLUMN", help="Column that is hashed, with MODELYARD_HASH_KEY; several times."),
]
Mirror = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="Server that gets a copy of each logged call, never waited for; several times."),
]
Stays = Annotated[
    Seconds, typer.Option(parser=_moment, metavar="DURATION", help="Time for which it takes calls after SIGTERM.")
]
Drain = Annotated[
    Seconds, typer.Option(parser=_moment, metavar="DURATION", help="Time for calls in flight after that.")
]
Flush = Annotated[
    Seconds, typer.Option(parser=_moment, metavar="DURATION", help="Time for what is spooled after that.")
]
Spool = Annotated[Path, typer.Option(metavar="DIR", help="Folder for what the log does not have yet.")]
SpoolLimit = Annotated[str, typer.Option(metavar="SIZE", callback=_size, help="Size of it at most.")]


def request_log(  # noqa: PLR0913 - a command has the options that it has
    url: Model,
    *,
    model: Name,
    spool: Spool,
    port: Port = 8095, admin_port: AdminPort = 8096,
    table: Table = "scoring_log", files: Files = "", every: Every = _EVERY,
    variant: Variant = None, image: Image = None, identity: Identity = None, score: Score = None,
    sample: Sample = "100%", drop: Drop = None, hash_: Hash = None, mirror: Mirror = None,
    stays: Stays = _NONE, drain: Drain = _DRAIN, flush: Flush = _FLUSH, spool_limit: SpoolLimit = "800Mi",
) -> None:  # fmt: skip
    """Pass calls on to a model, and log what is scored.

    It is the container in front of the model that `requestLog` of the models file renders. Requests and answers go
    through as they come; a row for each scored row goes to PostgreSQL, whose address is in MODELYARD_DATABASE, or
    into files of Parquet in a folder of a bucket, with the login of this process. Calls never wait for it: what it does
    not take is in DIR, and what that cannot hold is dropped and counted.
    """
    from modelyard.api import request_log as api

    parts, *_ = [_server(each) for each in (url, *(mirror or []))]
    settings = api.Settings(
        host=parts.hostname or "",
        port=parts.port or _MODEL_PORT,
        listen=port,
        admin=admin_port,
        stays=stays, drain=drain, flush=flush,
        spool=spool,
        limit=names.bytes_of(spool_limit),
        uri="" if files else os.environ.get(api.DATABASE, ""),
        files=files,
        every=every,
        table=table,
        model=model,
        variant=variant,
        image=api.digest(image) if image else None,
        sample=_share(sample),
        key=identity,
        score=score,
        drop=tuple(drop or ()),
        hash=tuple(hash_ or ()),
        hash_key=os.environ.get(api.HASH_KEY, "").encode(),
        mirrors=tuple(mirror or ()),
    )  # fmt: skip
    stop_on_errors(api.run(settings, lambda: tell(f"listening on port {port}")))
