"""Read standard input as a models file in a process of its own; print what that took, as JSON.

seconds: of processor time, on a machine whose parser hands out 30,000 events in 36 ms. Without that measure the
figure would say how fast the machine is, and how busy. mebibytes: the most that this process ever had in memory.
The collector is off, as it is when modelyard loads a file.
"""

import gc
import json
import resource
import sys
import time
from pathlib import Path

from _ruamel_yaml import CParser

from modelyard.files.yaml import Sources, read

_REFERENCE = 0.036


def _unit() -> float:
    get = CParser(b"a: [b, c, d]\n" * 5_000).get_event
    start = time.process_time()
    for _ in range(30_000):
        get()
    return time.process_time() - start


def _mebibytes() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Measure one file."""
    content = sys.stdin.buffer.read()
    gc.disable()
    unit = min(_unit() for _ in range(3))
    start = time.process_time()
    document = read(content, Sources(), "models.yaml")
    spent = time.process_time() - start
    result = {
        "seconds": spent * _REFERENCE / max(unit, _REFERENCE),
        "mebibytes": _mebibytes(),
        "problems": [f"{each.code}@{each.place.line}:{each.place.column}" for each in document.problems if each.place],
        "longest": max((len(each.message) + len(each.hint) for each in document.problems), default=0),
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
