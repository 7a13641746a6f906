"""The site-config of a models file in a SAS Viya deployment: placed into it, taken out again, looked at.

A deployment is the folder that SAS calls $deploy: its kustomization.yaml is written by hand, and lists the
Component site-config/modelyard-<set>.
"""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Final

from modelyard.files import disk, regular
from modelyard.files.disk import FileProblem
from modelyard.files.yaml import MAX_BYTES
from modelyard.kustomize.kustomization import find
from modelyard.kustomize.kustomization.edit import with_entry, without_entry
from modelyard.kustomize.kustomization.layout import entries
from modelyard.problems import Place, Problem, printable, problem
from modelyard.render import generated
from modelyard.render.component import HEADER, SITE_CONFIG

KEY: Final = "components"
_PREFIX: Final = f"{SITE_CONFIG}/modelyard-"
_SOURCE: Final = re.compile(rb"(?m)^# Models file: (.*)$")
_TAKEN_OUT: Final = re.compile(rb"(?m)^# Restore taken out: ([0-9a-f]+)$")
_MODE: Final = re.compile(rb'"SAS_DEPLOYMENT_START_MODE=(RESTORE|MIGRATION)"')
# What the restore leaves behind so as not to run again (sas-bases/examples/restore, README, 2023.10 order).
BREADCRUMB: Final = "/models/resources/viya/RestoreBreadcrumb.txt"

Edit = Callable[..., tuple[bytes | None, list[Problem]]]


@dataclass(frozen=True, slots=True)
class Change:
    """What a command would do to a deployment. content: the files of the Component; None removes it.

    diff: unified diff of kustomization.yaml and of the Component; empty if there is nothing to do.
    """

    kustomization: Path
    entry: str
    content: Mapping[str, str] | None
    diff: str

    @property
    def folder(self) -> Path:
        """The Component's folder."""
        return self.kustomization.parent / self.entry


@dataclass(frozen=True, slots=True)
class Installed:
    """A Component of modelyard in a deployment. models_file: relative to the deployment, as it was installed from.

    start_mode: RESTORE or MIGRATION while the service restores at each start. taken_out: which restore was taken out,
    as it was noted then.
    """

    set_name: str
    listed: bool
    there: bool
    models_file: str = ""
    start_mode: str = ""
    taken_out: str = ""


def entry_of(set_name: str) -> str:
    """Return the entry of a set's Component under `components:`."""
    return f"{_PREFIX}{set_name}"


def installation(
    deploy: Path, set_name: str, content: Mapping[str, str], models_file: Path, *, taken_out: str = ""
) -> tuple[Change | None, list[Problem]]:
    """Return what placing a set's site-config into a deployment changes. Writes nothing.

    taken_out: hexadecimal digits that tell which restore is not to come back; they are noted in the Component.
    """
    lines = [f"# Models file: {printable(relpath(models_file.resolve(), deploy.resolve()))}"]
    lines += [f"# Restore taken out: {taken_out}"] if taken_out else []
    signed = {path: _signed(text, lines) if path == "kustomization.yaml" else text for path, text in content.items()}
    return _change(deploy, set_name, signed, with_entry)


def removal(deploy: Path, set_name: str) -> tuple[Change | None, list[Problem]]:
    """Return what taking a set's site-config out of a deployment changes. Writes nothing."""
    return _change(deploy, set_name, None, without_entry)


def apply(change: Change) -> list[Problem]:
    """Do it. kustomization.yaml never names a folder that is missing, so the order is that of what is done."""
    if change.content is None:
        return _edit(change, without_entry) or disk.remove(change.folder, HEADER)
    try:
        change.folder.parent.mkdir(exist_ok=True)
    except OSError as error:
        return [disk.refused(error, change.folder.parent)]
    is_new = not regular.exists(change.folder)
    problems = disk.exchange(change.folder, change.content, HEADER) or _edit(change, with_entry)
    if problems and is_new:
        disk.remove(change.folder, HEADER)  # viya4-deployment takes every folder of site-config, listed or not
    return problems


def installed(deploy: Path) -> tuple[list[Installed], list[Problem]]:
    """Return the Components of modelyard that a deployment lists or holds."""
    path, content, problems = _read(deploy)
    if path is None or content is None:
        return [], problems
    listed, problems = entries(content, KEY, shown=str(path))
    paths = [posixpath.normpath(each.text) for each in listed]
    names = {each.removeprefix(_PREFIX) for each in paths if each.startswith(_PREFIX)}
    folders = (each for each in (deploy / SITE_CONFIG).glob("modelyard-*") if regular.is_folder(each))
    there = {each.name.removeprefix("modelyard-") for each in folders}
    found = [_installed(deploy, name, name in names, name in there) for name in sorted(names | there)]
    return found, [*problems, *(_half(path, each) for each in found if each.listed != each.there)]


def _half(path: Path, each: Installed) -> Problem:
    entry = entry_of(each.set_name)
    wrong = "is there, but components: does not list it" if each.there else "is listed, but it is not there"
    hint = "run `modelyard site-config install` or `remove` with its models file"
    return problem("MY643", f"{entry} {wrong}", hint=hint, place=Place(str(path), 1, 1))


def _installed(deploy: Path, name: str, listed: bool, there: bool) -> Installed:  # noqa: FBT001 - two facts of a record
    try:
        own = disk.read(deploy / entry_of(name)).get("kustomization.yaml", b"") if there else b""
    except FileProblem:
        own = b""
    found = [form.search(own) for form in (_SOURCE, _MODE, _TAKEN_OUT)]
    return Installed(name, listed, there, *(each[1].decode("utf-8", "replace") if each else "" for each in found))


def _signed(text: str, lines: Sequence[str]) -> str:
    return text.replace(HEADER, "\n".join([HEADER, *lines]), 1)


def _read(deploy: Path) -> tuple[Path | None, bytes | None, list[Problem]]:
    path = find(deploy)
    if path is None:
        hint = (
            f"give the folder with the deployment's kustomization.yaml; viya4-deployment writes that file itself and "
            f"takes generated/{SITE_CONFIG} as a folder of its own site-config"
        )
        return None, None, [problem("MY641", f"there is no kustomization.yaml in {deploy}", hint=hint)]
    try:
        return path, regular.content(path, MAX_BYTES + 1), []
    except OSError as error:
        return path, None, [disk.refused(error, path, code="MY013", doing="read")]


def _change(
    deploy: Path, set_name: str, content: Mapping[str, str] | None, edit: Edit
) -> tuple[Change | None, list[Problem]]:
    path, before, problems = _read(deploy)
    if path is None or before is None:
        return None, problems
    entry = entry_of(set_name)
    after, problems = edit(before, KEY, entry, shown=str(path))
    if after is None:
        return None, problems
    try:
        drift = generated.drift(deploy / entry, content or {}, label=str(deploy / entry))
    except FileProblem as error:
        return None, [error.problem]
    own = "".join(generated.difference(str(path).strip("/"), before, after)) if after != before else ""
    return Change(path, entry, content, own + drift), problems


def _edit(change: Change, edit: Edit) -> list[Problem]:
    found: list[Problem] = []

    def changed(content: bytes) -> bytes | None:
        after, problems = edit(content, KEY, change.entry, shown=str(change.kustomization))
        found.extend(problems)
        return after

    return disk.edit(change.kustomization, changed) or found
