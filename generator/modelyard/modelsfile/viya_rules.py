"""Rules over `spec.viya`.

Sources: sas-bases/examples/restore/configure/README.md and sas-bases/examples/sas-open-source-config (2023.10 order).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final

from modelyard.files.yaml.marked import find
from modelyard.manifests.names import nearest, one_of
from modelyard.models.declared import DeclaredSet, find_marks
from modelyard.models.viya import Python, R, Restore, Viya
from modelyard.models.viya_names import BACKUP_ID, EXTLANG, START_MODE
from modelyard.problems import Problem, Related, problem
from modelyard.problems.credentials import is_credential

# Parameters that are fields of their own.
_FIELDS: Final = {
    BACKUP_ID: "backupId",
    START_MODE: "startMode",
    "SAS_LOG_LEVEL": "logLevel",
    "JOB_TIME_OUT": "jobTimeout",
    "RESTORE_DEFINITION_FILTER": "definitionFilter",
    "RESTORE_CONFIGURATION_FILTER": "configurationFilter",
}
_BOOLEAN: Final = (re.compile("true|false"), 'is not "true" or "false"')
_SWITCH: Final = (re.compile("(?i:true|false)"), 'is not "true" or "false"')
_WORDS: Final = (re.compile(r"[^,\s]+(,[^,\s]+)*"), "is not a list such as one,two")
_PARAMETERS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "ENABLE_NOTIFICATIONS": _BOOLEAN,
    "DISABLE_VALIDATION": _BOOLEAN,
    "AUTO_SWITCH_POSTGRES": _SWITCH,
    "AUTO_SWITCH_POSTGRES_HOST": _SWITCH,
    "EXCLUDE_SCHEMAS": _WORDS,
    "EXCLUDE_SOURCES": _WORDS,
    "DATASERVER_HOST_MAP": (re.compile(r"[^,:\s]+:[^,:\s]+(,[^,:\s]+:[^,:\s]+)*"), "is not cr:host,cr:host"),
    "SQL_PROXY_POSTGRES_CONNECTION_MAP": (
        re.compile(r"[^,:\s]+:[^,\s]+(,[^,:\s]+:[^,\s]+)*"),
        "is not deployment:connection,deployment:connection",
    ),
    "RESTORE_DATABASE_MAPPING": (
        re.compile(r"[^,=\s.]+\.[^,=\s]+=[^,=\s.]+\.[^,=\s]+(,[^,=\s.]+\.[^,=\s]+=[^,=\s.]+\.[^,=\s]+)*"),
        "is not source.database=target.database",
    ),
    "SAS_DATA_SERVER_RESTORE_PARALLEL_JOB_COUNT": (re.compile("[1-9][0-9]*"), "is not a number of jobs"),
}
_DATA_SERVICE: Final = re.compile("data-service-[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# What the sidecar of mas starts: an interpreter in the volume, and the wrapper in SAS's image (sas-bases/examples/
# sas-open-source-config/python, README.md).
_SIDECAR: Final = {
    "MAS_PYPATH": "",
    "MAS_M2PATH": "/opt/sas/viya/home/SASFoundation/misc/embscoreeng/mas2py.py",
}
_INTERPRETERS: Final = ("PROC_PYPATH", "DM_PYPATH")


def check_viya(models: DeclaredSet) -> Iterator[Problem]:
    """Check what several fields of spec.viya say together."""
    viya = models.spec.viya
    if not isinstance(viya, Viya):
        return
    for rule in _RULES:
        yield from rule(models, viya)


def overdue(models: DeclaredSet, today: date) -> Iterator[Problem]:
    """Yield an error when the last day of a restore is over: the service would restore again at its next start."""
    viya = models.spec.viya
    if not isinstance(viya, Viya) or viya.restore is None or viya.restore.until is None:
        return
    if date.fromisoformat(viya.restore.until) < today:
        message = f"restore mode was left on: its last day was {viya.restore.until}"
        hint = "take restore: out of the file and install it again, or set a later until"
        place = models.place(find(models.marks, "spec", "viya", "restore", "until")[1])
        yield problem("MY234", message, hint=hint, place=place)


def _sources(models: DeclaredSet, viya: Viya) -> Iterator[Problem]:
    for key, part in (("python", viya.python), ("r", viya.r)):
        if part is None:
            continue
        given = list(find_marks(models.marks, "spec", "viya", key, "volume").entries)
        known = [name for name in given if name in part.volume.SOURCES]
        if len(known) != 1:
            key_mark, mark = find(models.marks, "spec", "viya", key, "volume", *known[1:2])
            message = f"{' and '.join(known)} exclude each other" if known else "a volume source is missing"
            hint = f"give exactly one of {one_of(part.volume.SOURCES)}"
            yield problem("MY221", message, hint=hint, place=models.place(key_mark if known else mark))


def _services(models: DeclaredSet, viya: Viya) -> Iterator[Problem]:
    for key, part in (("python", viya.python), ("r", viya.r)):
        first: dict[str, int] = {}
        for i, service in enumerate(part.services if part else ()):
            mark = find(models.marks, "spec", "viya", key, "services", i)[1]
            if service in first:
                related = (Related(models.place(first[service]), "the first"),)
                place = models.place(mark)
                yield problem("MY201", f"{service} appears twice", hint="take one out", place=place, related=related)
            first.setdefault(service, mark)


def _mas(models: DeclaredSet, viya: Viya) -> Iterator[Problem]:
    python = viya.python
    if python is None:
        return
    named = find_marks(models.marks, "spec", "viya", "python").entries
    if "mas" not in python.services:
        if "mas" in named:
            hint = "add mas to services, or take mas: out"
            yield problem("MY237", "mas: has no effect", hint=hint, place=models.place(named["mas"][0]))
        return
    config = python.config or {}
    missing = [key for key in _SIDECAR if key not in config] if python.mas.shape == "sidecar" else []
    if missing:
        place = models.place(find(models.marks, "spec", "viya", "python", "config")[0])
        starts = " ".join(f"$({key})" for key in _SIDECAR)
        message = (
            f"{' and '.join(missing)} {'are' if missing[1:] else 'is'} missing: the sidecar of mas starts {starts}"
        )
        given = (config.get(key, "") for key in _INTERPRETERS)
        mounted = (each for each in given if each.startswith(f"{python.mountPath}/"))
        interpreter = next(mounted, f"{python.mountPath}/bin/python3")
        values = {**_SIDECAR, "MAS_PYPATH": interpreter}
        hint = f"add to spec.viya.python.config: {', '.join(f'{key}: {values[key]}' for key in missing)}"
        yield problem("MY102", message, hint=hint, place=place)


def _together(models: DeclaredSet, viya: Viya) -> Iterator[Problem]:
    """Python and R in one pod: mounts and settings that only one of them can have."""
    if viya.python is None or viya.r is None:
        return

    def conflict(code: str, message: str, hint: str, *path: str) -> Problem:
        place = models.place(find(models.marks, "spec", "viya", "r", *path)[0])
        first = Related(models.place(find(models.marks, "spec", "viya", "python", *path)[0]), "the first")
        return problem(code, message, hint=hint, place=place, related=(first,))

    if EXTLANG in (viya.python.config or {}) and EXTLANG in (viya.r.config or {}):
        hint = "set it once, in the one or the other"
        yield conflict("MY235", f"{EXTLANG} is set for Python and for R", hint, "config", EXTLANG)
    if viya.python.mountPath == viya.r.mountPath and set(viya.python.services) & set(viya.r.services):
        hint = "give each volume a path of its own"
        yield conflict("MY302", f"{viya.r.mountPath} is mounted a second time", hint, "mountPath")


def _restore(models: DeclaredSet, viya: Viya) -> Iterator[Problem]:
    restore = viya.restore
    if restore is None:
        return
    if "until" not in find_marks(models.marks, "spec", "viya", "restore").entries:
        place = models.place(find(models.marks, "spec", "viya", "restore")[0])
        hint = "add until: with the last day of the restore: the service restores at each of its starts"
        yield problem("MY233", "the restore has no end", hint=hint, place=place)
    yield from _parameters(models, restore)


def _parameters(models: DeclaredSet, restore: Restore) -> Iterator[Problem]:
    for key, value in (restore.parameters or {}).items():
        key_mark, mark = find(models.marks, "spec", "viya", "restore", "parameters", key)
        if key in _FIELDS:
            message = f"{key} is a field of restore"
            yield problem("MY211", message, hint=f"write {_FIELDS[key]}: in its place", place=models.place(key_mark))
        elif key.lower().startswith("data-service-"):
            if not _DATA_SERVICE.fullmatch(key):
                message = f"{key} must be lower-case letters, digits and -"
                yield problem("MY105", message, hint=f"write {key.lower()}", place=models.place(key_mark))
        elif key not in _PARAMETERS:
            meant = nearest(key, [*_PARAMETERS, *_FIELDS])
            hint = f"did you mean {meant}?" if meant else f"known are {', '.join(sorted(_PARAMETERS))}"
            yield problem("MY236", f"{key} is not a documented parameter", hint=hint, place=models.place(key_mark))
        elif not _PARAMETERS[key][0].fullmatch(value):
            yield problem("MY105", f"{key} {_PARAMETERS[key][1]}", place=models.place(mark))
    both = [key for key in ("AUTO_SWITCH_POSTGRES", "AUTO_SWITCH_POSTGRES_HOST") if key in (restore.parameters or {})]
    if len(both) == 1:
        other = "AUTO_SWITCH_POSTGRES_HOST" if both[0] == "AUTO_SWITCH_POSTGRES" else "AUTO_SWITCH_POSTGRES"
        place = models.place(find(models.marks, "spec", "viya", "restore", "parameters", both[0])[0])
        message = f"{both[0]} is called {other} in another place of SAS's own page"
        yield problem("MY236", message, hint="set both to the same value", place=place)


def _credentials(models: DeclaredSet, viya: Viya) -> Iterator[Problem]:
    """ConfigMaps can be read by anybody."""
    for path, config in _configs(viya):
        for key, value in (config or {}).items():
            if is_credential(key, value):
                place = models.place(find(models.marks, "spec", "viya", *path, key)[1])
                hint = "keep it in a Secret, and let the deployment's own kustomization refer to it"
                yield problem("MY208", f"{key} holds a credential in plain text", hint=hint, place=place)


def _configs(viya: Viya) -> Iterator[tuple[tuple[str, ...], Mapping[str, str] | None]]:
    parts: tuple[tuple[str, Python | R | None], ...] = (("python", viya.python), ("r", viya.r))
    for key, part in parts:
        if part is not None:
            yield (key, "config"), part.config
    if viya.python is not None:
        yield ("python", "mas", "config"), viya.python.mas.config
    if viya.restore is not None:
        yield ("restore", "parameters"), viya.restore.parameters


_RULES: Final[tuple[Callable[[DeclaredSet, Viya], Iterator[Problem]], ...]] = (
    _sources,
    _services,
    _mas,
    _together,
    _restore,
    _credentials,
)
