"""A models file and the SAS Viya deployment that its site-config is for."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from os.path import relpath
from pathlib import Path

from modelyard.api.collector import without_collector
from modelyard.api.pipeline import Rendering, load, models_file, overlay
from modelyard.check.schemas.kinds import SHIPPED, Kinds
from modelyard.files import regular
from modelyard.files.yaml.marked import find
from modelyard.kustomize import simulate
from modelyard.kustomize import site_config as install
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredSet
from modelyard.models.viya import Restore, Viya
from modelyard.problems import Place, Problem, has_errors, problem, unique
from modelyard.render.component import SITE_CONFIG, empty_site_config, site_config
from modelyard.render.locate import marked_section, place_of
from modelyard.render.objects import render_section


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

    That what is installed already is something else is said too. deploy: folder of the deployment's
    kustomization.yaml; None if only the models file is looked at, on a `base`. base: a build of the deployment's
    resources alone, in place of one by kustomize. progress: is told what takes time. kinds: those that there are
    schemas of.
    """
    result = overlay(file, today=today, kinds=kinds)
    found = proof(result, deploy, base=base, progress=progress)
    if deploy is None or result.models is None or has_errors(result.problems):
        return found
    ours = [each for each in install.installed(deploy)[0] if each.set_name == result.models.metadata.name]
    return unique([*found, *(other for each in ours for other in _compared(file, deploy, result, each))])


def proof(
    result: Rendering,
    deploy: Path | None,
    *,
    base: bytes | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Problem]:
    """Return what is wrong with a rendering, and with what it does to a base once it is installed; see check_base."""
    if result.models is None or has_errors(result.problems):
        return result.problems
    models, ours = result.models, None
    if models.spec.viya is not None:
        whole = models.place(find(models.marks, "spec", "viya")[0])
        rendered = marked_section(models, "viya")
        entry = install.entry_of(models.metadata.name)
        ours = simulate.Ours(entry, rendered, lambda value: place_of(models, value) or whole)
    with without_collector():
        found = simulate.check(deploy, component=ours, base=base, progress=progress)
    return unique([*result.problems, *found])


def installation(
    file: str | Path, deploy: Path, rendering: Rendering, *, restore: bool = False
) -> tuple[install.Change | None, list[Problem]]:
    """Return what placing a rendering's site-config into a deployment changes. Writes nothing.

    restore: also a restore that `remove --restore` took out; else it is refused.
    """
    models, content = rendering.models, _below_site_config(rendering.content)
    if models is None or not content:
        return None, [_nothing(file)]
    taken_out, declared = _taken_out(deploy, models), _digest(_restore(models))
    if declared and declared == taken_out and not restore:
        return None, [_still_declared(models)]
    kept = "" if declared else taken_out
    return install.installation(deploy, models.metadata.name, content, models_file(file), taken_out=kept)


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
        file = _file_of(found, deploy)
    loaded = load(file)
    if loaded.models is None:
        return None, loaded.problems
    models = loaded.models
    name = models.metadata.name
    if not restore:
        return install.removal(deploy, name)
    if not isinstance(models.spec.viya, Viya) or has_errors(loaded.problems):
        return None, loaded.problems or [_nothing(file)]
    viya = models.spec.viya.model_copy(update={"restore": None})
    rest = models._replace(spec=models.spec.model_copy(update={"viya": viya}))
    taken_out = _digest(_restore(models)) or _taken_out(deploy, models)
    content = site_config(name, render_section("viya", rest, Templates()))
    content = content or (empty_site_config(name) if taken_out else {})
    is_there = any(each.set_name == name for each in install.installed(deploy)[0])
    if not content or not is_there:
        return install.removal(deploy, name)
    return install.installation(deploy, name, content, models_file(file), taken_out=taken_out)


