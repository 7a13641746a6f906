"""Jobs and cron jobs: how they are counted, and when they run.

Source: kubernetes v1.36.3, pkg/apis/batch/validation/validation.go, ValidateJob, validateJobSpec,
validateSuccessPolicy, validatePodFailurePolicy and ValidateCronJobCreate.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelyard.check.finding import Found, Path, at, integer, items, mapping, sequence, text
from modelyard.check.rules.refused.schedules import schedule, time_zone
from modelyard.check.rules.refused.table import between, domain_path, named, needed, selector, words
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping, under
from modelyard.manifests.names import dns_1123_label, label_key

_COUNT: Final = between(0)
_MOST_INDEXES: Final = 100_000
_MOST_RULES: Final = 20
_MOST_CODES: Final = 255
_LONGEST_CRON_NAME: Final = 52  # characters: 11 more are those of the job's time
_LONGEST_MANAGER: Final = 63  # characters


@of_mapping
def _job(path: Path, spec: Any) -> Iterator[Found]:
    pod, where = at(spec, "template", "spec"), (*path, "template", "spec")
    policy = pod.get("restartPolicy")
    if not pod:
        yield Found("the job has no pods", "add template: {spec: …}", path)
    elif policy in (None, "", "Always"):
        hint = "write restartPolicy: Never or OnFailure"
        yield Found(
            "a job does not say what happens when it fails", hint, (*where, "restartPolicy") if policy else where
        )
    elif policy == "OnFailure" and spec.get("podFailurePolicy") is not None:
        yield Found("podFailurePolicy needs restartPolicy Never", "write Never", (*where, "restartPolicy"))
    if spec.get("completionMode") == "Indexed":
        yield from _indexed(path, spec)
    else:
        for key in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
            if spec.get(key) is not None:
                yield Found(f"{key} needs completionMode Indexed", "take it out, or write Indexed", (*path, key))
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        yield Found("maxFailedIndexes needs backoffLimitPerIndex", "add it", (*path, "maxFailedIndexes"))
    replacement = spec.get("podReplacementPolicy")
    if spec.get("podFailurePolicy") is not None and replacement not in (None, "Failed"):
        yield Found("beside podFailurePolicy it must be Failed", "write Failed", (*path, "podReplacementPolicy"))
    yield from _failures(path, spec)


def _indexed(path: Path, spec: Mapping[str, Any]) -> Iterator[Found]:
    completions, failed = integer(spec.get("completions")), integer(spec.get("maxFailedIndexes"))
    parallel = integer(spec.get("parallelism"))
    if completions is None and parallel is None and "jobTemplate" not in path:
        completions = 1  # pkg/apis/batch/v1/defaults.go
    if completions is None:
        yield Found("an indexed job has no completions", "add completions:", path)
    elif failed is not None and failed > completions:
        yield Found("maxFailedIndexes is more than completions", "change one of them", (*path, "maxFailedIndexes"))
    if parallel is not None and parallel > _MOST_INDEXES:
        yield Found(f"parallelism is more than {_MOST_INDEXES}", "write less", (*path, "parallelism"))
    if failed is not None and failed > _MOST_INDEXES:
        yield Found(f"maxFailedIndexes is more than {_MOST_INDEXES}", "write less", (*path, "maxFailedIndexes"))
    if completions is not None and completions > _MOST_INDEXES and spec.get("backoffLimitPerIndex") is not None:
        if failed is None or failed > _MOST_INDEXES // 10:
            yield Found("so many completions need maxFailedIndexes of at most 10000", "add it", (*path, "completions"))
        if parallel is not None and parallel > _MOST_INDEXES // 10:
            yield Found("so many completions need parallelism of at most 10000", "write less", (*path, "parallelism"))
    policy = spec.get("successPolicy")
    if isinstance(policy, dict):
        rules, where = sequence(policy.get("rules")), (*path, "successPolicy", "rules")
        if not 0 < len(rules) <= _MOST_RULES:
            yield Found(f"a successPolicy has 1 to {_MOST_RULES} rules", "change them", where[:-1])
        for i, rule in items(rules):
            yield from _success((*where, i), rule, completions or 0)


def _success(path: Path, rule: Mapping[str, Any], completions: int) -> Iterator[Found]:
    count, listed = integer(rule.get("succeededCount")), rule.get("succeededIndexes")
    if count is None and listed is None:
        yield Found("the rule has no succeededCount and no succeededIndexes", "add one of them", path)
    total = None
    if isinstance(listed, str):
        total = _indexes(listed, completions)
        if total is None:
            hint = f'write rising numbers below {completions}, such as "0,2-3"'
            yield Found("succeededIndexes are no indexes of this job", hint, (*path, "succeededIndexes"))
    if count is not None and (count < 0 or count > completions or (total is not None and count > total)):
        yield Found("succeededCount is more than there can be", "write less", (*path, "succeededCount"))


def _indexes(listed: str, completions: int) -> int | None:
    """Return how many indexes a text names, and None if it is none (validateIndexesFormat)."""
    last, total = -1, 0
    for part in listed.split(",") if listed else ():
        ends = part.split("-")
        if len(ends) > 2 or not all(end.isascii() and end.isdecimal() and len(end) < 12 for end in ends):
            return None
        first, final = int(ends[0]), int(ends[-1])
        if first <= last or final >= completions or (len(ends) == 2 and first >= final):
            return None
        last, total = final, total + final - first + 1
    return total


def _failures(path: Path, spec: Mapping[str, Any]) -> Iterator[Found]:
    rules = sequence(mapping(spec.get("podFailurePolicy")).get("rules"))
    where: Path = (*path, "podFailurePolicy", "rules")
    if len(rules) > _MOST_RULES:
        yield Found(f"more than {_MOST_RULES} rules", "take some out", where)
    pod = at(spec, "template", "spec")
    known = {text(each.get("name")) for key in ("containers", "initContainers") for _, each in items(pod.get(key))}
    for i, rule in items(rules):
        codes, conditions = rule.get("onExitCodes"), sequence(rule.get("onPodConditions"))
        if (codes is not None) == bool(conditions):
            yield Found("a rule has either onExitCodes or onPodConditions", "give exactly one of them", (*where, i))
        if rule.get("action") == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
            yield Found("FailIndex needs backoffLimitPerIndex", "add it", (*where, i, "action"))
        name = mapping(codes).get("containerName")
        if isinstance(name, str) and name not in known:
            yield Found(f"the pod has no container {name}", "change it", (*where, i, "onExitCodes", "containerName"))
        yield from _exit_codes((*where, i, "onExitCodes", "values"), mapping(codes))


def _exit_codes(path: Path, codes: Mapping[str, Any]) -> Iterator[Found]:
    values = [number for number in map(integer, sequence(codes.get("values"))) if number is not None]
    if codes and "values" in codes and not 0 < len(values) <= _MOST_CODES:
        yield Found(f"there are 1 to {_MOST_CODES} exit codes", "change them", path)
    if values != sorted(set(values)):
        yield Found("exit codes stand once each, in rising order", "sort them", path)
    if 0 in values and codes.get("operator") == "In":
        yield Found("0 is no failure", "take it out", path)


def _manager(value: str) -> str | None:
    return domain_path(value) or (
        f"has more than {_LONGEST_MANAGER} characters" if len(value) > _LONGEST_MANAGER else None
    )


JOB_SPEC: Final[Rows] = {
    "": (_job,),
    **dict.fromkeys(
        (
            *("activeDeadlineSeconds", "backoffLimit", "backoffLimitPerIndex", "completions", "maxFailedIndexes"),
            *("parallelism", "ttlSecondsAfterFinished"),
        ),
        (_COUNT,),
    ),
    "completionMode": (words("Indexed", "NonIndexed", empty=True),),
    "podReplacementPolicy": (words("Failed", "TerminatingOrFailed", empty=True),),
    "managedBy": (named(_manager, empty=True),),
    "podFailurePolicy/rules/*/action": (words("Count", "FailIndex", "FailJob", "Ignore", empty=True),),
    "podFailurePolicy/rules/*/onExitCodes/operator": (words("In", "NotIn", empty=True),),
    "podFailurePolicy/rules/*/onPodConditions/*/type": (named(label_key, empty=True),),
    "podFailurePolicy/rules/*/onPodConditions/*/status": (words("False", "True", "Unknown"),),
}


@of_mapping
def _whole_job(path: Path, body: Any) -> Iterator[Found]:
    spec, name = at(body, "spec"), text(at(body, "metadata").get("name"))
    completions = integer(spec.get("completions"))
    if name and spec.get("completionMode") == "Indexed" and completions:
        longest = f"{name}-{completions - 1}"
        if dns_1123_label(longest):
            yield Found("the pods' host names would be no DNS labels", "shorten the name", ("metadata", "name"))
    if spec.get("manualSelector") is not True:
        if any(mapping(spec.get("selector")).values()):
            hint = "take it out: Kubernetes makes one of its own for each job"
            yield Found("the selector of a job is made for it", hint, ("spec", "selector"))
        return
    if not isinstance(spec.get("selector"), dict):
        yield Found("manualSelector needs a selector", "add selector:", ("spec",))
        return
    given = at(spec, "template", "metadata", "labels")
    for key, value in mapping(spec["selector"].get("matchLabels")).items():
        if given.get(key) != value:
            yield Found(
                f"the template's labels lack {key}", "change one of them", ("spec", "selector", "matchLabels", key)
            )


@of_mapping
def _cron(path: Path, body: Any) -> Iterator[Found]:
    if len(text(at(body, "metadata").get("name"))) > _LONGEST_CRON_NAME:
        message = f"the name of a cron job has at most {_LONGEST_CRON_NAME} characters"
        yield Found(message, "shorten it", ("metadata", "name"))
    job = at(body, "spec", "jobTemplate", "spec")
    template = at(body, "spec").get("jobTemplate")
    if isinstance(template, dict) and not template.get("spec"):
        yield Found("the jobs have no pods", "add spec: {template: …}", ("spec", "jobTemplate"))
    where: Path = ("spec", "jobTemplate", "spec")
    if job.get("selector") is not None:
        yield Found("the selector of a job is made for it", "take it out", (*where, "selector"))
    if job.get("manualSelector") is True:
        yield Found("a cron job makes the selectors of its jobs", "take it out", (*where, "manualSelector"))


_JOB: Final[Rows] = {
    "": (_whole_job, needed("spec", what="the job")),
    "spec/selector": (selector,),
    **under("spec", JOB_SPEC),
}
_CRON_JOB: Final[Rows] = {
    "": (_cron,),
    "spec/schedule": (named(schedule, empty=True, hint='write five fields: "0 6 * * 1-5"'),),
    "spec/timeZone": (named(time_zone, empty=True, hint="write a name such as Europe/Berlin"),),
    "spec/concurrencyPolicy": (words("Allow", "Forbid", "Replace"),),
    "spec/startingDeadlineSeconds": (_COUNT,),
    "spec/successfulJobsHistoryLimit": (_COUNT,),
    "spec/failedJobsHistoryLimit": (_COUNT,),
    **under("spec/jobTemplate/spec", JOB_SPEC),
}
TABLES: Final[Tables] = {
    ("batch", "CronJob"): (_CRON_JOB,),
    ("batch", "Job"): (_JOB,),
}
