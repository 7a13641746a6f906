"""What targets that run jobs of Spark share: where programs and files are, settings, and which upload starts what."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel
from modelyard.models.spark import Champion, Job, Size, Spark, Trigger

# What kubeflow/spark-operator v2.5.2 and Dataproc's YARN take as a size: whole MiB.
_MEBIBYTE: Final = 1024 * 1024
_PARTS: Final = re.compile(r"(\*\*/|\*\*|\*)")
_REGEX: Final = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*"}
CHAMPION: Final = "spark.modelyard.champion"
# Fields of a model that mean something only where driver and executors are pods.
OF_PODS: Final = frozenset(
    [
        "affinity",
        "env",
        "envFrom",
        "imagePullPolicy",
        "metrics",
        "nodeSelector",
        "podAnnotations",
        "podLabels",
        "priorityClassName",
        "tolerations",
        "volumes",
    ]
)


def declared(model: DeclaredModel) -> Spark:
    """Return the jobs of a model; none where they are missing, which is reported already."""
    found = model.whole.model.spark
    return found if found is not None else Spark.model_construct(bucket="")


def jobs(model: DeclaredModel) -> Iterator[tuple[str, Job]]:
    """Yield the jobs by name: train before score."""
    spark = declared(model)
    if spark.train is not None:
        yield "train", spark.train
    if spark.score is not None:
        yield "score", spark.score


def uploads(model: DeclaredModel) -> list[Trigger]:
    """Return the triggers of uploads, in their order."""
    return [each for each in declared(model).triggers or [] if each.object is not None]


def schedules(model: DeclaredModel) -> list[Trigger]:
    """Return the triggers of times, in their order."""
    return [each for each in declared(model).triggers or [] if each.schedule is not None]


def uri(spark: Spark, path: str, scheme: str) -> str:
    """Return the address of what the models file calls by its path in the bucket."""
    return path if ":/" in path else derived(f"{scheme}://{spark.bucket}/{path}", path)


def uris(spark: Spark, paths: list[str] | None, scheme: str) -> list[str]:
    """Return the addresses of several."""
    return derived([uri(spark, each, scheme) for each in paths or []], paths)


def settings(spark: Spark, run: str, at: Callable[[str], str]) -> dict[str, str]:
    """Return the settings of a job that every platform takes: the model's own, and the champion that it scores with.

    at: gives the address of a path in the bucket.
    """
    found = dict(spark.conf or {})
    if run == "score" and spark.champion is not None:
        found |= _champion(spark.champion, at)
    return in_order(found)


def _champion(champion: Champion, at: Callable[[str], str]) -> dict[str, str]:
    found = {f"{CHAMPION}.path": at(champion.path), f"{CHAMPION}.version": champion.version}
    if champion.generation is not None:
        found[f"{CHAMPION}.generation"] = derived(str(champion.generation), champion.generation)
    return found


def sizes(spark: Spark) -> dict[str, str]:
    """Return the settings that say how large driver and executors are."""
    found: dict[str, str] = {}
    for role, size in (("driver", spark.driver), ("executor", spark.executor)):
        if size is not None and size.cores is not None:
            found[f"spark.{role}.cores"] = derived(str(size.cores), size.cores)
        if size is not None and size.memory is not None:
            found[f"spark.{role}.memory"] = memory(size)
    return found


def memory(size: Size) -> str:
    """Return the memory in Spark's form, such as 8g; of a part of a MiB nothing is left."""
    mebibytes = names.bytes_of(size.memory or "0") // _MEBIBYTE
    text = f"{mebibytes // 1024}g" if mebibytes % 1024 == 0 else f"{mebibytes}m"
    return derived(text, size.memory)


def folders(model: DeclaredModel) -> list[str]:
    """Return the folders in the bucket that jobs write: an upload there starts nothing."""
    return sorted({each for _, job in jobs(model) for each in job.outputs or []})


def regex(pattern: str) -> str:
    """Return the regular expression (RE2) of a trigger's pattern."""
    parts = (_REGEX.get(each) or re.escape(each) for each in _PARTS.split(pattern))
    return derived("^" + "".join(parts) + "$", pattern)


def object_of(champion: Champion) -> str:
    """Return the object whose generation is that of the champion: by default one that Spark ML always writes."""
    return champion.object or derived(f"{champion.path.rstrip('/')}/metadata/part-00000", champion.path)
