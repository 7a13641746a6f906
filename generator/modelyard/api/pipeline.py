"""The pipeline: from a models file to its objects, its files and its problems."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from modelyard.api.collector import without_collector
from modelyard.api.parts import Part, parts
from modelyard.check.images import unlocked
from modelyard.check.schemas.kinds import SHIPPED, Kinds
from modelyard.files import regular
from modelyard.files.yaml import write_all
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.manifests.names import nearest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredSet
from modelyard.modelsfile.load import Bounds, Loaded
from modelyard.modelsfile.load import load as _load
from modelyard.problems import Problem, unique
from modelyard.render.component import SITE_CONFIG, compose, site_config
from modelyard.render.locate import placed_section
from modelyard.render.objects import files_beside, render_section

# Of a model: its name -> text of its objects, and path -> text of the files beside them.
Texts: TypeAlias = tuple[dict[str | None, str], dict[str, str]]

MODELS_FILE: Final = "models.yaml"
GENERATED: Final = "generated"
_LARGE: Final = 1 << 14  # bytes: models files of 200 models have more


@dataclass(slots=True)
class Rendering:
    """What a models file gives.

    objects: all objects in the order of the stream; filled by `render`, empty in what `overlay` returns.
    content: relative path -> text of each file of `generated/`; filled by `overlay`.
    site_config: what a SAS Viya deployment gets; part of `content` too, never of `objects`.
    problems: sorted by place; if one is an error, nothing may be written.
    """

    models: DeclaredSet | None
    problems: list[Problem]
    objects: list[Manifest] = field(default_factory=list)
    content: dict[str, str] = field(default_factory=dict)
    site_config: Rendered = field(default_factory=Rendered)


def models_file(file: str | Path = ".") -> Path:
    """Return the models file that a FILE or DIR argument names."""
    path = Path(file)
    return path / MODELS_FILE if regular.is_folder(path) else path


def load(file: str | Path = ".") -> Loaded:
    """Load a models file, with its base: the declared set, and what is wrong with it."""
    path = models_file(file)
    return load_shown(path, str(path))


def load_shown(path: Path, shown: str, within: Bounds | None = None, content: bytes | None = None) -> Loaded:
    """Load a models file that messages call otherwise than by its path.

    within: how far its files may lead. content: stands for what it holds.
    """
    with without_collector():
        return _load(path, shown, within, content)


def check(file: str | Path = ".", *, today: date | None = None, kinds: Kinds = SHIPPED, jobs: int = 1) -> list[Problem]:
    """Return everything that can be known about a models file without writing or a cluster.

    kinds: those that there are schemas of. jobs: as of `overlay`.
    """
    loaded = load(file)
    with without_collector():
        problems = [*loaded.problems, *_site_config(loaded.models, today)[1]]
        for part in parts(loaded, models_file(file).parent, lambda _: None, kinds, jobs):
            problems += part.problems
    if regular.is_folder(generated(file)) and loaded.models and loaded.models.models:
        problems += _unlisted(file)
    return unique(problems)


def render(file: str | Path = ".", *, today: date | None = None) -> Rendering:
    """Render all objects of a models file. `today`: the day that a restore is measured by; in UTC if absent."""
    return render_loaded(load(file), models_file(file).parent, today=today)


def render_loaded(loaded: Loaded, beside: Path, *, today: date | None = None, with_others: bool = False) -> Rendering:
    """Render what has been loaded; `beside`: where the kustomization lies. with_others: there is what others wrote."""
    objects: list[Manifest] = []
    with without_collector():
        site, found = _site_config(loaded.models, today)
        problems = [*loaded.problems, *found, *([] if with_others else _alone(loaded.models))]
        for part in parts(loaded, beside, lambda found: found):
            objects += (each for each in part.made if not each.beside)
            problems += part.problems
    return Rendering(loaded.models, unique(problems), objects, site_config=site)


def overlay(file: str | Path = ".", *, today: date | None = None, kinds: Kinds = SHIPPED, jobs: int = 1) -> Rendering:
    """Render a models file to the content of its folder `generated/`, one model at a time.

    jobs: processes that a large set is divided between, forks of this one, which must have no threads; 0: as many as
    there are cores.
    """
    loaded = load(file)
    return overlay_of(file, loaded, parts(loaded, models_file(file).parent, texts_of, kinds, jobs), today=today)


def overlay_in_part(file: str | Path = ".", *, jobs: int = 1) -> Rendering:
    """Do what `overlay` does; of a large models file render only those models that are not remembered.

    `models` of what it returns are those that were rendered. See `modelyard.api.incremental`.
    """
    path = models_file(file)
    if not regular.is_file(path) or path.stat().st_size < _LARGE:
        return overlay(file, jobs=jobs)
    from modelyard.api import incremental

    return incremental.overlay(file, jobs=jobs)


def overlay_of(
    file: str | Path, loaded: Loaded, given: Iterable[Part[Texts]], *, today: date | None = None
) -> Rendering:
    """Return the content of the folder `generated/` for a models file that has been loaded. given: see `parts`."""
    texts: dict[str | None, str] = {}
    files: dict[str, str] = {}
    with without_collector():
        site, found = _site_config(loaded.models, today)
        problems = [*loaded.problems, *found, *_alone(loaded.models)]
        for part in given:
            problems += part.problems
            texts |= part.made[0]
            files |= part.made[1]
    name = loaded.models.metadata.name if loaded.models else ""
    content = {f"{SITE_CONFIG}/{path}": text for path, text in site_config(name, site).items()}
    if texts or not content:
        content |= compose(texts, files)
        problems += _unlisted(file)
    return Rendering(loaded.models, unique(problems), content=content, site_config=site)


def texts_of(manifests: list[Manifest]) -> Texts:
    """Return model -> text of its objects, and path -> text of the files beside them; nothing of no object."""
    if not manifests:
        return {}, {}
    text = write_all(each.body for each in manifests if not each.beside)
    return {manifests[0].model: text}, files_beside(manifests)


def generated(file: str | Path = ".") -> Path:
    """Return the folder that `write` exchanges."""
    return models_file(file).parent / GENERATED


def write(file: str | Path, rendering: Rendering, *, in_place: bool = False) -> list[Problem]:
    """Make `generated/` hold the content of a rendering, all or nothing; with in_place file by file."""
    return write_several({file: rendering}, in_place=in_place)


def write_several(renderings: Mapping[Any, Rendering], *, in_place: bool = False) -> list[Problem]:
    """Do the same for several models files (paths): all folders change or none, with in_place one after the other.

    Raises ValueError for two files that have one folder.
    """
    from modelyard.render import generated as folder_of

    contents = {generated(file): each.content for file, each in renderings.items()}
    if len({each.resolve() for each in contents}) < len(renderings):
        raise ValueError("two models files have one folder")
    return folder_of.write_all(contents, in_place=in_place)


def drift(file: str | Path, rendering: Rendering) -> tuple[str, list[Problem]]:
    """Return the unified diff from `generated/` to a rendering's content, empty if they are equal, and problems."""
    from modelyard.files.disk import FileProblem
    from modelyard.render import generated as folder_of

    folder = generated(file)
    try:
        return folder_of.drift(folder, rendering.content, label=str(folder)), []
    except FileProblem as error:
        return "", [error.problem]


