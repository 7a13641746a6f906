"""Fuzz one target for a while: `python -m tests.fuzz.run stream --seconds 60`.

The fuzzer is atheris: libFuzzer's mutations are led by the branches that they reach, which neither Hypothesis nor a
mutator of our own knows; and a crash of the C parser, which no `except` sees, stops it too.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent

with atheris.instrument_imports(include=["modelyard"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Run libFuzzer; it exits with another code than 0, and leaves the input, when a target raises."""
    parser = argparse.ArgumentParser(description="Fuzz one target for a while.")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=15, help="how long (default: 15)")
    parser.add_argument("--found", type=Path, help="where new inputs are kept; a temporary folder if absent")
    parser.add_argument("--failed", type=Path, default=Path(), help="where an input that fails is left")
    given = parser.parse_args()
    if given.found is None:
        # libFuzzer ends its process at once: nothing in it could remove the folder.
        with tempfile.TemporaryDirectory(prefix="modelyard-fuzz-") as temporary:
            command = [sys.executable, "-m", "tests.fuzz.run", *sys.argv[1:], "--found", temporary]
            sys.exit(subprocess.run(command, check=False).returncode)
    given.found.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={given.seconds}",
        f"-dict={HERE / 'yaml.dict'}",
        f"-artifact_prefix={given.failed.resolve()}/fuzz-{given.target}-",
        "-max_len=2048",
        # Seconds for one input, however busy the machine is: targets have limits of their own, of the processor.
        "-timeout=60",
        "-report_slow_units=60",
        "-rss_limit_mb=1500",
        "-print_final_stats=1",
    ]
    seeds = [str(given.found), str(HERE / "corpus" / given.target)]
    atheris.Setup([sys.argv[0], *seeds, *options], TARGETS[given.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
