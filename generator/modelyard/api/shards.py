"""Score a table by shards: one of them here, or all of them by an Indexed Job in a cluster.

from modelyard.api import shards

part, problems = shards.score_shard("https://models.example.com/churn", "s3://risk/in", "s3://risk/out", 7, 40)
done = shards.score_by_job("churn", shards.Wanted("s3://risk/in", "s3://risk/out", 40, 10))
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from modelyard.api.addresses import found
from modelyard.api.pipeline import load
from modelyard.cluster import ClusterProblem, Connection, connect, jobs
from modelyard.cluster.jobs import Progress
from modelyard.manifests.hashed_names import seal
from modelyard.manifests.names import offer, one_of
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, has_errors, problem
from modelyard.render.objects import with_digests
from modelyard.score import loops
from modelyard.score.formats import codec
from modelyard.score.manifest import Manifest, Part, joined, part_of
from modelyard.score.options import Options, Route
from modelyard.score.run import Report
from modelyard.targets import BATCH, target
from modelyard.targets.workloads.scoring_job import CONTAINER, Wanted, job

__all__ = ["Connection", "Done", "Manifest", "Part", "Progress", "Wanted", "job_of", "score_by_job", "score_shard"]

HERE: Final = Connection()
_TIMEOUTS: Final = ("connect", "headers", "body")


@dataclass(slots=True)
class Done:
    """What came of a Job. manifest: of the whole output, with its parts; None where a shard failed. job: its name."""

    job: str = ""
    manifest: Manifest | None = None
    parts: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _silent(_: object) -> None:
    pass


def score_shard(  # noqa: PLR0913 - all but five are seldom needed, and named
    model: str,
    source: str,
    output: str,
    index: int,
    count: int,
    *,
    file: str | Path = ".",
    route: Route | None = None,
    options: Options | None = None,
    where: Connection | None = None,
    report: Report | None = None,
) -> tuple[Part | None, list[Problem]]:
    """Score one shard of a table and put its part into a folder; return what is in the part, None if there is none.

    source: a file or folder, s3://… or gs://…, of Parquet or CSV. Of Parquet, a shard has those row groups, counted
    through all files by name, of CSV those files, whose number from 0 leaves `index` when divided by `count`. A part
    appears whole or not at all; a shard that is scored again replaces its own. Rows that failed are no problem here.
    """
    if find_spec("pyarrow") is None:
        hint = "install modelyard[parquet], as with pip install 'modelyard[parquet]'"
        return None, [problem("MY817", "scoring by shards needs pyarrow", hint=hint)]
    from modelyard.score.parts import score_part
    from modelyard.score.shards import Shard

    chosen = route or Route()
    with ExitStack() as tunnels:
        server, problems = found(model, file, chosen, where, tunnels)
        if server is None:
            return None, problems
        shard = Shard(index, count)
        part, more = loops.run(score_part(server, source, output, shard, options or Options(), chosen, report))
    return part, [*problems, *more]


def job_of(
    name: str,
    wanted: Wanted,
    *,
    file: str | Path = ".",
    route: Route | None = None,
    options: Options | None = None,
) -> tuple[dict[str, Any] | None, str | None, list[Problem]]:
    """Return the Job that scores a table by a model of a models file, and its namespace; or why there is none."""
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems):
        return None, None, loaded.problems
    models = loaded.models
    if models.spec.toolImage is None:
        hint = "name an image with modelyard[parquet] in spec.toolImage"
        return None, None, [problem("MY729", "the set has no toolImage, which scores beside the model", hint=hint)]
    way = route or Route()
    chosen = _model(models, name, way.variant)
    if isinstance(chosen, Problem):
        return None, None, [chosen]
    model, served, on = chosen
    templates = Templates()
    beside = target(on).render(models, model, templates).manifests
    told = replace(wanted, words=_words(options or Options(), way))
    made = job(models, model, served, on, told, templates)
    (sealed,) = (each for each in seal(with_digests(models, [*beside, made])) if each.kind == jobs.KIND)
    return sealed.body, models.spec.namespace, loaded.problems


def score_by_job(  # noqa: PLR0913 - all but two are seldom needed, and named
    name: str,
    wanted: Wanted,
    *,
    file: str | Path = ".",
    route: Route | None = None,
    options: Options | None = None,
    where: Connection = HERE,
    began: Callable[[str], None] = _silent,
    progress: Callable[[Progress], None] = _silent,
) -> Done:
    """Score a table by an Indexed Job whose pods have the model beside them, and follow it to its end.

    route: variant, and step or signature of a model with several. A Job of the same content that runs or has ended is
    followed instead of a new one, so a call that was interrupted can be made again. At its end the Job is deleted.
    began and progress: are told of its name, and of each change.
    """
    body, namespace, problems = job_of(name, wanted, file=file, route=route, options=options)
    if body is None:
        return Done(problems=problems)
    try:
        with connect(replace(where, namespace=where.namespace or namespace)) as client:
            body["metadata"]["namespace"] = client.namespace
            live = jobs.begin(client, body)
            began(live["metadata"]["name"])
            last, failed = jobs.follow(client, live, CONTAINER, progress)
            jobs.end(client, live)
    except ClusterProblem as error:
        return Done(problems=[*problems, error.problem])
    done = Done(live["metadata"]["name"], problems=[*problems, *failed])
    if not failed:
        join(done, name, wanted, last)
    return done


def _words(options: Options, route: Route) -> list[str]:
    """Return the options of a command line that differ from what it has without them."""
    usual = Options()
    pairs = [
        ("step", route.step, ""), ("signature", route.signature, ""),
        *((name, getattr(options, name), getattr(usual, name)) for name in ("concurrency", "batch", "retries")),
        *((f"{name}-timeout", getattr(options.limits, name), getattr(usual.limits, name)) for name in _TIMEOUTS),
        ("total-timeout", options.total, usual.total), ("delimiter", options.delimiter, usual.delimiter),
        ("encoding", codec(options.encoding), codec(usual.encoding)), ("decimal", options.decimal, usual.decimal),
        *(("missing", text, "") for text in options.missing),
    ]  # fmt: skip
    words = [f"--{name}={value}" for name, value, without in pairs if value != without]
    return [*words, "--escape-formulas"] if options.escape_formulas else words


def join(done: Done, name: str, wanted: Wanted, last: Progress) -> None:
    """Put the parts of a Job that has ended well together; each pod said what is in its own."""
    said = {index: part_of(text) for index, text in last.said.items()}
    lost = [index for index in range(wanted.shards) if said.get(index) is None]
    if lost:
        message = f"the pod of shard {lost[0]} is gone, and with it what it said of its part"
        hint = f"the output is whole: {wanted.output}/_modelyard-{lost[0]:05d}.json says it"
        done.problems.append(problem("MY728", message, hint=hint))
        return
    done.parts = [each for _, each in sorted(said.items()) if each is not None]
    done.manifest = joined(name, done.parts)
    if done.manifest.failed:
        message = f"{done.manifest.failed} of {done.manifest.rows} rows failed"
        hint = f"the files {wanted.output}/part-*.errors.* say why"
        done.problems.append(problem("MY808", message, hint=hint))


def _model(models: DeclaredSet, name: str, variant: str | None) -> tuple[DeclaredModel, Served, str] | Problem:
    """Return a model, what of it is to run, and on which target it does."""
    known = {each.name: each for each in models.models if [one for one in each.targets if one not in BATCH]}
    model = known.get(name)
    if model is None:
        hint = offer(name, known) or "declare one"
        return problem("MY729", f"no model {name} of the file runs in containers", hint=hint)
    served = {each.variant: each for each in model.served}
    if variant is None and len(served) == 1:
        variant = next(iter(served))
    if variant not in served:
        what = f"{name} has no variant {variant}" if variant else f"{name} has variants"
        hint = f"choose one with --variant: {one_of(str(each) for each in served if each)}"
        return problem("MY729", what, hint=hint if None not in served else "leave out --variant")
    return model, served[variant], next(each for each in model.targets if each not in BATCH)
