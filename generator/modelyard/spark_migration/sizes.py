"""Executors, driver and machines of the model, from what the project says about them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from modelyard.spark_migration.evidence import Evidence, Value
from modelyard.targets.dataproc import machines
from modelyard.targets.dataproc.machines import Executors, Machine

_MACHINES: Final = frozenset(("machine_type_uri", "machinetypeuri", "worker_machine_type", "machine_type"))
_COUNTS: Final = frozenset(("num_instances", "numinstances", "num_workers"))
_ASKED: Final = (
    "spark.executor.cores", "spark.executor.memory", "spark.executor.instances", "spark.executor.memoryOverhead",
    "spark.yarn.executor.memoryOverhead", "spark.dynamicAllocation.maxExecutors", "spark.driver.cores",
    "spark.driver.memory",
)  # fmt: skip


@dataclass
class Size:
    """What is declared. memory: in MiB. comments: the arithmetic, and where its numbers come from."""

    driver_cores: int
    driver_memory: int
    cores: int
    memory: int
    machine: str
    workers: int
    comments: list[str] = field(default_factory=list)


def size(evidence: Evidence) -> Size:
    """Return the size of the model's cluster."""
    asked = _asked(evidence)
    settings = {name: each.value for name, each in asked.items()}
    driver = machines.mebibytes(settings.get("spark.driver.memory", "")) or 2048
    cores = settings.get("spark.driver.cores", "")
    found = Size(
        int(cores) if cores.isascii() and cores.isdecimal() and len(cores) < 4 and int(cores) else 1,
        driver,
        2,
        2048,
        "",
        2,
    )
    if any(name.startswith(("spark.executor.", "spark.yarn.executor.", "spark.dynamic")) for name in asked):
        _of_executors(evidence, found, asked, machines.executors(settings))
    else:
        _of_machines(evidence, found)
    return found


def _asked(evidence: Evidence) -> dict[str, Value]:
    """Return what sets sizes, the program's word before the call's, before that of configuration files.

    Of two jobs the larger number counts: the models file has one size for both.
    """
    found: dict[str, Value] = {}
    for setting in evidence.own_settings():
        if setting.key in _ASKED:
            _larger(found, Value(setting.path, setting.line, setting.key, setting.value))
    called: dict[str, Value] = {}
    for submit in evidence.own_submits():
        for name in _ASKED:
            if name in submit.settings:
                _larger(called, Value(submit.path, submit.line, name, submit.settings[name]))
    found.update(called)
    program: dict[str, Value] = {}
    for each in evidence.own_programs():
        for call in each.calls:
            key, said = call.text(0, "key"), call.text(1, "value")
            if call.last in ("config", "set") and key in _ASKED and said:
                _larger(program, Value(each.text.path, call.node.end_lineno or 1, key, said))
    return {**found, **program}


def _larger(found: dict[str, Value], value: Value) -> None:
    new = machines.mebibytes(value.value)
    if new is None:
        return  # $(nproc)G, and what else is known at run time
    before = found.get(value.name)
    if before is None or (machines.mebibytes(before.value) or 0) < new:
        found[value.name] = value


def _of_executors(evidence: Evidence, found: Size, asked: dict[str, Value], wanted: Executors) -> None:
    found.cores, found.memory = wanted.cores, wanted.memory
    for each in asked.values():
        found.comments.append(f"{each.name} {each.value} ({each.path}:{each.line})")
    if wanted.is_default:
        found.comments.append(f"nobody says how many executors: {wanted.number}, Spark's default on YARN")
    fits = machines.fits(wanted)
    own = next((each for each in _machines(evidence) if machines.fit(wanted, each)), None)
    best = machines.fit(wanted, own) if own else (fits[0] if fits else None)
    if best is None:
        machine, found.workers = machines.DEFAULT
        found.machine = machine
        found.comments.append(f"no known machine holds an executor of {wanted.container} MiB and {wanted.cores} cores")
        return
    found.machine, found.workers = best.machine.name, best.workers
    if own and wanted.is_default and (workers := _workers(evidence)) > found.workers:
        found.workers = workers
        found.comments.append(f"the project has {workers} workers of this type")
    found.comments += machines.arithmetic(wanted, best)
    others = [f"{each.workers} x {each.machine.name}" for each in fits if each.machine.name != best.machine.name][:3]
    if others:
        found.comments.append(f"the same in other families: {', '.join(others)}")


def _of_machines(evidence: Evidence, found: Size) -> None:
    """Take the machines that the project names, else the default; two executors share one."""
    known = [*_machines(evidence)]
    name, workers = machines.DEFAULT
    machine = known[0] if known else machines.named(name)
    found.machine = machine.name if machine else name
    found.workers = max(_workers(evidence), workers)
    if machine is None:
        return
    each = machine.yarn // 2 * 10 // 11
    found.cores, found.memory = max(machine.cpus // 2, 1), each // 1024 * 1024 or each
    who = "the project names these machines" if known else "the project says nothing of its size"
    found.comments += [
        f"{who}: {found.workers} x {machine.name}, {machine.cpus} vCPU, {machine.memory / 1024:g} GiB",
        f"two executors on each, less 10 % overhead: {machine.yarn} MiB (80 %, YARN's) / 2 / 1.1 = {each} MiB",
    ]


def _workers(evidence: Evidence) -> int:
    """Return how many workers the project's clusters have; 0 if it does not say."""
    found = [each.value for each in evidence.values() if each.last in _COUNTS]
    return max((int(each) for each in found if each.isascii() and each.isdecimal() and len(each) < 4), default=0)


def _machines(evidence: Evidence) -> Iterable[Machine]:
    """Yield the machine types that the project names, those of workers first."""
    values = [each for each in evidence.values() if each.last in _MACHINES]
    for value in sorted(values, key=lambda each: "worker" not in each.last):
        found = machines.named(value.value.rpartition("/")[2])
        if found:
            yield found
