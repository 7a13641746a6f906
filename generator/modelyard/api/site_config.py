"""A models file and the SAS Viya deployment that its site-config is for."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from modelyard import effect, install
from modelyard.api.pipeline import Rendering, load, models_file, overlay, without_collector
from modelyard.check.kinds import SHIPPED, Kinds
from modelyard.compose import SITE_CONFIG, site_config
from modelyard.models.viya import Viya
from modelyard.origin import marked_section, place_of
from modelyard.places import find
from modelyard.problem import Problem, has_errors, problem, unique
from modelyard.render import render_section
from modelyard.template import Templates


def check_base(
    file: str | Path,
    deploy: Path | None,
    *,
    base: bytes | None = None,
    progress: Callable[[str], None] = lambda _: None,
    today: date | None = None,
    kinds: Kinds = SHIPPED,
) -> list[Problem]:
    """Return what is wrong with a models file, and with what it and the rest of a deployment do to its base.

    deploy: folder of the deployment's kustomization.yaml; None if only the models file is looked at, on a `base`.
    base: a build of the deployment's resources alone, in place of one by kustomize. progress: is told what takes time.
    kinds: those that there are schemas of.
    """
    result = overlay(file, today=today, kinds=kinds)
    if result.models is None or has_errors(result.problems):
        return result.problems
    models, ours = result.models, None
    if models.spec.viya is not None:
        whole = models.place(find(models.marks, "spec", "viya")[0])
        rendered = marked_section(models, "viya")
        entry = install.entry_of(models.metadata.name)
        ours = effect.Ours(entry, rendered, lambda value: place_of(models, value) or whole)
    with without_collector():
        found = effect.check(deploy, component=ours, base=base, progress=progress)
    return unique([*result.problems, *found])


def installation(file: str | Path, deploy: Path, rendering: Rendering) -> tuple[install.Change | None, list[Problem]]:
    """Return what placing a rendering's site-config into a deployment changes. Writes nothing."""
    content = _below_site_config(rendering.content)
    if rendering.models is None or not content:
        return None, [_nothing(file)]
    return install.installation(deploy, rendering.models.metadata.name, content, models_file(file))


def removal(
    file: str | Path | None, deploy: Path, *, restore: bool = False
) -> tuple[install.Change | None, list[Problem]]:
    """Return what taking a set's site-config, or its restore alone, out of a deployment changes. Writes nothing.

    file: the models file; without it the set is the one that is installed there.
    """
    if file is None:
        found, problems = _installed(deploy, restore=restore)
        if found is None:
            return None, problems
        if not restore:
            return install.removal(deploy, found.set_name)
        file = deploy.resolve() / found.models_file
    loaded = load(file)
    if loaded.models is None:
        return None, loaded.problems
    models = loaded.models
    if not restore:
        return install.removal(deploy, models.metadata.name)
    if not isinstance(models.spec.viya, Viya) or has_errors(loaded.problems):
        return None, loaded.problems or [_nothing(file)]
    viya = models.spec.viya.model_copy(update={"restore": None})
    rest = models._replace(spec=models.spec.model_copy(update={"viya": viya}))
    content = site_config(models.metadata.name, render_section("viya", rest, Templates()))
    if not content:
        return install.removal(deploy, models.metadata.name)
    return install.installation(deploy, models.metadata.name, content, models_file(file))


def _installed(deploy: Path, *, restore: bool) -> tuple[install.Installed | None, list[Problem]]:
    """Return the one set that is installed in a deployment; None if there is none, or problems say why.

    restore: its models file must be known.
    """
    every, problems = install.installed(deploy)
    if not every:
        return None, problems
    hint = "name the models file with -f; `modelyard site-config status` says what is installed"
    if len(every) > 1:
        names = ", ".join(each.set_name for each in every)
        return None, [problem("MY644", f"{deploy} has the site-config of several sets: {names}", hint=hint)]
    if restore and not every[0].models_file:
        entry = install.entry_of(every[0].set_name)
        return None, [problem("MY644", f"{entry} does not say of which models file it is", hint=hint)]
    return every[0], []


def _nothing(file: str | Path) -> Problem:
    return problem("MY642", f"{models_file(file)} has nothing for site-config", hint="add viya: under spec")


def _below_site_config(content: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{SITE_CONFIG}/"
    return {path.removeprefix(prefix): text for path, text in content.items() if path.startswith(prefix)}
