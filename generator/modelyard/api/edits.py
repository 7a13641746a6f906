"""Changes of a models file that commands make in place: the split of calls, a rollback, a model more.

from modelyard.api import edits

edit, problems = edits.split("overlays/prod", "churn", {"champion": 80, "challenger": 20})
if edit:
    problems = edits.write(edit)

Nothing is written before `write`, which keeps every byte that does not change.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelyard.api import history
from modelyard.api.pipeline import load, models_file, render_loaded
from modelyard.files import disk, regular
from modelyard.files.git import DEEPEN, GitProblem, Repository
from modelyard.files.yaml import MAX_BYTES
from modelyard.manifests.names import offer
from modelyard.models.declared import DeclaredModel
from modelyard.modelsfile.edit import Setting, with_model, with_settings
from modelyard.modelsfile.load import Loaded, load_text
from modelyard.problems import Problem, has_errors, problem
from modelyard.render.changes import Difference, of_sets

__all__ = ["Edit", "added", "concerns", "declares", "promote", "rollback", "split", "write", "written"]

WHOLE: Final = 100  # percent


@dataclass(frozen=True, slots=True)
class Edit:
    """What a models file would hold. loaded: the same, read; differences: what changes, in words."""

    file: Path
    before: bytes
    content: bytes
    loaded: Loaded
    differences: list[Difference]


Result = tuple[Edit | None, list[Problem]]


def concerns(file: str | Path, name: str) -> bool:
    """Tell whether a change of a model is one of the models file: it declares the model, or must be mended first.

    A file that is named must be there; only the current folder may be without one.
    """
    if not regular.is_file(models_file(file)):
        return Path(file) != Path()
    found = load(file)
    return has_errors(found.problems) or _declares(found, name)


def declares(file: str | Path, name: str) -> bool:
    """Tell whether a models file without mistakes declares a model."""
    found = load(file)
    return not has_errors(found.problems) and _declares(found, name)


def _declares(loaded: Loaded, name: str) -> bool:
    return any(each.name == name for each in (loaded.models.models if loaded.models else ()))


def split(file: str | Path, name: str, shares: Mapping[str, int]) -> Result:
    """Return the edit that gives variants these percents of the calls; the others keep theirs. Writes nothing.

    Problems: what is wrong with the file before or after, MY723 no such model, variant or split, MY408.
    """
    before, problems = _bytes(file)
    model, loaded, found = _model(file, name)
    if before is None or model is None:
        return None, found or problems
    if wrong := _split_problem(model, shares):
        return None, [wrong]
    percents = {each.variant or "": each.percent for each in model.variants} | dict(shares)
    if sum(each or 0 for each in percents.values()) != WHOLE:
        shown = ", ".join(f"{variant} {percent}" for variant, percent in percents.items())
        message = f"the percents of {name} would add up to {sum(each or 0 for each in percents.values())}: {shown}"
        return None, [problem("MY723", message, hint=f"give all percents that change, so that they add up to {WHOLE}")]
    old = {each.variant: each.percent for each in model.variants}
    settings = [Setting(name, each, "percent", share) for each, share in shares.items() if old[each] != share]
    return _edit(file, before, loaded, settings)


def promote(file: str | Path, name: str, variant: str) -> Result:
    """Return the edit that gives one variant all calls; the others stay, with none. As `split`."""
    model, _, problems = _model(file, name)
    if model is None:
        return None, problems
    shares = {each.variant or "": 0 for each in model.variants}
    return split(file, name, {**shares, variant: WHOLE})


def rollback(file: str | Path, name: str) -> Result:
    """Return the edit that gives a model the image and percents of the file's previous revision in git.

    That is the newest commit in which they differ from those now. Problems: as for `split`; MY724 if there is none,
    or if the model had other variants then.
    """
    before, problems = _bytes(file)
    model, loaded, found = _model(file, name)
    if before is None or model is None or loaded.models is None:
        return None, found or problems
    path = models_file(file)
    try:
        then = history.previous(path, model, loaded.models.files)
    except GitProblem as error:
        return None, [error.problem]
    if then is None:
        hint = "a rollback needs a commit in which the image or the percents of the model were different"
        hint = f"this clone is shallow; {DEEPEN}" if Repository(path).is_shallow else hint
        return None, [problem("MY724", f"git has no previous revision of {name}", hint=hint)]
    old, now = history.images_and_percents(then), history.images_and_percents(model)
    if set(old) != set(now):
        hint = "a variant was added or removed: undo that with `git revert`"
        return None, [problem("MY724", f"the previous revision of {name} has other variants", hint=hint)]
    settings = [
        Setting(name, variant, field, value)
        for (variant, field), value in old.items()
        if value is not None and now[variant, field] != value
    ]
    return _edit(file, before, loaded, settings)


def added(file: str | Path, lines: Iterable[str]) -> Result:
    """Return the edit that adds a model, given as lines of YAML in block style. Problems: as for `split`."""
    path, (before, problems) = models_file(file), _bytes(file)
    loaded = load(file)
    if before is None or has_errors(loaded.problems):
        return None, loaded.problems or problems
    content, problems = with_model(before, lines, shown=str(path))
    return (None, problems) if content is None else _proven(path, before, content, loaded)


def write(edit: Edit) -> list[Problem]:
    """Write an edit, all or nothing. Problems: MY407 as for every file that is edited; the old one stands then."""
    found: list[Problem] = []

    def change(content: bytes) -> bytes | None:
        if content != edit.before:
            found.append(problem("MY407", f"{edit.file} has changed meanwhile", hint="run the command again"))
            return None
        return edit.content

    return disk.edit(edit.file, change) or found


def written(planned: Callable[[], Result]) -> Result:
    """Write the edit that is planned, and return it. Problems: those of the plan, and as for `write`.

    The lock is taken before the file is read: what another run wrote meanwhile is read once more, so that runs which
    wait for each other all succeed.
    """
    results = [planned()]
    edit, problems = results[0]
    if edit is None:
        return None, problems
    met: list[bytes] = []

    def change(content: bytes) -> bytes | None:
        if content != edit.before:
            results.append(planned())
        met.append(content)
        newest = results[-1][0]
        return newest.content if newest and newest.before == content else None

    if refused := disk.edit(edit.file, change):
        return None, refused
    newest, problems = results[-1]
    if newest and met != [newest.before]:  # by a program that knows no lock
        return None, [problem("MY407", f"{edit.file} has changed meanwhile", hint="run the command again")]
    return newest, problems


def _model(file: str | Path, name: str) -> tuple[DeclaredModel | None, Loaded, list[Problem]]:
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems):
        return None, loaded, loaded.problems
    found = next((each for each in loaded.models.models if each.name == name), None)
    if found is None:
        known = [each.name for each in loaded.models.models]
        hint = offer(name, known)
        wrong = problem("MY723", f"there is no model {name} in {models_file(file)}", hint=hint)
        return None, loaded, [wrong]
    return found, loaded, []


def _split_problem(model: DeclaredModel, shares: Mapping[str, int]) -> Problem | None:
    """Return what is wrong with the names and numbers of a split."""
    known = [each.variant or "" for each in model.variants]
    if not known:
        hint = "a split needs a list of variants in the models file"
        return problem("MY723", f"{model.name} has no variants", hint=hint)
    for variant, percent in shares.items():
        if variant not in known:
            hint = offer(variant, known)
            return problem("MY723", f"{model.name} has no variant {variant}", hint=hint)
        if percent and any(each.variant == variant for each in model.shadows):
            hint = "take shadow: true out of it, and give it a percent"
            return problem("MY723", f"{variant} of {model.name} is a shadow, which takes no calls", hint=hint)
        if not 0 <= percent <= WHOLE:
            return problem("MY723", f"{percent} is not a percent", hint=f"write an integer from 0 to {WHOLE}")
    return None


def _bytes(file: str | Path) -> tuple[bytes | None, list[Problem]]:
    """Return what a models file holds before it is loaded: of what is written meanwhile an edit must know."""
    path = models_file(file)
    try:
        return regular.content(path, MAX_BYTES), []
    except OSError as error:
        return None, [disk.refused(error, path, code="MY013", doing="read")]


def _edit(file: str | Path, before: bytes, loaded: Loaded, settings: list[Setting]) -> Result:
    path = models_file(file)
    content, problems = with_settings(before, settings, shown=str(path))
    return (None, problems) if content is None else _proven(path, before, content, loaded)


def _proven(path: Path, before: bytes, content: bytes, loaded: Loaded) -> Result:
    """Return the edit, unless the file would have errors after it."""
    after = load_text(content, str(path), path.parent)
    problems = render_loaded(after, path.parent, with_others=True).problems
    if after.models is None or has_errors(problems):
        return None, problems
    return Edit(path, before, content, after, of_sets(loaded.models, after.models)), []
