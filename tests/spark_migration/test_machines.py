"""From executors to machines: arithmetic that can be done on paper."""

import pytest

from modelyard.targets.dataproc import machines


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("512m", 512),
        ("8g", 8192),
        ("10GB", 10240),
        ("1024k", 1),
        ("1t", 1 << 20),
        ("300", 300),
        ("x", None),
        ("", None),
    ],
)
def test_memory_is_read_as_spark_reads_it(text: str, mib: int | None) -> None:
    assert machines.mebibytes(text) == mib


@pytest.mark.parametrize(("memory", "overhead"), [("1g", 384), ("3840m", 384), ("3841m", 385), ("8g", 820)])
def test_the_overhead_is_a_tenth_and_at_least_384_mib(memory: str, overhead: int) -> None:
    assert machines.executors({"spark.executor.memory": memory}).overhead == overhead


def test_an_overhead_that_is_set_counts() -> None:
    settings = {"spark.executor.memory": "8g", "spark.yarn.executor.memoryOverhead": "2048"}
    assert machines.executors(settings).container == 8192 + 2048


def test_executors_fill_machines_by_cores_and_by_memory() -> None:
    wanted = machines.executors(
        {"spark.executor.instances": "10", "spark.executor.cores": "4", "spark.executor.memory": "8g"}
    )
    assert wanted == machines.Executors(4, 8192, 820, 10, is_default=False)
    for name, each, workers in (
        ("n1-standard-4", 1, 10),  # 15 GiB: 12288 MiB of YARN, one container of 9012
        ("n2-standard-8", 2, 5),  # 32 GiB: 26214 MiB; two by memory, two by cores
        ("e2-highmem-4", 1, 10),  # 32 GiB: 26214 MiB; one by cores
        ("n1-standard-16", 4, 3),  # 60 GiB: 49152 MiB; five by memory, four by cores
    ):
        machine = machines.named(name)
        assert machine
        assert machines.fit(wanted, machine) == machines.Fit(machine, each, workers)
    small = machines.named("n1-standard-2")
    assert small
    assert machines.fit(wanted, small) is None


def test_the_best_fit_comes_first_and_each_family_once() -> None:
    wanted = machines.executors({"spark.executor.instances": "10", "spark.executor.cores": "4"})
    found = machines.fits(wanted)
    assert [each.workers * each.machine.cpus for each in found] == sorted(
        each.workers * each.machine.cpus for each in found
    )
    assert len({each.machine.name.rpartition("-")[0] for each in found}) == len(found) == 6


def test_what_no_machine_holds_fits_none() -> None:
    assert machines.fits(machines.executors({"spark.executor.memory": "2t"})) == []
    assert machines.fits(machines.executors({"spark.executor.instances": "99999"})) == []
