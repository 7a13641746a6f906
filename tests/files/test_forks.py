"""Work that is divided between processes: what it gives does not tell by how many it was done."""

import subprocess
import sys

import pytest

ORDER = """
import os
from modelyard.files.forks import side_by_side
pids = side_by_side([os.getpid, os.getpid, lambda: 0, os.getpid])
assert pids[0] == os.getpid() != pids[1] != pids[3], pids
assert pids[2] == 0
assert not os.path.exists(f"/proc/{pids[1]}") and not os.path.exists(f"/proc/{pids[3]}")
"""
ERROR = """
from modelyard.files.forks import side_by_side
made = side_by_side([lambda: 1, lambda: (lambda: 2)])
assert made[1]() == 2  # which cannot be copied
try:
    side_by_side([lambda: 1, lambda: [][0]])
except IndexError:
    print("raised")
"""
DIVIDED = """
import os, time
from modelyard.files.forks import divided
def slow():
    time.sleep(0.5)
    return os.getpid()
pids = divided([slow, *[os.getpid] * 200], 2)
assert len(pids) == 201 and len(set(pids[1:])) == 1 and pids[0] not in pids[1:], pids  # nobody waits for the slow one
assert divided([lambda: 1, lambda: 2], 1) == divided([lambda: 1, lambda: 2], 7) == [1, 2]
here = os.getpid()
def dies():
    if os.getpid() != here:
        os._exit(1)
    time.sleep(0.1)
    return here
assert divided([dies] * 9, 3) == [here] * 9
"""
REFUSED = """
import errno, os
from modelyard.files.forks import side_by_side
def fork():
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
os.fork = fork
assert side_by_side([lambda: 1, lambda: 2]) == [1, 2]
"""
THREADS = """
import threading
from modelyard.files.forks import cores
alone, end = cores(), threading.Event()
thread = threading.Thread(target=end.wait)
thread.start()
beside = cores()
end.set()
thread.join()
assert alone >= beside == 1, (alone, beside)
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("program", [ORDER, DIVIDED, REFUSED, THREADS], ids=["order", "divided", "refused", "threads"])
def test_work_is_done_in_order_and_by_whom_it_can(program: str) -> None:
    done = run(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_error_of_a_process_is_raised_where_the_work_was_divided() -> None:
    done = run(ERROR)
    assert (done.returncode, done.stdout, done.stderr) == (0, "raised\n", "")
