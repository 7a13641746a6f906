"""What is fuzzed: a target takes bytes from anywhere, and must give data and declared problems, never an exception."""

import io
import re
import resource
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from modelyard import api
from modelyard.api.objects import check_streams
from modelyard.files.yaml import write_all
from modelyard.kustomize.kustomization.edit import with_entry, without_entry
from modelyard.modelsfile.load import load_text
from modelyard.plugin import call as fn
from modelyard.problems import Problem, has_errors, printable
from modelyard.problems.codes import CODES
from modelyard.report.counts import Report
from modelyard.report.formats import FORMATS, written
from tests.fuzz import tables

Target = Callable[[bytes], None]

ENTRY: Final = "site-config/modelyard-risk"
_BREAK: Final = re.compile(rb"\r\n|\n|\r")
SIZE: Final = 20_000  # bytes that an input of the target cost is made long
SECONDS: Final = 6.0  # of the processor, above which it is looked whether the time grows faster than the bytes
GROWTH: Final = 10.0  # between a quarter of the bytes and all: 4 if the time grows with them, 16 with their square
KILOBYTES: Final = 150_000  # of memory for them; schemas that are loaded take half of that
NOWHERE: Final = Path("/nonexistent")  # no file that the input names is there


def models(data: bytes) -> None:
    """A models file, and all that it renders."""
    loaded = load_text(data, "models.yaml", NOWHERE)
    rendering = api.render_loaded(loaded, NOWHERE)
    if not has_errors(rendering.problems):
        write_all(each.body for each in rendering.objects)
    declared(rendering.problems, {"models.yaml": data})


def kustomization(data: bytes) -> None:
    """A hand-written kustomization.yaml, with an entry put in and taken out again."""
    new, problems = with_entry(data, "components", ENTRY, shown="kustomization.yaml")
    declared(problems, {"kustomization.yaml": data})
    if new is None:
        assert problems
        return
    old, problems = without_entry(new, "components", ENTRY, shown="kustomization.yaml")
    assert old is not None, problems
    assert data in (old, new)  # as it was; or it had the entry already


def resource_list(data: bytes) -> None:
    """A ResourceList on the standard input of the plugin."""
    out, err = io.BytesIO(), io.StringIO()
    code = fn.run((), {}, io.BytesIO(data), out, err)
    assert code in (0, 1)
    assert bool(out.getvalue()) == (code == 0)
    assert clean(err.getvalue())


def stream(data: bytes) -> None:
    """A stream of objects that others wrote."""
    checked = check_streams({"stream": data})
    assert checked.objects or has_errors(checked.problems)
    declared(checked.problems, {"stream": data})


def csv(data: bytes) -> None:
    """A table to score."""
    declared([*tables.read_and_written(data)], {tables.SHOWN: data})


def cost(data: bytes) -> None:
    """A models file and a stream with a part that is repeated: LEAD, NUL, the part, NUL, END.

    Time and memory must grow with the bytes, and not faster: twenty thousand bytes squared are minutes.
    """
    lead, _, rest = data.partition(b"\0")
    pump, _, end = rest.partition(b"\0")
    if not pump:
        lead, pump, end = b"", lead, b""
    times = max(1, SIZE // max(1, len(pump)))
    content = lead + pump * times + end
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = seconds_for(content)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert times >= 4 or seconds < SECONDS * max(1, len(content) // SIZE), f"{seconds:.1f} s, {len(content)} bytes"
    if seconds > SECONDS and times >= 4:
        quarter = seconds_for(lead + pump * (times // 4) + end)
        assert seconds < GROWTH * quarter, f"{seconds:.1f} s for {len(content)} bytes, {quarter:.1f} s for a quarter"
    assert kilobytes < KILOBYTES * max(1, len(content) // SIZE), f"{kilobytes} kB for {len(content)} bytes"


def seconds_for(content: bytes) -> float:
    """Return the seconds of the processor that a models file or stream of these bytes takes."""
    start = time.process_time()
    models(content)
    stream(content)
    return time.process_time() - start


TARGETS: Final[dict[str, Target]] = {
    "models": models,
    "kustomization": kustomization,
    "resource_list": resource_list,
    "stream": stream,
    "csv": csv,
    "cost": cost,
}


def declared(problems: Sequence[Problem], contents: dict[str, bytes]) -> None:
    """Assert that problems are declared, in their place, and fit to be printed in every format."""
    lines = {file: len(_BREAK.findall(content)) + 1 for file, content in contents.items()}
    for each in problems:
        assert each.code in CODES
        assert each.message
        if each.place:
            assert 1 <= each.place.line <= lines[each.place.file] + 1, each
            assert each.place.column >= 1
    report = Report(tuple(problems), tuple(contents), contents=contents)
    if problems:
        # One format for each input: all of them would take longer than what is tested.
        name = list(FORMATS)[zlib.crc32(b"".join(contents.values())) % len(FORMATS)]
        shown = written(name, report)
        assert clean(shown), shown
        shown.encode("utf-8")


def clean(text: str) -> bool:
    """Tell whether a terminal can be given a text: it holds no control character but the ends of its lines."""
    return _all_printable(text.split("\n"))


def _all_printable(lines: Iterable[str]) -> bool:
    return all(printable(line) == line for line in lines)
