"""The files of a chart, from a set that renders without errors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from modelyard.chart import documents, notes, rules, version
from modelyard.chart.templates import SENTENCE, templates
from modelyard.chart.values import IMAGE, Value
from modelyard.files import disk
from modelyard.files.yaml import Sources, read
from modelyard.manifests.manifest import Manifest
from modelyard.models.declared import DeclaredSet
from modelyard.problems import Problem

CHART: Final = "Chart.yaml"


def files(
    models: DeclaredSet, objects: Mapping[str, Sequence[Manifest]], number: str
) -> tuple[dict[str, str], list[Problem]]:
    """Return the files of a chart by path, or why there are none.

    objects: of each model, without marks. number: the version; the hash of all files follows it.
    """
    made, problems = templates(models)
    if made is None:
        return {}, problems
    tests = notes.tests(models, objects)
    values = [*made.values]
    if tests:
        values.append(Value(("test", "image"), notes.TEST_IMAGE, IMAGE, "Image with sh and wget for `helm test`."))
    name = models.metadata.name
    own = {
        **made.files,
        **tests,
        rules.FILE: rules.validation(values),
        "NOTES.txt": notes.notes(models, objects, tested=bool(tests)),
    }
    content = {
        **{f"templates/{path}": text for path, text in own.items()},
        "values.yaml": documents.values_file(values),
        "values.schema.json": documents.schema(values),
        "README.md": documents.readme(name, values, tested=bool(tests)),
    }
    known = [each.name for each in models.models]
    hashed = {**content, CHART: documents.chart_file(name, known, number)}
    return {**content, CHART: documents.chart_file(name, known, version.with_hash(number, hashed))}, []


def number_of(folder: Path) -> str | None:
    """Return the version of the chart in a folder, without the hash; None if there is none. Raises FileProblem."""
    data = read(disk.read(folder).get(CHART, b""), Sources(), CHART).data
    found = data.get("version") if isinstance(data, dict) else None
    return version.without_hash(found) if isinstance(found, str) else None


def write(folder: Path, content: Mapping[str, str]) -> list[Problem]:
    """Make the folder, and those around it, and let it hold exactly the chart, all or nothing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [disk.refused(error, folder.parent, doing="make")]
    return disk.exchange(folder, content, f"# {SENTENCE}")
