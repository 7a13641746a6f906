"""The target dataproc and the triggers of a model, from what the project says of its clusters and schedules."""

from collections.abc import Iterable
from typing import Final

from modelyard.problems import Problem, problem
from modelyard.problems.patterns import pattern
from modelyard.spark_migration.evidence import Evidence
from modelyard.spark_migration.sizes import Size
from modelyard.spark_migration.upload import object_name

IMAGE: Final = "2.2-debian12"  # Spark 3.5, Scala 2.12, Python 3.11: Dataproc's image version list
_PROJECT: Final = pattern(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_ZONE: Final = pattern(r"(?:[\w:/.-]{0,200}/)?([a-z]+-[a-z]+[0-9]{1,2})-([a-z])")
_REGION: Final = pattern(r"[a-z]+-[a-z]+[0-9]{1,2}")
_ACCOUNT: Final = pattern(r"([a-z][a-z0-9-]{4,28}[a-z0-9])(?:@[a-z0-9.-]{1,100})?")
_STAND_INS: Final = {"project": "my-project", "region": "europe-west6", "serviceAccount": "spark-runner"}
_OBJECT: Final = pattern(r"[\w.*/-]{1,200}_SUCCESS")


def target(evidence: Evidence, size: Size, *, project: str, region: str) -> tuple[dict[str, object], list[Problem]]:
    """Return the target dataproc, and MY919 if there are stand-ins in it. project, region: what a person named."""
    zone = _said(evidence, ("zone", "zone_uri", "zoneuri"), _ZONE)
    known = {
        "project": project or _said(evidence, ("project", "project_id", "projectid", "gcp_project"), _PROJECT),
        "region": region or _said(evidence, ("region", "location"), _REGION) or zone.rpartition("-")[0],
        "serviceAccount": _said(evidence, ("service_account", "serviceaccount"), _ACCOUNT).partition("@")[0],
    }
    found: dict[str, object] = {name: known[name] or _STAND_INS[name] for name in ("project", "region")}
    if zone and zone.startswith(f"{found['region']}-"):
        found["zone"] = zone
    found |= {
        "imageVersion": IMAGE,
        "machineType": size.machine,
        "workers": size.workers,
        "serviceAccount": known["serviceAccount"] or _STAND_INS["serviceAccount"],
        "idleDeleteTtl": "10m",
    }
    missing = [name for name, value in known.items() if not value]
    return found, [_missing(missing)] if missing else []


def _missing(names: list[str]) -> Problem:
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return problem(
        "MY919", f"the project does not say {listed}: what stands there is a stand-in", hint="put in your own"
    )


def _said(evidence: Evidence, names: Iterable[str], form: "object") -> str:
    """Return the first value of one of these names that has the right form."""
    wanted = frozenset(names)
    for value in evidence.values():
        text = value.value.strip()
        if value.last in wanted and form.fullmatch(text):  # type: ignore[attr-defined]
            return text.rpartition("/")[2]
    return ""


def triggers(evidence: Evidence) -> list[dict[str, str]]:
    """Return what starts the jobs: the arrival of a program or of data, or the schedule of a DAG."""
    found: list[dict[str, str]] = []
    chosen = evidence.chosen
    if chosen.train:
        found.append({"object": object_name(chosen.train.path), "run": "train"})
    if chosen.score:
        found += [{"object": each, "run": "score"} for each in _arrivals(evidence)]
    for what, job in chosen.named.items():
        if job.submit and job.submit.schedule:
            found.append({"schedule": job.submit.schedule, "timeZone": "Etc/UTC", "run": what})
    return found


def _arrivals(evidence: Evidence) -> list[str]:
    """Return the objects whose arrival says that data is complete: as functions name them, else the project's own."""
    named = []
    for program in evidence.own_programs():
        for each in program.literals:
            if _OBJECT.fullmatch(each.value) and each.value != "_SUCCESS":
                named += [each.value if each.value[0] not in "/._" else f"*{each.value}"]
    return list(dict.fromkeys(named)) or [f"{each}/_SUCCESS" for each in evidence.folder.datasets[:5]]
