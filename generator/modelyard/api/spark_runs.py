"""One run of a model's job of Spark, on a cluster with the Spark operator; for Dataproc the command of gcloud.

from modelyard.api import spark_runs

done = spark_runs.run("network-anomaly", "score", file="overlays/prod", wait=True)
for each in done.problems:
    print(each.message, each.hint)
"""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from modelyard.api.pipeline import load, models_file, render_loaded
from modelyard.cluster import Client, ClusterProblem, Connection, connect, spark_runs
from modelyard.cluster.spark_runs import Progress
from modelyard.manifests.names import offer, one_of
from modelyard.models.declared import DeclaredModel
from modelyard.problems import Problem, has_errors, problem
from modelyard.targets import BATCH
from modelyard.targets.dataproc.spec import Spec as Dataproc
from modelyard.targets.spark_operator import KINDS
from modelyard.targets.workloads import spark
from modelyard.targets.workloads.objects import base_name, spec_of

__all__ = ["Progress", "Running", "run"]

HERE: Final = Connection()
_APPLICATIONS: Final = frozenset(each.kind for each in KINDS if each.api_version == spark_runs.API)


def _silent(_: object) -> None:
    pass


@dataclass
class Running:
    """What came of it. name: of the run; it is gone again after it was waited for. command: of gcloud, to be called.

    log: the last lines of a driver that failed.
    """

    namespace: str = ""
    name: str = ""
    command: str = ""
    log: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def run(  # noqa: PLR0913 - all but two are seldom needed, and named
    model: str,
    job: str,
    *,
    file: str | Path = ".",
    target: str = "",
    wait: bool = False,
    seconds: float = 86_400,
    where: Connection = HERE,
    began: Callable[[str], None] = _silent,
    progress: Callable[[Progress], None] = _silent,
) -> Running:
    """Start a job once, under a name of its own. job: train or score. target: where the model has several.

    wait: until it has ended, at most so many seconds; then nothing of it is left. began and progress: are told of its
    name, and of each change. Without wait the operator takes it away an hour after its end.
    """
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems):
        return Running(problems=loaded.problems)
    found, problems = _job(loaded.models.models, model, job, target)
    if found is None:
        return Running(problems=problems)
    declared, chosen = found
    if chosen == "dataproc":
        return Running(command=_gcloud(declared, job, wait=wait))
    rendering = render_loaded(loaded, models_file(file).parent)
    if has_errors(rendering.problems):
        return Running(problems=rendering.problems)
    name = f"{base_name(declared, 'spark-operator')}-{job}"
    body = next(each.body for each in rendering.objects if each.kind in _APPLICATIONS and each.name == name)
    namespace = where.namespace or loaded.models.spec.namespace
    try:
        with connect(replace(where, namespace=namespace)) as client:
            return _followed(client, spark_runs.form(body, job), wait, seconds, began, progress)
    except ClusterProblem as error:
        return Running(problems=[error.problem])


def _followed(
    client: Client,
    form: dict[str, object],
    wait: bool,  # noqa: FBT001 - handed on
    seconds: float,
    began: Callable[[str], None],
    progress: Callable[[Progress], None],
) -> Running:
    live = spark_runs.begin(client, form)
    result = Running(live["metadata"]["namespace"], live["metadata"]["name"])
    began(result.name)
    if not wait:
        return result
    try:
        ended = spark_runs.follow(client, live, seconds, progress)
    finally:  # also when it is interrupted
        spark_runs.end(client, live)
    result.problems, result.log = ended.problems, ended.log
    return result


def _job(
    models: tuple[DeclaredModel, ...], name: str, job: str, target: str
) -> tuple[tuple[DeclaredModel, str] | None, list[Problem]]:
    """Return the model, and the target that runs the job; or what is wrong with the words."""
    model = next((each for each in models if each.name == name), None)
    with_jobs = [each.name for each in models if each.whole.model.spark is not None]
    if model is None or model.whole.model.spark is None:
        why = f"there is no model {name}" if model is None else f"{name} has no jobs"
        hint = offer(name, with_jobs)
        return None, [problem("MY727", why, hint=hint or "declare a model of runtime spark")]
    jobs = [run for run, _ in spark.jobs(model)]
    if job not in jobs:
        return None, [problem("MY727", f"{name} has no job {job}", hint=f"there is {one_of(jobs)}")]
    targets = [each for each in model.targets if each in BATCH]
    if target and target not in targets:
        return None, [problem("MY727", f"{name} does not run on {target}", hint=f"it runs on {one_of(targets)}")]
    if len(targets) != 1 and not target:
        return None, [problem("MY727", f"{name} runs on {' and '.join(targets)}", hint="choose one with --target")]
    return (model, target or targets[0]), []


def _gcloud(model: DeclaredModel, job: str, *, wait: bool) -> str:
    spec = spec_of(model.whole, "dataproc", Dataproc)
    data = shlex.quote(json.dumps({"run": job}, separators=(",", ":")))
    base = base_name(model, "dataproc")
    verb = "run" if wait else "execute"
    return f"gcloud workflows {verb} {base} --data={data} --location={spec.region} --project={spec.project}"
