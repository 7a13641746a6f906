"""What the figures were measured on."""

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from modelyard import __version__


def described() -> str:
    """Return a paragraph: the date, the processors, how busy they were, memory, system and versions."""
    cpus = Path("/proc/cpuinfo").read_text("utf-8")
    name = re.search(r"^model name\s*:\s*(.+)$", cpus, re.MULTILINE)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    # How many processors this process may use, which is not how many the machine has.
    cores = len(os.sched_getaffinity(0))
    versions = [
        f"modelyard {__version__}",
        f"Python {platform.python_version()}",
        *_of("go", "version"),
        *_of("node", "-v"),
    ]
    busy = os.getloadavg()[1]
    said = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} on {cores} cores ({name[1] if name else platform.machine()}), "
        f"{memory:.0f} GiB, Linux {platform.release().partition('-')[0]}; {', '.join(versions)}."
    )
    if busy > cores * 0.75:
        said += (
            f"\n\n**The machine was busy with other work**: {busy:.1f} processes wanted {cores} cores at the start. "
            "Seconds of the clock are too long, those of the processors in brackets less so, and only what ran in "
            "turn can be compared, roughly."
        )
    return said


def _of(program: str, option: str) -> list[str]:
    if not shutil.which(program):
        return []
    said = subprocess.run([program, option], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return [f"{program.capitalize()} {found[0]}"] if found else []
