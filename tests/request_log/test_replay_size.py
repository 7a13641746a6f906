"""A large replay: each difference found, at a memory that does not grow with it."""

import sys
from pathlib import Path

import pytest

from tests.support.large_replay import check_size
from tests.support.postgres import Server


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit")
def test_each_difference_in_a_hundred_thousand_rows_is_found_and_memory_is_flat(server: Server, tmp_path: Path) -> None:
    small, large = check_size(server, tmp_path, 100_000)
    assert large < 200
    assert large < small * 1.1
