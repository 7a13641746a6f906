"""The models file: what is declared, and beside it in comments what will not move as it is."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from modelyard.files.yaml import write
from modelyard.problems import Problem, printable
from modelyard.problems.credentials import without_forms
from modelyard.spark_migration.evidence import Evidence
from modelyard.spark_migration.needs import Needs
from modelyard.spark_migration.sizes import Size
from modelyard.spark_migration.upload import archive, object_name
from modelyard.targets.dataproc.machines import quantity

_WIDTH: Final = 118
_MAX_COMMENTS: Final = 40  # of one place
_CLUSTER: Final = frozenset(("MY904", "MY914", "MY915", "MY917", "MY919"))
_WHOLE: Final = frozenset(("MY902", "MY908", "MY918"))


@dataclass
class Declared:
    """What the models file says. target: of dataproc. triggers: as the format has them."""

    name: str
    bucket: str
    jobs: Mapping[str, Needs]
    size: Size
    triggers: list[dict[str, str]]
    target: dict[str, object]
    notes: list[str] = field(default_factory=list)


def text(evidence: Evidence, declared: Declared, problems: Sequence[Problem]) -> str:
    """Return the models file. problems: each becomes a comment, once, above what it is about."""
    groups = _grouped(evidence, declared, problems)
    conf = {name: value for needs in declared.jobs.values() for name, value in needs.conf.items()}
    shown = printable(evidence.folder.shown)
    head = [f"From the pyspark project {shown}: paths in comments are relative to it.", *declared.notes]
    blocks = [
        _block(0, head, {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet"}),
        _block(0, [], {"metadata": {"name": declared.name}}),
        "spec:\n  models:\n",
        _comments(2, groups.get("", [])),
        f"  - name: {declared.name}\n",
        "    runtime: spark\n    spark:\n",
        _block(6, groups.get("bucket", []), {"bucket": declared.bucket}),
    ]
    for what, needs in declared.jobs.items():
        blocks.append(_block(6, groups.get(what, []), {what: _job(needs)}))
    if declared.triggers:
        blocks.append(
            _block(6, ["what an upload to the bucket, or the clock, starts"], {"triggers": declared.triggers})
        )
    size = declared.size
    driver = {"cores": size.driver_cores, "memory": quantity(size.driver_memory)}
    executor = {"cores": size.cores, "memory": quantity(size.memory)}
    blocks += [
        _block(6, [], {"driver": driver}),
        _block(6, size.comments, {"executor": executor}),
        _block(6, groups.get("conf", []), {"conf": conf}) if conf else _comments(6, groups.get("conf", [])),
        "    targets:\n",
        _block(6, groups.get("targets", []), {"dataproc": declared.target}),
    ]
    return "".join(blocks)


def _job(needs: Needs) -> dict[str, object]:
    found: dict[str, object] = {"main": object_name(needs.main)}
    for key, setting, paths in (
        ("files", "spark.files", needs.files),
        ("pyFiles", "spark.submit.pyFiles", [*needs.modules, *map(archive, needs.packages)]),
        ("jars", "spark.jars", needs.jars),
        ("archives", "spark.archives", needs.archives),
    ):
        if listed := [*map(object_name, paths), *needs.urls.get(setting, ())]:
            found[key] = listed
    if needs.args:
        found["args"] = needs.args
    return found


def _grouped(evidence: Evidence, declared: Declared, problems: Iterable[Problem]) -> dict[str, list[str]]:
    """Return the comments by what they stand above: a job, `bucket`, `conf`, `targets`, or the model."""
    prefix = evidence.folder.place("x").file.removesuffix("x")
    found: dict[str, list[str]] = {}
    for each in problems:
        path = each.place.file.removeprefix(prefix) if each.place else ""
        owners = [what for what, job in evidence.chosen.named.items() if path in job.files]
        if each.code in _WHOLE:
            group = ""
        elif each.code in _CLUSTER:
            group = "targets"
        elif len(owners) == 1 or (len(declared.jobs) == 1 and owners):
            group = owners[0]
        else:
            group = "conf" if each.code in ("MY921", "MY922") else "bucket"
        found.setdefault(group, []).append(_said(each, prefix))
    return found


def _said(each: Problem, prefix: str) -> str:
    where = f"{each.place.file.removeprefix(prefix)}:{each.place.line}: " if each.place else ""
    more = f" ({len(each.related)} more place{'s' * (len(each.related) > 1)})" if each.related else ""
    return (
        f"{each.code} {where}{each.message}{more}; {each.hint}" if each.hint else f"{each.code} {where}{each.message}"
    )


def _block(indent: int, comments: Sequence[str], value: Mapping[str, object]) -> str:
    return _comments(indent, comments) + textwrap.indent(write(dict(value)), " " * indent)


def _comments(indent: int, comments: Sequence[str]) -> str:
    lines: list[str] = []
    for comment in comments[:_MAX_COMMENTS]:
        clean = printable(without_forms(comment))
        lead = f"{' ' * indent}# "
        lines += textwrap.wrap(
            clean, _WIDTH, initial_indent=lead, subsequent_indent=f"{lead}  ", break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
    if more := len(comments) - _MAX_COMMENTS:
        lines += [f"{' ' * indent}# and {more} more, which the report lists"] if more > 0 else []
    return "".join(f"{line}\n" for line in lines)
