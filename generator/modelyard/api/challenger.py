"""A new version of a model beside what serves its calls: the edit of a models file and its lock that says so.

from modelyard.api import challenger

planned = challenger.plan("overlays/prod", "churn", challenger.Wanted(image="churn:2.1.0"))
if planned.plan:
    problems = challenger.write(planned.plan)

Nothing is written before `write`, which keeps every byte that does not change. `modelyard.api.proposals` makes a
commit, a branch and a pull request of it instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api import candidates
from modelyard.api.candidates import Ask, Candidate, Publish
from modelyard.api.edits import WHOLE
from modelyard.api.locking import lock_file
from modelyard.api.pipeline import load, models_file, render_loaded
from modelyard.files import disk, regular
from modelyard.files.yaml import MAX_BYTES
from modelyard.manifests.names import offer
from modelyard.models.declared import CHAMPION, DeclaredModel, DeclaredSet, Served
from modelyard.models.source import pinned
from modelyard.modelsfile.edit import Setting, with_settings
from modelyard.modelsfile.load import Loaded, load_text
from modelyard.modelsfile.lock_edit import with_digests
from modelyard.problems import Problem, has_errors, problem
from modelyard.registry.digests import digests_of
from modelyard.render.changes import Difference, of_sets
from modelyard.targets.workloads.objects import registered

__all__ = ["CHALLENGER", "Plan", "Planned", "Wanted", "plan", "write"]

CHALLENGER: Final = "challenger"
_PERCENT: Final = 10


class Wanted(NamedTuple):
    """What is wanted of a challenger.

    image: a reference; absent for what the source calls the champion. other: the models file that pins it instead.
    percent: of the calls; absent for 10, or what the variant has. publish: has a version published that is not.
    """

    image: str = ""
    other: Path | None = None
    variant: str = CHALLENGER
    percent: int | None = None
    publish: Publish | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a lock and its models file would hold. files: path -> content before and after, the models file last."""

    file: Path
    model: str
    variant: str
    candidate: Candidate
    files: Mapping[Path, tuple[bytes, bytes]]
    before: DeclaredSet
    after: DeclaredSet
    differences: Sequence[Difference]

    @property
    def declared(self) -> DeclaredModel:
        """The model as it is after the edit."""
        return next(each for each in self.after.models if each.name == self.model)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, or why there is none. said: where nothing is new, what is there already."""

    plan: Plan | None = None
    said: str = ""
    problems: list[Problem] = field(default_factory=list)


def plan(file: str | Path, name: str, wanted: Wanted, *, ask: Ask = digests_of) -> Planned:
    """Return the edit that gives a model a challenger. Writes nothing.

    Problems: those of the file before and after, of the source and the registry; MY781 without an image; MY783 where a
    challenger has no place; MY408.
    """
    path = models_file(file)
    contents, problems = _contents(path)
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems) or problems:
        return Planned(problems=loaded.problems or problems)
    model = next((each for each in loaded.models.models if each.name == name), None)
    if model is None:
        return Planned(problems=[_unknown(loaded.models, name, path)])
    if problems := [*_refusals(model, wanted)]:
        return Planned(problems=problems)
    candidate, problems = _candidate(path, loaded.models, model, wanted, ask)
    if candidate is None:
        said = "" if problems else f"{wanted.other} pins no version of {name} that is not pinned here"
        return Planned(said=said, problems=problems)
    if there := _already(loaded.models, model, candidate):
        return Planned(said=f"{there} has {candidate.version.version} of {name} already, {candidate.digest}")
    settings, problems = _settings(model, wanted, candidate, _reference(loaded.models, candidate))
    if problems:
        return Planned(problems=problems)
    return _edited(path, loaded, contents, model, wanted, candidate, settings)


def write(planned: Plan) -> list[Problem]:
    """Write a plan, the models file last. Problems: MY407 as for every file that is edited; the old one stands then."""
    for path, (before, after) in planned.files.items():
        if before == after:
            continue
        met: list[bytes] = []

        def change(
            content: bytes, before: bytes = before, after: bytes = after, met: list[bytes] = met
        ) -> bytes | None:
            met.append(content)
            return after if content == before else None

        if refused := disk.edit(path, change):
            return refused
        if met != [before]:
            return [problem("MY407", f"{path} has changed meanwhile", hint="run the command again")]
    return []


def _contents(path: Path) -> tuple[dict[Path, bytes], list[Problem]]:
    """Return what the models file and its lock hold before they are loaded; a lock may be absent."""
    found: dict[Path, bytes] = {}
    for each in (lock_file(path), path):
        if each != path and not regular.exists(each):
            continue
        try:
            found[each] = regular.content(each, MAX_BYTES)
        except OSError as error:
            return {}, [disk.refused(error, each, code="MY013", doing="read")]
    return found, []


def _unknown(models: DeclaredSet, name: str, path: Path) -> Problem:
    hint = offer(name, (each.name for each in models.models))
    return problem("MY723", f"there is no model {name} in {path}", hint=hint)


def _refusals(model: DeclaredModel, wanted: Wanted) -> Iterator[Problem]:
    """Yield why a challenger has no place beside what a model has."""
    if model.whole.model.runtime == "spark":
        yield problem("MY783", f"{model.name} runs jobs, which split no calls", hint="give its job an image by hand")
    if not model.variants and "knative" in model.whole.specs:
        first = f"variants: [{{name: champion, image: {model.whole.model.image}, percent: 100}}]"
        hint = (
            f"write {first} in place of image: first, and hand its address over with `modelyard apply --handover`; "
            "then propose the challenger"
        )
        message = f"{model.name} has no list of variants, and on knative its address changes hands with the first one"
        yield problem("MY783", message, hint=hint)
    own = next((each for each in model.variants if each.variant == wanted.variant), None)
    others = [each.percent or 0 for each in model.split if each.variant != wanted.variant]
    serves = own is not None and (own.percent or 0) > max(others, default=0)
    if serves or wanted.variant == CHAMPION:
        free = [each.variant or "" for each in model.split if not each.percent and each.variant != CHAMPION]
        hint = f"name another one with --variant{f', such as {free[0]}, which gets none' if free else ''}"
        why = f"of {model.name} serves the most calls" if serves else "is the name of what others are held against"
        yield problem("MY783", f"{wanted.variant} {why}, and is no challenger", hint=hint)
    if own is not None and own.shadow:
        yield problem("MY783", f"{wanted.variant} is a shadow, which takes no calls", hint="name another one")
    source = own.model.source if own is not None else None
    if wanted.image and source is not None and pinned(source) and source.mlflow is None:
        hint = "leave out --image, which takes what the source has; or take the version out of the models file first"
        yield problem(
            "MY783", f"{wanted.variant} of {model.name} names a version of its source, not an image", hint=hint
        )


def _candidate(
    path: Path, models: DeclaredSet, model: DeclaredModel, wanted: Wanted, ask: Ask
) -> tuple[Candidate | None, list[Problem]]:
    if wanted.other is not None:
        return candidates.from_models_file(wanted.other, models, model, ask=ask)
    if wanted.image:
        return candidates.from_image(models, model, wanted.image, ask=ask)
    return candidates.from_source(path, models, model, publish=wanted.publish, ask=ask)


def _already(models: DeclaredSet, model: DeclaredModel, candidate: Candidate) -> str:
    """Return which variant runs a candidate's image already, by its digest; where none is pinned, by its name."""
    image = registered(models, candidate.image.partition("@")[0])
    for each in model.served:
        digest = candidates.digest_of(models, each)
        same = digest == candidate.digest if digest else registered(models, each.model.image or "") == image
        if same:
            return each.variant or model.name
    return ""


