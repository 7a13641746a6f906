"""One shard of a table through a model, and its part of the output: whole or not at all, however often it is tried.

A part is scored into a folder of this machine and then put in its place: first the rows, then those that failed, at
last `_modelyard-NUMBER.json`, which says what is in it.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from modelyard.problems import Problem, has_errors, problem
from modelyard.score import formats
from modelyard.score.http import Address
from modelyard.score.manifest import Part, checksum
from modelyard.score.options import Options, Route, Stopped
from modelyard.score.parquet import open_parquet
from modelyard.score.part_file import errors_path
from modelyard.score.run import Report, Run, score
from modelyard.score.shards import Shard, Slice, sliced
from modelyard.score.stores import Store, opened
from modelyard.score.table import open_file

_FAILED_ROWS: Final = "MY808"


async def score_part(
    server: Address, source: str, output: str, shard: Shard, options: Options, route: Route, report: Report | None
) -> tuple[Part | None, list[Problem]]:
    """Score a shard, and return what is in its part. Rows that failed are in the part, and are no problem."""
    try:
        store, target = opened(source, "MY805"), opened(output, "MY809")
        rows = sliced(store, shard)
        _check(target, store, rows)
        with TemporaryDirectory(prefix="modelyard-") as folder:
            path = Path(folder) / f"part-{shard.index:05d}{rows.ending}"
            run = Run(rows, path, options, step=route.step, signature=route.signature, report=report)
            scored = await score(server, run, ca_file=route.ca_file)
            problems = [each for each in scored.problems if each.code != _FAILED_ROWS]
            if has_errors(problems):
                return None, problems
            return _published(path, target, shard, run.measures.done), problems
    except Stopped as stopped:
        return None, stopped.problems


def _check(target: Store, source: Store, rows: Slice) -> None:
    """Raise Stopped unless the output is a folder of its own: parts of another run would be taken for rows of this."""
    if target.is_same(source):
        raise Stopped(problem("MY809", f"{target.shown} is the input", hint="name another folder"))
    shards = range(rows.shard.count)
    parts = {f"part-{each:05d}{middle}{rows.ending}" for each in shards for middle in ("", ".errors")}
    foreign = [name for name in target.names() if name.startswith("part-") and name not in parts]
    if foreign:
        message = f"{target.shown} holds {foreign[0]}, which is no part of this run"
        raise Stopped(problem("MY809", message, hint="name another folder, or remove what is there"))


def _published(path: Path, target: Store, shard: Shard, done: int) -> Part:
    errors = errors_path(path)
    scored, total = summed(path)
    failed, more = summed(errors) if errors.exists() else (0, 0)
    if scored + failed != done:
        raise Stopped(problem("MY809", f"{path.name} has {scored + failed} rows, and {done} were scored"))
    part = Part(path.name, shard.index, shard.count, done, scored, failed, str(total + more))
    manifest = f"_modelyard-{shard.index:05d}.json"
    target.remove(manifest)
    target.put(path, path.name)
    if failed:
        target.put(errors, errors.name)
    else:
        target.remove(errors.name)
    said = path.with_name(manifest)
    said.write_text(part.text(), "utf-8")
    target.put(said, manifest)
    return part


def summed(path: Path) -> tuple[int, int]:
    """Return how many rows a file of a part holds, and the sum of their checksums. Raises Stopped MY805."""
    table = open_parquet(path, Options()) if path.suffix == formats.PARQUET else open_file(path, Options())
    try:
        return checksum(table.rows)
    finally:
        table.close()
