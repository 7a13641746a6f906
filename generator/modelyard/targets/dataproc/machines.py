"""From executors of YARN to machines of Google Cloud, with the arithmetic in words.

Source: Apache Spark 4.0, docs/running-on-yarn.md and docs/configuration.md (spark.executor.memoryOverheadFactor 0.10 on
YARN, also for Python; at least 384 MiB; 1 core and 1 GiB without a setting, 2 executors); Google Cloud, "Cluster
sizing" of Cloud Data Fusion (of a worker with 4 vCPU and 15 GB, YARN has 12 GB: 80 %); Compute Engine, "General-purpose
machine family" (memory per vCPU: n1-standard 3.75, n1-highmem 6.5, n2 and e2 standard 4, highmem 8 GiB).
"""

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from modelyard.problems.patterns import pattern

_PER_CPU: Final = {
    "e2-standard": 4096, "e2-highmem": 8192, "n2-standard": 4096, "n2-highmem": 8192, "n1-standard": 3840,
    "n1-highmem": 6656,
}  # fmt: skip  # MiB
_CPUS: Final = {"e2-standard": (2, 4, 8, 16, 32), "e2-highmem": (2, 4, 8, 16)}
_MORE_CPUS: Final = (2, 4, 8, 16, 32, 64)
_YARN_PERCENT: Final = 80
_OVERHEAD_PERCENT: Final = 10
_LEAST_OVERHEAD: Final = 384  # MiB
_LEAST_WORKERS: Final = 2  # of a cluster that is no single node
_MOST_WORKERS: Final = 200
DEFAULT: Final = ("n1-standard-4", 2)
_MEMORY: Final = pattern(r"([0-9]{1,9})[ ]?([kmgtKMGT]?)[iI]?[bB]?")
_UNITS: Final = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024 * 1024}


class Machine(NamedTuple):
    """A machine type. memory: in MiB."""

    name: str
    cpus: int
    memory: int

    @property
    def yarn(self) -> int:
        """MiB that YARN gives to containers."""
        return self.memory * _YARN_PERCENT // 100


class Executors(NamedTuple):
    """What a job asks of YARN. memory, overhead: in MiB. number: of executors; is_default: nobody says how many."""

    cores: int
    memory: int
    overhead: int
    number: int
    is_default: bool

    @property
    def container(self) -> int:
        """MiB of one container."""
        return self.memory + self.overhead


class Fit(NamedTuple):
    """How executors fit machines. each: executors that one machine holds."""

    machine: Machine
    each: int
    workers: int


def machines() -> Iterator[Machine]:
    """Yield the machine types that are known."""
    for family, memory in _PER_CPU.items():
        for cpus in _CPUS.get(family, _MORE_CPUS):
            yield Machine(f"{family}-{cpus}", cpus, cpus * memory)


def mebibytes(text: str, unit: str = "m") -> int | None:
    """Return the MiB of a memory as Spark writes it (512m, 8g, 10GB: all are powers of 1024); None if it is none.

    unit: of a number without one.
    """
    found = _MEMORY.fullmatch(text.strip())
    return math.ceil(int(found[1]) * _UNITS[(found[2] or unit).lower()]) if found else None


def quantity(mib: int) -> str:
    """Return MiB as Kubernetes writes them."""
    return f"{mib // 1024}Gi" if mib % 1024 == 0 and mib else f"{mib}Mi"


def executors(settings: Mapping[str, str]) -> Executors:
    """Return what Spark's settings ask for, with Spark's defaults."""
    memory = mebibytes(settings.get("spark.executor.memory", "")) or 1024
    said = settings.get("spark.executor.memoryOverhead") or settings.get("spark.yarn.executor.memoryOverhead") or ""
    overhead = mebibytes(said) or max(_LEAST_OVERHEAD, math.ceil(memory * _OVERHEAD_PERCENT / 100))
    count = _integer(settings.get("spark.executor.instances", ""))
    count = count or _integer(settings.get("spark.dynamicAllocation.maxExecutors", ""))
    return Executors(_integer(settings.get("spark.executor.cores", "")) or 1, memory, overhead, count or 2, not count)


def _integer(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def fit(wanted: Executors, machine: Machine) -> Fit | None:
    """Return how many of a machine hold the executors; None where none fits on it, or far too many are needed."""
    each = min(machine.yarn // wanted.container, machine.cpus // wanted.cores)
    if each < 1:
        return None
    workers = max(_LEAST_WORKERS, math.ceil(wanted.number / each))
    return Fit(machine, each, workers) if workers <= _MOST_WORKERS else None


def fits(wanted: Executors) -> list[Fit]:
    """Return the best fit of each family, the best first: fewest vCPU, then least memory, then fewest machines."""
    best: dict[str, Fit] = {}
    for machine in machines():
        found = fit(wanted, machine)
        family = machine.name.rpartition("-")[0]
        if found and (family not in best or _cost(found) < _cost(best[family])):
            best[family] = found
    return sorted(best.values(), key=_cost)


def _cost(each: Fit) -> tuple[int, int, int]:
    return (each.workers * each.machine.cpus, each.workers * each.machine.memory, each.workers)


def named(name: str) -> Machine | None:
    """Return a machine type that is known by its name."""
    return next((each for each in machines() if each.name == name), None)


def arithmetic(wanted: Executors, found: Fit) -> list[str]:
    """Return how the numbers come about, in lines."""
    machine, gib = found.machine, found.machine.memory / 1024
    why = "as set" if wanted.overhead != max(384, math.ceil(wanted.memory / 10)) else "the larger of 384 MiB and 10 %"
    cores = f"{wanted.cores} core{'' if wanted.cores == 1 else 's'}"
    needed = math.ceil(wanted.number / found.each)
    least = f", and {_LEAST_WORKERS} is the least" if needed < _LEAST_WORKERS else ""
    one = f"min({machine.yarn} / {wanted.container}, {machine.cpus} / {wanted.cores}) = {found.each}"
    return [
        f"executor: {wanted.memory} MiB + overhead {wanted.overhead} MiB ({why}) = {wanted.container} MiB, {cores}",
        f"{machine.name}: {machine.cpus} vCPU, {gib:g} GiB, of which YARN gives 80 %: {machine.yarn} MiB",
        f"one holds {one}; {wanted.number} executors: ceil({wanted.number} / {found.each}) = {needed}{least}",
    ]
