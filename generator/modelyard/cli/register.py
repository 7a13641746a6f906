"""history and register: which version of a model served what share, from when to when, by Git."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from modelyard.cli.messages import printable_lines, stop_on_errors
from modelyard.cli.options import Files, Outside, named

if TYPE_CHECKING:
    from modelyard.api.register import Entry

FORMATS: Final = ("text", "json", "markdown", "cyclonedx")
_SHORT: Final = 12  # digits of a commit, and of a digest
Output = Annotated[
    str, typer.Option("--output", "-o", metavar="|".join(FORMATS), help="Form of what is printed; text if absent.")
]
Revision = Annotated[
    str, typer.Option("--revision", metavar="REVISION", help="Newest commit that counts; HEAD if absent.")
]


def history(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    file: Files = None,
    _outside: Outside = None,
    *,
    revision: Revision = "HEAD",
    output: Output = "text",
) -> None:
    """Print which version of a model served what share on which target, from when to when, and who approved it.

    Git says so: what the main line of its history declares, commit by commit; a branch counts from its merge. Name the
    models files of all environments with -f.
    """
    from modelyard.api import register as api

    _check(output)
    entries, problems = api.history(named(file), name, revision)
    stop_on_errors(problems)
    _print(entries, output)


def register(
    file: Files = None, _outside: Outside = None, *, revision: Revision = "HEAD", output: Output = "text"
) -> None:
    """Print the same of all models: the register, as text, JSON, Markdown or a CycloneDX bill of materials."""
    from modelyard.api import register as api

    _check(output)
    entries, problems = api.read(named(file), revision=revision)
    stop_on_errors(problems)
    _print(entries, output)


def _check(output: str) -> None:
    if output not in FORMATS:
        raise typer.BadParameter(f"-o takes {', '.join(FORMATS)}")


def _print(entries: "Sequence[Entry]", output: str) -> None:
    from modelyard.api.register import formats
    from modelyard.problems.credentials import without_forms

    if output == "cyclonedx":
        from modelyard.api.register.bom import as_bom

        text, problems = as_bom(entries)
        stop_on_errors(problems)
    elif output == "json":
        text = formats.as_json(entries)
    else:
        text = formats.as_markdown(entries) if output == "markdown" else "\n".join(_lines(entries)) + "\n"
    typer.echo(printable_lines(without_forms(text)), nl=False)


def _lines(entries: "Sequence[Entry]") -> Iterator[str]:
    """Yield a line for each place that serves, and below it what has served there, the newest first."""
    places: dict[tuple[str, ...], list[Entry]] = {}
    for each in entries:
        places.setdefault((each.model, each.environment, each.target, each.variant), []).append(each)
    for (model, environment, target, variant), found in sorted(places.items()):
        yield f"{model}{f' {variant}' if variant else ''} on {target}, {environment}"
        for each in reversed(found):
            yield from _entry(each)


def _entry(entry: "Entry") -> Iterator[str]:
    from modelyard.api.register.formats import time

    until = "now" if entry.until is None else time(entry.until)
    image, mark, digest = entry.image.rpartition("/")[2].partition("@sha256:")
    yield f"  {time(entry.since)} .. {until:<20} {entry.percent:>3}%  {image}{mark and '@'}{digest[:_SHORT]}"
    approved = f", approved by {', '.join(entry.people.approved)}" if entry.people.approved else ""
    yield f"    proposed by {entry.people.proposed}{approved}, {entry.commit[:_SHORT]}"
    source = f"{entry.source}, version {entry.version}" if entry.source else ""
    signature = f"signature: {entry.people.signature}" if entry.people.signature else ""
    if rest := ", ".join(each for each in (source, signature) if each):
        yield f"    {rest}"
