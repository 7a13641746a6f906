"""Rules over models that run jobs of Spark: what they must say, what starts the jobs, and what cannot be said."""

import re
from collections.abc import Iterator
from typing import Final

from modelyard.files.yaml import Sources
from modelyard.models.declared import DeclaredModel, Served
from modelyard.models.spark import Job, Spark, Trigger
from modelyard.modelsfile.merge import Tree
from modelyard.problems import Problem, problem
from modelyard.targets.workloads.spark import OF_PODS, regex

RUNS: Final = ("train", "score")
# What a job of Spark is declared by.
OWN: Final = OF_PODS | {"ignore", "name", "patches", "runtime", "spark", "targets"}
# Settings that say where a job runs; each target says it itself.
_DECIDED: Final = {
    "spark.master": "the target is the master",
    "spark.submit.deployMode": "the target decides where the driver runs",
    "spark.submit.pyFiles": "write them under pyFiles of the job",
    "spark.files": "write them under files of the job",
    "spark.jars": "write them under jars of the job",
    "spark.archives": "write them under archives of the job",
    "spark.driver.cores": "write it under driver",
    "spark.driver.memory": "write it under driver",
    "spark.executor.cores": "write it under executor",
    "spark.executor.memory": "write it under executor",
}


def spark(model: DeclaredModel, own: Tree, sources: Sources) -> Iterator[Problem]:
    """Yield what is wrong with a model of jobs, or says what only such a model can say."""
    whole = model.whole
    if whole.model.runtime != "spark":
        for served in (whole, *model.variants):
            if served.model.spark is not None or served.model.runtime == "spark":
                message = f"spark is only for runtime spark, but the runtime is {whole.model.runtime}"
                place = sources.place(served.find_key("spark"))
                yield problem("MY260", message, hint="set runtime: spark on the model, or take it out", place=place)
                return
    if "variants" in own.data:
        place = sources.place(own.marks.entries["variants"][0])
        yield problem("MY260", "jobs have no variants: nothing calls them", hint="take variants out", place=place)
        return
    for field in sorted(own.data.keys() - OWN - {"requestLog"}):  # that has a rule of its own, with the reason
        place = sources.place(own.marks.entries[field][0])
        yield problem("MY260", f"{field} means nothing for jobs of Spark", hint="take it out", place=place)
    yield from _declared(whole, sources)


def _declared(whole: Served, sources: Sources) -> Iterator[Problem]:
    declared = whole.model.spark
    if declared is None:
        if "spark" not in whole.data:
            place = sources.place(whole.find("runtime"))
            yield problem("MY260", f"{whole.model.name} has no jobs", hint="add spark:", place=place)
        return
    if declared.train is None and declared.score is None and not _names_jobs(whole):
        place = sources.place(whole.find_key("spark"))
        yield problem("MY260", "spark declares neither train nor score", hint="add one of them", place=place)
    if declared.champion and declared.score is None and not _names_jobs(whole):
        place = sources.place(whole.find_key("spark", "champion"))
        hint = "add score:, which uses it; or take it out"
        yield problem("MY260", "a champion is scored with, but there is no score", hint=hint, place=place)
    for name, why in _DECIDED.items():
        if name in (declared.conf or {}):
            place = sources.place(whole.find_key("spark", "conf", name))
            yield problem("MY263", f"{name} is decided elsewhere: {why}", hint="take it out of conf", place=place)
    for i, trigger in enumerate(declared.triggers or []):
        yield from _trigger(whole, declared, i, trigger, sources)


def _names_jobs(whole: Served) -> bool:
    """Tell whether a job is there that was taken out as wrong: that is reported already."""
    raw = whole.data.get("spark")
    return isinstance(raw, dict) and any(run in raw for run in RUNS)


def _trigger(whole: Served, declared: Spark, i: int, trigger: Trigger, sources: Sources) -> Iterator[Problem]:
    path = ("spark", "triggers", i)
    if (trigger.object is None) == (trigger.schedule is None):
        message = "object and schedule exclude each other" if trigger.object else "object or schedule is missing"
        place = sources.place(whole.find(*path))
        yield problem("MY211", message, hint="give exactly one of object or schedule", place=place)
        return
    if trigger.timeZone and not trigger.schedule:
        place = sources.place(whole.find_key(*path, "timeZone"))
        yield problem("MY261", "timeZone is for a schedule", hint="take it out", place=place)
    raw = whole.data.get("spark")
    if getattr(declared, trigger.run) is None and not (isinstance(raw, dict) and trigger.run in raw):
        place = sources.place(whole.find(*path, "run"))
        yield problem("MY261", f"{trigger.run} is not declared", hint=f"add {trigger.run}: to spark", place=place)
    if trigger.object is not None:
        yield from _loops(whole, declared, i, trigger.object, sources)


def _loops(whole: Served, declared: Spark, i: int, pattern: str, sources: Sources) -> Iterator[Problem]:
    for run in RUNS:
        job: Job | None = getattr(declared, run)
        for k, folder in enumerate((job.outputs if job else None) or []):
            if may_lie_in(pattern, folder):
                place = sources.place(whole.find("spark", run, "outputs", k))
                message = f"what {run} writes to {folder} would match the trigger {pattern}"
                hint = "write elsewhere, or make the trigger match less"
                yield problem("MY262", message, hint=hint, place=place)


def may_lie_in(pattern: str, folder: str) -> bool:
    """Tell whether an object in a folder, or in one below it, can match a trigger's pattern.

    folder: a path that ends with /. pattern: * stands for any part of a segment, ** for any segments.
    """
    wanted = pattern.split("/")
    inside = folder.rstrip("/").split("/")
    for i, segment in enumerate(inside):
        if i < len(wanted) and wanted[i] == "**":
            return True
        if i >= len(wanted) - 1 or not re.fullmatch(regex(wanted[i]), segment):
            return False
    return True