def writer(file: str | Path) -> str:
    """Return the version of modelyard that wrote `generated/`; empty where that is not said. Raises FileProblem."""
    from modelyard.render import generated as folder_of

    return folder_of.writer(generated(file))


def show(loaded: Loaded, name: str) -> tuple[str | None, str]:
    """Return (YAML of a model with the place of each value, ""), or (None, hint) if there is no such model."""
    models = loaded.models.models if loaded.models else ()
    found = next((model for model in models if model.name == name), None)
    if found is None or loaded.models is None:
        known = [model.name for model in models]
        meant = nearest(name, known)
        return None, f"did you mean {meant}?" if meant else f"there are {', '.join(known)}" if known else ""
    from modelyard.modelsfile import show as text_of

    return text_of.show(loaded.models, found), ""


def _unlisted(file: str | Path) -> list[Problem]:
    from modelyard.kustomize.kustomization import unlisted

    return unlisted(models_file(file).parent, GENERATED)


def _alone(models: DeclaredSet | None) -> list[Problem]:
    if models is None or not models.names("patches"):
        return []
    from modelyard.render.patches import refusal

    return refusal(models)


def _site_config(models: DeclaredSet | None, today: date | None) -> tuple[Rendered, list[Problem]]:
    """Return what a SAS Viya deployment gets, and whether it gets it too late."""
    if models is None or models.spec.viya is None:
        return Rendered(), []
    from modelyard.modelsfile.viya_rules import overdue

    problems = list(overdue(models, today or datetime.now(UTC).date()))
    rendered = render_section("viya", models, Templates())
    if models.digests is not None:
        problems += placed_section(models, "viya", unlocked(rendered.manifests, models.digests))
    return rendered, problems