def restore_declared(file: str | Path | None, deploy: Path) -> Place | None:
    """Return the place of a models file's restore, None if it has none; file: as `removal` takes it."""
    if file is None:
        found, _ = _installed(deploy, restore=True)
        if found is None:
            return None
        file = _file_of(found, deploy)
    models = load(file).models
    return models.place(find(models.marks, "spec", "viya", "restore")[0]) if models and _restore(models) else None


def installed(deploy: Path) -> tuple[list[install.Installed], list[Problem]]:
    """Return the site-configs of modelyard that a deployment has, and which are not what their models files give."""
    found, problems = install.installed(deploy)
    return found, [*problems, *(other for each in found for other in _looked_up(deploy, each))]


def _looked_up(deploy: Path, each: install.Installed) -> list[Problem]:
    """Compare what is installed with what the models file gives that it names."""
    file = _file_of(each, deploy)
    if not each.models_file or not regular.is_file(file):
        return _differs(deploy, each, f"has no models file {each.models_file or 'that it names'} to compare it with")
    result = overlay(file)
    if has_errors(result.problems):
        # Not the problems themselves: the deployment says which file is read, and they show lines of it.
        hint = f"run: modelyard check -f {file}"
        return _differs(deploy, each, f"cannot be compared: {each.models_file} has errors", hint)
    return _compared(file, deploy, result, each)


def _compared(file: str | Path, deploy: Path, result: Rendering, each: install.Installed) -> list[Problem]:
    name = result.models.metadata.name if result.models else ""
    if name != each.set_name:
        return _differs(deploy, each, f"is of the set {each.set_name}, but its models file declares {name}")
    change, problems = installation(file, deploy, result)
    if change is None:
        gone = [found for found in problems if found.code == "MY642"]
        return _differs(deploy, each, f"is installed, but {models_file(file)} declares none") if gone else problems
    if not change.diff:
        return []
    hint = f"to see the difference: modelyard site-config install {deploy} -f {models_file(file)} --check"
    return _differs(deploy, each, f"is not what {models_file(file)} gives", hint)


def _differs(deploy: Path, each: install.Installed, words: str, hint: str = "") -> list[Problem]:
    if not (each.listed and each.there):
        return []  # which is said already
    entry = install.entry_of(each.set_name)
    hint = hint or f"run `modelyard site-config install {deploy}` with its models file, or `remove`"
    return [problem("MY645", f"{entry} {words}", hint=hint, place=Place(str(deploy / entry), 1, 1))]


def _still_declared(models: DeclaredSet) -> Problem:
    place = models.place(find(models.marks, "spec", "viya", "restore")[0])
    hint = "take restore out of the file; to restore once more: modelyard site-config install --restore"
    message = "this restore was taken out of the deployment, and is still declared"
    return problem("MY646", message, hint=hint, place=place)


def _taken_out(deploy: Path, models: DeclaredSet) -> str:
    found = (each for each in install.installed(deploy)[0] if each.set_name == models.metadata.name)
    return next((each.taken_out for each in found), "")


def _restore(models: DeclaredSet) -> Restore | None:
    return models.spec.viya.restore if isinstance(models.spec.viya, Viya) else None


def _digest(restore: Restore | None) -> str:
    """Return what tells one restore from another: its backup and what is done with it; empty for none."""
    words = f"{restore.startMode} {restore.backupId}" if restore else ""
    return hashlib.sha256(words.encode()).hexdigest()[:16] if words else ""


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
        return None, [problem("MY644", f"{entry} does not say which models file it comes from", hint=hint)]
    return every[0], []


def _file_of(each: install.Installed, deploy: Path) -> Path:
    return Path(relpath(deploy.resolve() / each.models_file))


def _nothing(file: str | Path) -> Problem:
    return problem("MY642", f"{models_file(file)} has nothing for site-config", hint="add viya: under spec")


def _below_site_config(content: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{SITE_CONFIG}/"
    return {path.removeprefix(prefix): text for path, text in content.items() if path.startswith(prefix)}
