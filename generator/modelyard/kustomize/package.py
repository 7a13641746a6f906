"""A package of kpt: what its files must say, so that modelyard-fn is called and models.yaml stays as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.problems import Problem, problem

IGNORED: Final = ".krmignore"
PACKAGE: Final = "Kptfile"
_MAX: Final = 1 << 20  # bytes of such a file


def unlisted(folder: Path) -> list[Problem]:
    """Return what the files of a package lack.

    A models file that kpt reads is an item, and written back in another form; `generated/` would be applied too.
    Source: kpt 1.0.0-beta.67, thirdparty/kyaml and pkg/kptpkg; tried.
    """
    return list(_unlisted(folder))


def _unlisted(folder: Path) -> Iterator[Problem]:
    ignored = {line.strip().strip("/") for line in _text(folder / IGNORED).splitlines()}
    if lacking := [each for each in ("models.yaml", "generated") if each not in ignored]:
        hint = f"add to it: {', '.join(lacking)}"
        yield problem("MY504", f"{folder / IGNORED} lets kpt rewrite and apply {' and '.join(lacking)}", hint=hint)
    if "modelyard-fn" not in _text(folder / PACKAGE):
        hint = "add to pipeline.mutators: {exec: modelyard-fn, configPath: models-generator.yaml}"
        yield problem("MY504", f"{folder / PACKAGE} does not call modelyard-fn", hint=hint)


def _text(path: Path) -> str:
    try:
        return regular.content(path, _MAX).decode("utf-8", "replace")
    except OSError:
        return ""