def _reference(models: DeclaredSet, candidate: Candidate) -> str:
    """Return the image as the file gets it: with a tag where the lock can hold its digest, else with the digest.

    A lock has one digest of a tag: a tag that has moved stands with its digest.
    """
    name = candidate.image.partition("@")[0]
    locked = models.digests
    has_tag = ":" in name.rpartition("/")[2]
    if locked is not None and has_tag and locked.get(registered(models, name), candidate.digest) == candidate.digest:
        return name
    return f"{name}@{candidate.digest}"


def _settings(
    model: DeclaredModel, wanted: Wanted, candidate: Candidate, image: str
) -> tuple[list[Setting], list[Problem]]:
    name, variant = model.name, wanted.variant
    shares, problems = _shares(model, wanted)
    found = [Setting(name, variant, "image", image)]
    if model.whole.model.runtime == "tensorflow" and candidate.number is not None:
        found.append(Setting(name, variant, "version", candidate.number))
    own = next((each for each in model.variants if each.variant == variant), None)
    now = {each.variant: each.percent for each in model.variants}
    for each, percent in shares.items():
        if now.get(each) != percent:
            found.append(Setting(name, each, "percent", percent))
    for keys, value in candidate.pins:
        if _pinned_value(own or model.whole, keys) != value:
            found.append(Setting(name, variant, "source", value, keys))
    return found if model.variants else sorted(found, key=lambda each: each.variant == variant), problems


