"""A package of kpt: what its files must say, so that modelyard-fn is called and models.yaml stays as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.manifests.template import folder as templates
from modelyard.problems import Problem, problem

IGNORED: Final = ".krmignore"
PACKAGE: Final = "Kptfile"
_MAX: Final = 1 << 20  # bytes of such a file


def unlisted(folder: Path) -> list[Problem]:
    """Return what the files of a package lack.

    A models file that kpt reads is an item, and written back in another form; `generated/` would be applied too, and at
    a schema, which is no object, it stops.
    Source: kpt of 2026-08-07 (commit 23c57d7), run.
    """
    return list(_unlisted(folder))


def _unlisted(folder: Path) -> Iterator[Problem]:
    ignored = {line.strip().strip("/") for line in _text(folder / IGNORED).splitlines()}
    ours = (templates() / "init-kpt" / IGNORED).read_text("utf-8").splitlines()
    if lacking := [each for each in ours if each not in ignored and not each.startswith("#")]:
        hint = f"add to it: {', '.join(lacking)}"
        yield problem("MY504", f"{folder / IGNORED} lets kpt rewrite and apply {', '.join(lacking)}", hint=hint)
    if "modelyard-fn" not in _text(folder / PACKAGE):
        hint = "add to pipeline.mutators: {exec: modelyard-fn, configPath: models-generator.yaml}"
        yield problem("MY504", f"{folder / PACKAGE} does not call modelyard-fn", hint=hint)


def _text(path: Path) -> str:
    try:
        return regular.content(path, _MAX).decode("utf-8", "replace")
    except OSError:
        return ""
