"""A models file as a Helm chart.

from modelyard.api import chart

made, problems = chart.chart("overlays/prod", number="1.4.0")
problems = chart.write("charts/risk", made)
difference, problems = chart.drift("charts/risk", "overlays/prod")
"""

from collections.abc import Mapping
from pathlib import Path

from modelyard.api.pipeline import models_file, render
from modelyard.chart import files, version
from modelyard.files.disk import FileProblem
from modelyard.files.git import GitProblem, Repository
from modelyard.files.yaml.marked import find
from modelyard.problems import Problem, has_errors, problem
from modelyard.render import generated

__all__ = ["chart", "drift", "write"]


def chart(file: str | Path, *, number: str | None = None) -> tuple[dict[str, str], list[Problem]]:
    """Return the files of a set's chart by path, and all problems; no files if one of them is an error.

    number: the version, of SemVer 2; the hash of the content follows it as build metadata. If absent, that of the
    newest tag of Git which is one, else 0.1.0. Problems: MY470 what no chart can hold, MY471 a patch that cannot be a
    template, MY472 no version.
    """
    rendered = render(file)
    models, problems = rendered.models, rendered.problems
    if models is None or has_errors(problems):
        return {}, problems
    if models.names("viya"):
        place = models.place(find(models.marks, "spec", "viya")[0])
        message = "spec.viya has no place in a chart: it changes objects of SAS Viya's own kustomization"
        hint = "take it into a models file of its own, and run `modelyard site-config install` for that"
        return {}, [*problems, problem("MY470", message, hint=hint, place=place)]
    if number is not None and not version.is_version(number):
        hint = "such as 1.4.0 or 1.4.0-rc.1; what follows a + is the hash of the content"
        return {}, [*problems, problem("MY472", f"{number} is not a version that a chart can have", hint=hint)]
    objects = {each.name: [one for one in rendered.objects if one.model == each.name] for each in models.models}
    made, wrong = files.files(models, objects, number or _newest(file))
    return made, [*problems, *wrong]


def write(folder: str | Path, made: Mapping[str, str]) -> list[Problem]:
    """Make a folder hold exactly a chart, all or nothing; a file that is not of one stops it."""
    return files.write(Path(folder), made)


def drift(folder: str | Path, file: str | Path, *, number: str | None = None) -> tuple[str, list[Problem]]:
    """Return the unified diff from the chart in a folder to that of a models file, empty if they are equal.

    And all problems; no diff if one of them is an error. number: as of `chart`; if absent, that which the chart has.
    """
    try:
        number = files.number_of(Path(folder)) if number is None else number
        made, problems = chart(file, number=number)
        return ("" if has_errors(problems) else generated.drift(Path(folder), made, label=str(folder))), problems
    except FileProblem as error:
        return "", [error.problem]


def _newest(file: str | Path) -> str:
    """Return the newest version that a tag of Git gives; the first one where there is no repository or no such tag."""
    try:
        return version.newest(Repository(models_file(file)).tags()) or version.FIRST
    except GitProblem:
        return version.FIRST
