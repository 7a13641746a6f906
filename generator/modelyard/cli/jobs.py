"""score --engine jobs: an Indexed Job of the cluster scores a table by shards; and --shard, which each pod does."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from modelyard.cli.connection import connection
from modelyard.cli.messages import stop_on_errors, tell

if TYPE_CHECKING:
    from modelyard.api.scoring import Options, Route

Shards = Annotated[int | None, typer.Option(min=1, max=10_000, metavar="N", help="Shards of --engine jobs.")]
Parallel = Annotated[
    int | None, typer.Option(min=1, max=10_000, metavar="N", help="Of them at once, at most; 10 if absent.")
]
Claim = Annotated[str, typer.Option(metavar="NAME", help="PersistentVolumeClaim that pods have at /data.")]
Stdout = Annotated[bool, typer.Option("--stdout", help="Print the Job of --engine jobs, and begin nothing.")]
ShardOf = Annotated[
    str, typer.Option("--shard", metavar="I/N", help="Score shard I, from 0, of N, into its part of the folder OUTPUT.")
]
ManifestFile = Annotated[
    Path | None,
    typer.Option("--manifest", metavar="FILE", help="Say there what is in the part, in place of standard output."),
]
_SHARD: Final = re.compile(r"(0|[1-9][0-9]{0,4})/([1-9][0-9]{0,4})")
_PARALLEL: Final = 10
_BUCKETS: Final = ("s3://", "gs://")
_DATA: Final = "/data/"


def _check(model: str, addresses: tuple[str, str], shards: int, claim: str, route: "Route", *, told: bool) -> None:
    """Leave with wrong usage for what a Job cannot do."""
    if not shards:
        raise typer.BadParameter("--engine jobs needs --shards N")
    if "://" in model:
        raise typer.BadParameter("--engine jobs needs the model's name: it runs beside each shard")
    without = {"url": route.url, "ingress": route.ingress, "domain": route.domain, "ca-file": route.ca_file}
    without["header"] = "yes" if told else ""
    if given := next((name for name, value in without.items() if value), ""):
        raise typer.BadParameter(f"--{given} has no effect with --engine jobs: the model runs beside each shard")
    for what, address in zip(("INPUT", "--output"), addresses, strict=True):
        if not address.startswith(_BUCKETS) and not (claim and address.startswith(_DATA)):
            raise typer.BadParameter(f"{what} of --engine jobs is s3://…, gs://…, or with --claim a path below /data")
    if claim and all(each.startswith(_BUCKETS) for each in addresses):
        raise typer.BadParameter("--claim has no effect where INPUT and --output are in buckets")


def score(  # noqa: PLR0913 - what the command has
    model: str,
    addresses: tuple[str, str],
    counts: tuple[int | None, int | None],
    claim: str,
    file: Path,
    route: "Route",
    options: "Options",
    where: tuple[str, str, str],
    *,
    stdout: bool,
    told: bool,
) -> None:
    """Print the Job, or follow it to its end and print the manifest of the output.

    counts: of shards, and of those at once. told: a header or token was given, for the model's server.
    """
    from modelyard.api import shards

    count = counts[0] or 0
    _check(model, addresses, count, claim, route, told=told)
    wanted = shards.Wanted(*addresses, count, min(count, counts[1] or _PARALLEL), claim)
    if stdout:
        body, _, problems = shards.job_of(model, wanted, file=file, route=route, options=options)
        stop_on_errors(problems)
        if body is not None:
            from modelyard.files.yaml import write

            typer.echo(write(body), nl=False)
        return
    done = shards.score_by_job(
        model, wanted, file=file, route=route, options=options, where=connection(*where),
        began=lambda name: tell(f"follows the Job {name}, which goes on without this command: the same one finds it"),
        progress=lambda each: tell(str(each)),
    )  # fmt: skip
    if done.manifest is not None:
        manifest = done.manifest
        tell(f"scored {manifest.scored:,} rows, {manifest.failed:,} with an error, checksum {manifest.checksum}")
        typer.echo(manifest.text(done.parts), nl=False)
    stop_on_errors(done.problems)


def _shard_of(text: str, table: str, output: str) -> tuple[int, int]:
    """Return index and count of a shard. Leaves with wrong usage for what is none."""
    found = _SHARD.fullmatch(text)
    if not found or int(found[1]) >= int(found[2]):
        raise typer.BadParameter("--shard is I/N, such as 0/40, where I is from 0 to N - 1")
    if "-" in (table, output):
        raise typer.BadParameter("--shard needs an input, and a folder as --output, that are no stream")
    return int(found[1]), int(found[2])


def score_shard(  # noqa: PLR0913 - what the command has
    model: str,
    addresses: tuple[str, str],
    shard: str,
    file: Path,
    route: "Route",
    options: "Options",
    where: tuple[str, str, str],
    manifest: Path | None,
) -> None:
    """Score one shard, and say what is in its part; rows that failed are in it, and leave the exit code 0."""
    from modelyard.api import shards

    chosen = _shard_of(shard, *addresses)
    part, problems = shards.score_shard(
        model, *addresses, *chosen, file=file, route=route, options=options,
        where=connection(*where) if any(where) else None,
    )  # fmt: skip
    if part is not None:
        tell(f"{part.part}: scored {part.scored:,} rows, {part.failed:,} with an error")
        try:
            if manifest is None:
                sys.stdout.write(part.text())
            else:
                manifest.write_text(part.text(), "utf-8")  # in place: Kubernetes mounts the file that it reads
        except OSError as error:
            raise typer.BadParameter(f"cannot write --manifest {manifest}: {error.strerror}") from None
    stop_on_errors(problems)
