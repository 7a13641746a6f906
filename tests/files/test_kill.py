"""A run that is killed, or refused by the system, at any call leaves the old folder or the new one.

One undisturbed run is traced. Every call that it makes while it holds the lock is then a point: for each of them
another run is killed there, and another gets an error there.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

import pytest

import modelyard
from modelyard.files import disk
from tests.conftest import need
from tests.support.folders import HEADER, beside, state, texts
from tests.support.shares import share
from tests.support.strace_faults import Call, calls, run_with

OLD = {
    "kustomization.yaml": "old",
    "models/a.yaml": "a 1",
    "models/b.yaml": "b",
    "models/c.yaml": "c",
    "d.yaml": "d",
    "f.yaml": "1",
}
NEW = {
    "kustomization.yaml": "new",
    "models/a.yaml": "a 2",
    "models/b.yaml": "b",
    "more/e.yaml": "e",
    "d.yaml": "d",
    "f.yaml": "2",
}
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from modelyard.files import disk as files
from modelyard.files.disk import entries
mode = sys.argv[2]
def careless(folder, content, header):
    with files.locked(folder.parent):
        for path, text in content.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)
    return []
if mode == "renames":  # an older system
    entries._EXCHANGE = entries._SYNCFS = None
ways = {"in place": files.write_in_place, "careless": careless}
write = ways.get(mode, files.exchange)
problems = write(Path("generated"), json.loads(sys.argv[3]), sys.argv[4])
for each in problems:
    print(each.severity, each.code, each.message, each.hint, file=sys.stderr)
sys.exit(any(each.severity == "error" for each in problems))
"""
SOURCE = str(Path(next(iter(modelyard.__path__))).parent)
CHANGING = {"mkdirat", "linkat", "write", "renameat", "renameat2", "fsync", "syncfs"}
LOOKING = {"newfstatat", "openat", "read", "getdents64", "unlinkat"}


Point = TypeVar("Point")


@dataclass(frozen=True, slots=True)
class Scene:
    """A command that turns `generated` in its working folder from old to new, and what holds if it is killed."""

    argv: list[str]
    old: Mapping[str, str]
    new: Mapping[str, str]
    holds: Callable[["Scene", Path], bool]
    points: int  # at least so many calls

    def prepare(self, folder: Path) -> Path:
        """Make the folder of an overlay with the old content; return its `generated`."""
        folder.mkdir(parents=True)
        for path, text in self.old.items():
            (folder / "generated" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "generated" / path).write_text(text, "utf-8")
        return folder / "generated"


def all_or_nothing(scene: Scene, folder: Path) -> bool:
    return state(folder) in (scene.old, scene.new) and (folder.exists() or not scene.old)


def all_or_moved(scene: Scene, folder: Path) -> bool:
    """Between two renames the old folder has another name."""
    moved = folder.with_name(".generated.modelyard-old")
    return all_or_nothing(scene, folder) or (not folder.exists() and state(moved) == scene.old)


def file_by_file(scene: Scene, folder: Path) -> bool:
    """Every file is old or new, and what the kustomization names is there."""
    now = {path: text for path, text in state(folder).items() if path != ".modelyard-part"}
    named = scene.new if now["kustomization.yaml"] == scene.new["kustomization.yaml"] else scene.old
    whole = named is scene.old or all(now[path] == scene.new[path] for path in scene.new)
    return (
        whole and named.keys() <= now.keys() and all(t in (scene.old.get(p), scene.new.get(p)) for p, t in now.items())
    )


def program(mode: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-B", "-c", PROGRAM, SOURCE, mode, json.dumps(texts(NEW)), HEADER]


SCENES = {
    "exchange": Scene(program("exchange"), texts(OLD), texts(NEW), all_or_nothing, 100),
    "two renames": Scene(program("renames"), texts(OLD), texts(NEW), all_or_moved, 100),
    "in place": Scene(program("in place"), texts(OLD), texts(NEW), file_by_file, 75),
    "first run": Scene(program("exchange"), {}, texts(NEW), all_or_nothing, 40),
}


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Call]]:
    """Return the calls of an undisturbed run of each scene."""
    need(Path(shutil.which("strace") or "strace"), "install strace: it injects the faults")
    found = {}
    for name, scene in SCENES.items():
        folder = tmp_path_factory.mktemp(name.replace(" ", "-"))
        generated = scene.prepare(folder / "overlay")
        found[name] = calls(scene.argv, generated.parent)
        assert state(generated) == scene.new
        assert beside(generated) == ["generated"]
    return found


