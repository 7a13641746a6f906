"""The lists of all targets that README.md and zensical.toml hold: `make reference` writes them."""

from pathlib import Path
from typing import Final

from modelyard.targets import SECTIONS, TARGETS, section, target

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
NAVIGATION: Final = ROOT / "zensical.toml"


def _between(text: str, begin: str, end: str, lines: list[str]) -> str:
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return "".join([before, begin, *(f"{line}\n" for line in lines), end, after])


def lists() -> dict[Path, str]:
    """Return path -> text of the files, with the lists as they are."""
    summaries = {name: target(name).SUMMARY for name in sorted(TARGETS)}
    rows = [f"| `{name}` | {text} |" for name, text in summaries.items()]
    rows += [f"| `{name}` | under `spec`, for the set: {section(name).SUMMARY} |" for name in SECTIONS]
    head = ["| target | what it renders |", "|---|---|"]
    pages = [f'      {{ "{name}" = "reference/models-file/{name}.md" }},' for name in (*summaries, *SECTIONS)]
    return {
        README: _between(README.read_text("utf-8"), "<!-- targets -->\n", "<!-- end of targets -->\n", [*head, *rows]),
        NAVIGATION: _between(
            NAVIGATION.read_text("utf-8"), "      # A page for each target.\n", "      # End of targets.\n", pages
        ),
    }


def main() -> None:
    """Write the lists."""
    for path, text in lists().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
