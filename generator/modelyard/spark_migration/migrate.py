"""From a folder to a models file, findings, and a plan of what is uploaded."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from modelyard.manifests.names import dns_1035_label
from modelyard.problems import Problem, Related, has_errors, problem, unique
from modelyard.problems.patterns import pattern
from modelyard.spark_migration import code, dags, declare, folder, jobs, needs, settings, sizes, submits, upload
from modelyard.spark_migration.evidence import Evidence
from modelyard.spark_migration.rules import RULES
from modelyard.spark_migration.secret_files import secret_files
from modelyard.spark_migration.target import target, triggers

_BUCKET: Final = pattern(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_MAX_RELATED: Final = 10  # further places of one finding that are listed


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person says. train, score: files of jobs whose names do not say it. project, region: of Google Cloud."""

    bucket: str
    train: str = ""
    score: str = ""
    project: str = ""
    region: str = ""


@dataclass
class Migration:
    """What came out. text: the models file, empty if a problem is an error. plan: what to upload."""

    text: str = ""
    plan: upload.Plan | None = None
    problems: list[Problem] = field(default_factory=list)


def migrate(root: Path, wishes: Wishes) -> Migration:
    """Read a pyspark project, and return its models file, the findings and the plan. Nothing of it is run.

    Problems: MY901 and MY105 are errors; all others say what will not move as it is.
    """
    project = folder.read(root)
    if not _BUCKET.fullmatch(wishes.bucket):
        hint = "3 to 222 lower-case letters, digits, -, _ and ., without gs://"
        project.problems.append(problem("MY105", f"{wishes.bucket} is not the name of a bucket", hint=hint))
    if has_errors(project.problems):
        return Migration(problems=unique(project.problems))
    evidence = gathered(project, wishes)
    if has_errors(evidence.chosen.problems):
        return Migration(problems=unique([*project.problems, *evidence.chosen.problems]))
    return _declared(evidence, wishes)


def gathered(project: folder.Folder, wishes: Wishes) -> Evidence:
    """Return all that is read of a project."""
    programs = {each.path: code.read(each) for each in project.texts.values() if each.kind == "python"}
    called = submits.calls(project)
    every = [*called.submits]
    for program in programs.values():
        every += [] if program.text.is_test else dags.submits(program)
    ranked = sorted(every, key=lambda each: (project.texts[each.path].kind == "prose", -len(each.settings)))
    found = jobs.jobs(project, programs, ranked)
    wanted = {name: path for name, path in (("train", wishes.train), ("score", wishes.score)) if path}
    chosen = jobs.choose(project, found, wanted)
    read = {each.path: settings.settings(each) for each in project.of_kind("settings")}
    evidence = Evidence(project, programs, read, called, every, chosen, wishes.bucket, frozenset())
    return replace(evidence, relevant=_relevant(evidence))


def _relevant(evidence: Evidence) -> frozenset[str]:
    """Return the paths that concern the chosen jobs: theirs, what they name, what runs them, what makes clusters."""
    own = {*evidence.chosen.files, *(each.path for each in evidence.own_submits())}
    own |= {path for path, each in evidence.programs.items() if not each.text.is_test and _makes_clusters(each)}
    own |= {each.path for each in evidence.calls.created}
    own |= {each.path for each in evidence.calls.commands if "dataproc" in each.words or "install" in each.words}
    named = {posixpath.basename(each.value) for path in own if path in evidence.programs
             for each in evidence.programs[path].literals if len(each.value) < 300}  # fmt: skip
    for submit in evidence.own_submits():
        named |= {posixpath.basename(each).partition("#")[0] for each in [*submit.args, *submit.listed("spark.files")]}
        named.add(posixpath.basename(submit.options.get("--properties-file", "")))
    own |= {path for path in evidence.settings if path.startswith("spark-defaults.conf")}
    for job in evidence.chosen.named.values():
        for name in named:
            known = [path for path in evidence.settings if posixpath.basename(path) == name]
            own |= {min(known, key=lambda path: (jobs.apart(path, job.path), path))} if known else set()
    return frozenset(own)


def _makes_clusters(program: code.Program) -> bool:
    return any("dataproc" in name for name in program.imports)


def _declared(evidence: Evidence, wishes: Wishes) -> Migration:
    secret = secret_files(evidence.folder, _uploadable(evidence))
    named = {what: needs.needs(evidence, job, frozenset(secret)) for what, job in evidence.chosen.named.items()}
    size = sizes.size(evidence)
    declared, missing = target(evidence, size, project=wishes.project, region=wishes.region)
    found = [
        *evidence.folder.problems,
        *evidence.chosen.problems,
        *secret.values(),
        *(each for rule in RULES for each in rule(evidence)),
        *(each for need in named.values() for each in need.problems),
        *missing,
    ]
    problems = unique(_gathered_places(found))
    plan = upload.plan(
        evidence.folder,
        wishes.bucket,
        _uploaded(named.values()),
        list(dict.fromkeys(each for need in named.values() for each in need.packages)),
        secret,
    )
    says = declare.Declared(
        _name(evidence.folder.root), wishes.bucket, named, size, triggers(evidence), declared, _notes(evidence)
    )
    return Migration(declare.text(evidence, says, problems), plan, problems)


def _uploadable(evidence: Evidence) -> set[str]:
    """Return the paths that may be uploaded: the jobs' own, what they read, and packages, which are packed whole."""
    texts, chosen = evidence.folder.texts, evidence.chosen
    read = {path for path in evidence.relevant if texts[path].kind in ("settings", "env")}
    inside = tuple(f"{each}/" for each in {needs.package_of(evidence, path) for path in chosen.files} - {""})
    packed = {path for path, text in texts.items() if text.kind == "python" and path.startswith(inside)}
    return read | packed | {*chosen.files}


def _uploaded(named: Iterable[needs.Needs]) -> list[str]:
    """Return the files that are uploaded: main files last, for their arrival may start them."""
    every = [*named]
    beside = [path for each in every for path in [*each.files, *each.modules, *each.jars, *each.archives]]
    return list(dict.fromkeys([*(path for path in beside), *(each.main for each in every)]))


def _notes(evidence: Evidence) -> list[str]:
    others = [each.path for each in evidence.chosen.others]
    if not others:
        return []
    listed = ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else "")
    return [f"Other jobs of the project, not declared here (--train and --score name jobs): {listed}"]


def _name(root: Path) -> str:
    """Return the name of the model: that of the folder, as far as it can be one."""
    name = "".join(each if each.isascii() and each.isalnum() else "-" for each in root.resolve().name.lower())
    name = "-".join(part for part in name.split("-") if part).lstrip("0123456789-")[:40].rstrip("-")
    return name if dns_1035_label(name) is None else "model"


def _gathered_places(found: Sequence[Problem]) -> list[Problem]:
    """Let what is said several times of one file be said once, with the other places beside it."""
    groups: dict[tuple[str, str, str], list[Problem]] = {}
    for each in found:
        file = each.place.file if each.place else ""
        groups.setdefault((each.code, file, each.message), []).append(each)
    return [_one(each) for each in groups.values()]


def _one(group: Sequence[Problem]) -> Problem:
    ordered: Mapping[object, Problem] = {
        each.place: each for each in sorted(group, key=lambda each: str(each.place and each.place.line).zfill(9))
    }
    first, *others = ordered.values()
    related = tuple(Related(each.place, "here too") for each in others[:_MAX_RELATED] if each.place)
    return replace(first, related=related)