def at_each(points: list[Point], check: Callable[[Point], Iterator[str]]) -> list[str]:
    """Run a check at each point, two at a time; return what is wrong."""
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda point: [f"{point}: {wrong}" for wrong in check(point)], points)
    return [wrong for result in results for wrong in result]


def recovers(scene: Scene, folder: Path) -> Iterator[str]:
    """Yield what is wrong after undisturbed runs: nothing else may be left in the folder or beside it."""
    for content in (scene.old, scene.new):
        if problems := disk.exchange(folder, content, HEADER):
            yield f"the next run says {problems}"
        if state(folder) != content:
            yield f"the next run leaves {state(folder)}"
    if beside(folder) != ["generated"]:
        yield f"the next run leaves {beside(folder)}"
    needed = {(folder / path).parent for path in scene.new} - {folder}
    if {path for path in folder.rglob("*") if path.is_dir()} != needed:
        yield "the next run leaves other folders"


@pytest.mark.many
@pytest.mark.parametrize("name", SCENES)
def test_killed_at_any_call(name: str, traces: dict[str, list[Call]], tmp_path: Path) -> None:
    scene = SCENES[name]

    def check(call: Call) -> Iterator[str]:
        folder = scene.prepare(tmp_path / f"{call.name}-{call.number}")
        if (code := run_with(scene.argv, folder.parent, (call, "signal=KILL")).returncode) != -9:
            yield f"was not killed, but exits with {code}"
        if not scene.holds(scene, folder):
            yield f"left {beside(folder)} with {state(folder)}"
        yield from recovers(scene, folder)

    assert len(traces[name]) >= scene.points
    assert at_each(share(traces[name]), check) == []


def phases(points: list[Call]) -> list[str]:
    """Return the phase of each call: before the new folder has the name, confirming that on disk, cleaning up."""
    swap = max(index for index, call in enumerate(points) if call.name.startswith("rename"))
    confirmed = next(index for index in range(swap, len(points)) if points[index].name == "fsync")
    return ["before" if n <= swap else "confirm" if n <= confirmed else "clean" for n in range(len(points))]


def faults(points: list[Call], ways: int) -> Iterator[tuple[Call, str, str]]:
    """Yield (call, phase, error): what changes something fails in that many ways, what looks at something in one."""
    errors = cycle(("ENOSPC", "EACCES", "EIO", "EROFS"))
    for before, call, phase in zip([points[0], *points], points, phases(points), strict=False):
        closes = (before.name, call.name) == ("write", "close")
        changes = call.name in CHANGING or "O_CREAT" in call.text
        if call.name in CHANGING | LOOKING or closes:
            yield from ((call, phase, error) for error in islice(errors, ways if changes else 1))


OUTCOMES = {  # phase -> exit code, what the problem says, whether the new content is in place
    "before": (1, "error MY402 cannot ", False),
    "confirm": (1, "error MY402 cannot write ", True),
    "clean": (0, "warning MY402 cannot remove ", True),
}


@pytest.mark.many
@pytest.mark.parametrize("name", SCENES)
def test_refused_at_any_call(name: str, traces: dict[str, list[Call]], tmp_path: Path) -> None:
    scene = SCENES[name]

    def check(point: tuple[Call, str, str]) -> Iterator[str]:
        call, phase, error = point
        folder = scene.prepare(tmp_path / f"{call.name}-{call.number}-{error}")
        done = run_with(scene.argv, folder.parent, (call, f"error={error}"))
        code, says, new = OUTCOMES[phase]
        if name == "in place":
            code, says = 1, "error MY402 cannot "
        if done.returncode != code or not done.stderr.startswith(says) or "generated" not in done.stderr or done.stdout:
            yield f"exits with {done.returncode} and says {done.stderr}{done.stdout}"
        if not (
            file_by_file(scene, folder) if name == "in place" else state(folder) == (scene.new if new else scene.old)
        ):
            yield f"left {state(folder)}"
        if phase == "before" and beside(folder) != (["generated"] if scene.old else []):
            yield f"left {beside(folder)}"
        if ".modelyard-part" in state(folder):
            yield "left a part"
        yield from recovers(scene, folder)

    assert at_each(share(list(faults(traces[name], 4 if name == "exchange" else 2))), check) == []