def _pinned_value(served: Served, keys: Sequence[str]) -> object:
    value: object = served.data.get("source")
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _shares(model: DeclaredModel, wanted: Wanted) -> tuple[dict[str, int], list[Problem]]:
    """Return the percents that change: the challenger's, and those of the champion, which gives them."""
    now = {each.variant or "": WHOLE if each.percent is None else each.percent for each in model.split}
    now = now or {CHAMPION: WHOLE}
    old = now.get(wanted.variant, 0)
    share = wanted.percent if wanted.percent is not None else old or _PERCENT
    champion = model.champion_beside(wanted.variant)
    giving = champion.variant or "" if champion else CHAMPION
    left = now[giving] + old - share
    if left < 0 or not 0 <= share <= WHOLE:
        message = f"{giving} of {model.name} has {now[giving]} %, which are too few for a challenger with {share} %"
        return {}, [problem("MY723", message, hint="give it less with --percent, or change the split first")]
    return {wanted.variant: share, giving: left}, []


def _edited(
    path: Path,
    loaded: Loaded,
    contents: Mapping[Path, bytes],
    model: DeclaredModel,
    wanted: Wanted,
    candidate: Candidate,
    settings: Sequence[Setting],
) -> Planned:
    content, problems = with_settings(contents[path], settings, shown=str(path))
    if content is None or loaded.models is None:
        return Planned(problems=problems)
    after = load_text(content, str(path), path.parent)
    if after.models is None or has_errors(after.problems):
        return Planned(problems=after.problems)
    files, digests = {}, None
    lock = lock_file(path)
    if loaded.models.digests is not None:
        digests = _digests(loaded.models, after.models, candidate)
        locked, problems = with_digests(contents[lock], digests, shown=str(lock))
        if locked is None:
            return Planned(problems=problems)
        files[lock] = (contents[lock], locked)
    models = after.models._replace(digests=digests)
    problems = render_loaded(Loaded(models, after.problems), path.parent).problems
    if has_errors(problems):
        return Planned(problems=problems)
    files[path] = (contents[path], content)
    before = loaded.models
    differences = of_sets(before, models)
    made = Plan(path, model.name, wanted.variant, candidate, files, before, models, differences)
    return Planned(made, problems=problems)


def _digests(before: DeclaredSet, after: DeclaredSet, candidate: Candidate) -> dict[str, str]:
    """Return the images of the lock after the edit: what no model is any more goes."""
    new = registered(after, candidate.image.partition("@")[0])
    old, now = _images(before), _images(after)
    found = {image: digest for image, digest in (before.digests or {}).items() if image in now or image not in old}
    return {**found, new: candidate.digest} if new in now else found


def _images(models: DeclaredSet) -> set[str]:
    return {registered(models, each.model.image or "") for model in models.models for each in model.served}
