"""`python -m bench.peers`: compare, print the tables, and write them into the page of the documentation."""

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.peers import again, check, plugin, render, score
from bench.peers.chart import svg
from bench.peers.machine import described
from bench.peers.peers import WITHOUT, Unavailable
from bench.peers.sets import SETS
from bench.peers.tables import Row, markdown

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "explanation" / "performance.md"
DRAWING: Final = PAGE.with_suffix(".svg")
BEGIN: Final = "<!-- `make bench-peers` writes what follows -->\n"
END: Final = "<!-- end of what is written -->\n"
TITLES: Final = {
    "plain": "Plain models: a Knative Service, a ConfigMap and a NetworkPolicy each",
    "variants": "With two variants: two Services, two ConfigMaps, a Route and a NetworkPolicy each",
    "hostile": "With text that readers of YAML, templates and shells take for something else",
    "findings": "With a hundred findings",
}
PARTS: Final = ("render", "again", "check", "plugin", "score")


def main(arguments: Sequence[str]) -> int:
    """Compare what is asked for; exit with 0 unless nothing could be measured."""
    options = _options(arguments)
    root = Path(tempfile.mkdtemp(prefix="modelyard-bench-"))
    parts = [f"{described()}\n", _command(arguments)]
    print("\n".join(parts), flush=True)
    first: list[Row] = []
    try:
        for section, rows in _sections(root, options):
            print(section, flush=True)  # a run takes hours
            parts.append(section)
            first = first or rows
    finally:
        shutil.rmtree(root, ignore_errors=True)
    parts.append(_without())
    print(parts[-1])
    text = "\n".join(parts)
    if options.page:
        drawing = f"\n![Seconds over the number of models, for each program]({DRAWING.name})\n" if first else ""
        head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        _, _, tail = rest.partition(END)
        PAGE.write_text(f"{head}{BEGIN}\n{text}{drawing}{END}{tail}", "utf-8")
        if first:
            DRAWING.write_text(svg(first, "Rendering plain models: seconds of the clock", "models"), "utf-8")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.peers")
    parser.add_argument(
        "--sizes", type=_numbers, default="1,10,100,1000,10000", help="models; 10 and 100 are also hundreds of rows"
    )
    parser.add_argument("--sets", type=_words, default=",".join(SETS), help="of models to render")
    parser.add_argument(
        "--others", type=int, default=0, help="models of a set that is not plain, at most; all if absent"
    )
    parser.add_argument("--parts", type=_words, default=",".join(PARTS), help="what is compared")
    parser.add_argument("--rounds", type=int, default=0, help="runs of each; 7 up to 100 models, 3 above, if absent")
    parser.add_argument("--page", action="store_true", help="write the page of docs/ and its drawing")
    return parser.parse_args(arguments)


def _words(text: str) -> list[str]:
    return text.split(",")


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def _sections(root: Path, options: argparse.Namespace) -> Iterator[tuple[str, list[Row]]]:
    """Yield the sections, each with the rows that are drawn: those of plain models."""
    rounds = (lambda _: options.rounds) if options.rounds else render.usual
    for name in options.sets if "render" in options.parts else ():
        most = options.others if name != "plain" and options.others else max(options.sizes)
        rows = render.compare(root, name, [each for each in options.sizes if each <= most], rounds)
        yield f"### {TITLES[name]}\n\n{markdown(rows, 'model', 'checks')}", rows if name == "plain" else []
    if "again" in options.parts:
        table = markdown(again.compare(root, options.sizes, rounds), "model", "")
        yield f"### Rendering plain models again\n\n{table}", []
    if "check" in options.parts:
        table = markdown(check.compare(root, options.sizes, rounds), "model", "findings")
        yield f"### Checking the objects of so many plain models, three each\n\n{check.ABOUT}\n\n{table}", []
    if "plugin" in options.parts:
        table = markdown(plugin.compare(root, options.sizes, rounds), "model", "")
        yield f"### kustomize with and without the plugin\n\n{plugin.ABOUT}\n\n{table}", []
    rows_of_tables = [each * 100 for each in options.sizes if 10 <= each <= 100]
    if "score" in options.parts and rows_of_tables:
        table = markdown(score.compare(root, rows_of_tables, rounds), "row", "")
        yield f"### Scoring so many rows\n\n{score.ABOUT}\n\n{table}", []


def _command(arguments: Sequence[str]) -> str:
    return f"Written by `{shlex.join(['python', '-m', 'bench.peers', *arguments])}`.\n"


def _without() -> str:
    """Name the peers that nothing was measured of, with the reason."""
    lines = []
    for name, source in WITHOUT.items():
        try:
            source.program()
            why = "can be had, and has no program here yet"
        except Unavailable as error:
            why = f"could not be installed: {error}"
        lines.append(f"* {name} {why.rstrip('.')}.\n")
    return "### Not measured\n\n" + "".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