def test_a_careless_writer_would_be_found(traces: dict[str, list[Call]], tmp_path: Path) -> None:
    """The kills of these tests do hit: write(2) into the file itself does not survive them."""
    assert traces
    scene = Scene(program("careless"), texts(OLD), texts(NEW), file_by_file, 0)
    points = calls(scene.argv, scene.prepare(tmp_path / "traced").parent)

    def check(call: Call) -> Iterator[str]:
        folder = scene.prepare(tmp_path / f"{call.name}-{call.number}")
        run_with(scene.argv, folder.parent, (call, "signal=KILL"))
        if not scene.holds(scene, folder):
            yield "mixed"

    assert at_each([call for call in points if call.name == "write"], check) != []


@pytest.mark.parametrize("name", ["exchange", "two renames", "first run"])
def test_data_is_on_disk_before_it_gets_the_name(name: str, traces: dict[str, list[Call]]) -> None:
    order = [call.name for call in traces[name] if call.name in CHANGING | {"unlinkat"}]
    if name == "two renames":
        written = sum(call.name == "write" for call in traces[name])
        folders = sum(call.name == "mkdirat" for call in traces[name])
        assert order[order.index("renameat") - written - folders : order.index("renameat")] == ["fsync"] * (
            written + folders
        )
    else:
        assert order[order.index("syncfs") + 1].startswith("rename")
        assert not {"write", "linkat", "mkdirat"} & set(order[order.index("syncfs") :])
    if name != "first run":
        assert order[order.index("unlinkat") - 1] == "fsync", "the old folder goes after the exchange is on disk"


@pytest.mark.parametrize(
    ("name", "error", "code", "says"),
    [
        *(("renameat2", error, 1, "--in-place") for error in ("EXDEV", "EBUSY")),
        *(("renameat2", error, 0, "") for error in ("EINVAL", "ENOSYS", "EOPNOTSUPP", "EPERM")),
        *(("linkat", error, 0, "") for error in ("EMLINK", "EOPNOTSUPP", "EPERM", "EXDEV")),
        *(("fsync", error, 0, "") for error in ("EINVAL", "EOPNOTSUPP")),
        ("flock", "ENOLCK", 1, "error MY403 cannot lock .: No locks available"),
    ],
)
def test_what_a_system_lacks(
    name: str, error: str, code: int, says: str, traces: dict[str, list[Call]], tmp_path: Path
) -> None:
    assert traces
    scene = SCENES["exchange"]
    folder = scene.prepare(tmp_path / "overlay")
    done = run_with(scene.argv, folder.parent, (Call(name, 1, ""), f"error={error}"))
    assert (done.returncode, bool(done.stderr)) == (code, bool(says))
    assert says in done.stderr
    assert state(folder) == (scene.old if code else scene.new)
    assert list(recovers(scene, folder)) == []


def test_what_cannot_even_be_removed(traces: dict[str, list[Call]], tmp_path: Path) -> None:
    scene = SCENES["exchange"]
    folder = scene.prepare(tmp_path / "overlay")
    full = next(call for call in traces["exchange"] if call.name == "write")
    done = run_with(scene.argv, folder.parent, (full, "error=ENOSPC"), (Call("unlinkat", 1, ""), "error=EIO"))
    assert done.returncode == 1
    assert "error MY402 cannot write generated/" in done.stderr
    assert "No space left on device" in done.stderr
    assert state(folder) == scene.old
    assert beside(folder) == [".generated.modelyard-new", "generated"]
    assert list(recovers(scene, folder)) == []
