"""What is kept between runs: nothing is read that another may have written, and the folder stays small."""

import os
import re
from pathlib import Path

import pytest

from modelyard.files import cache
from tests.conftest import ROOT, Run

LIMITS = cache.Limits(16, 1 << 10)
DEV = ROOT / "overlays" / "dev"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of compiled templates."""
    found = tmp_path / "modelyard" / "templates"
    cache.keep(found, "a", b"ours", LIMITS)
    return found


def only(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_what_was_kept_is_found_again(folder: Path) -> None:
    assert cache.load(folder, "a", LIMITS) == b"ours"
    assert cache.load(folder, "b", LIMITS) is None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert only(folder).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_is_neither_read_nor_written(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    assert cache.load(folder, "a", LIMITS) is None
    cache.keep(folder, "b", b"ours", LIMITS)
    assert len([*folder.iterdir()]) == 1


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_not_read(folder: Path, mode: int) -> None:
    only(folder).chmod(mode)
    assert cache.load(folder, "a", LIMITS) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_another_user_owns_is_not_read(folder: Path, what: str) -> None:
    os.chown(only(folder) if what == "file" else folder, 65534, 65534)
    assert cache.load(folder, "a", LIMITS) is None


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    moved = only(folder).rename(tmp_path / "elsewhere")
    (folder / moved.with_name("a.cached").name).symlink_to(moved)
    assert cache.load(folder, "a", LIMITS) is None
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    cache.keep(linked, "b", b"ours", LIMITS)
    assert cache.load(folder, "b", LIMITS) is None


def test_a_pipe_in_place_of_a_file_holds_nobody_up(folder: Path) -> None:
    os.mkfifo(folder / "b.cached")
    assert cache.load(folder, "b", LIMITS) is None


def test_a_file_that_is_cut_or_changed_anywhere_is_a_miss(folder: Path) -> None:
    whole = only(folder).read_bytes()
    for end in range(len(whole)):
        only(folder).write_bytes(whole[:end])
        assert cache.load(folder, "a", LIMITS) is None
        only(folder).write_bytes(whole[:end] + bytes([whole[end] ^ 1]) + whole[end + 1 :])
        assert cache.load(folder, "a", LIMITS) is None


def test_the_folder_is_bounded_and_the_oldest_go(folder: Path) -> None:
    (folder / "of the user").touch()
    for number in range(2 * LIMITS.files):
        cache.keep(folder, f"n{number}", b"x", LIMITS)
    assert len([*folder.iterdir()]) <= LIMITS.files + 1
    assert (folder / "of the user").exists()
    assert cache.load(folder, "a", LIMITS) is None
    assert cache.load(folder, f"n{2 * LIMITS.files - 1}", LIMITS) == b"x"
    cache.keep(folder, "large", b"x" * (LIMITS.size + 1), LIMITS)
    assert cache.load(folder, "large", LIMITS) is None


def test_faulty_caches_change_nothing(modelyard: Run, tmp_path: Path) -> None:
    def rendered() -> str:
        done = modelyard("render", "-f", DEV, "--stdout", env={"XDG_CACHE_HOME": str(tmp_path)})
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = rendered()
    kept = sorted((tmp_path / "modelyard" / "templates").iterdir())
    assert kept
    for file in kept:
        file.write_bytes(file.read_bytes()[:-7])
    assert rendered() == first
    for file in kept:
        file.write_bytes(b"")
    assert rendered() == first


def test_nothing_is_unpickled_but_what_a_process_gives_the_one_that_forked_it() -> None:
    names = {path.relative_to(ROOT): path.read_text("utf-8") for path in (ROOT / "generator").rglob("*.py")}
    found = [path for path, text in names.items() if re.search(r"\b(import|from) c?pickle\b|\bpickle\.loads?\b", text)]
    assert found == [Path("generator/modelyard/files/forks.py")]
    assert re.findall(r"pickle\.loads?\(\w+\)", names[found[0]]) == ["pickle.loads(content)"]  # of its own pipe


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nowhere)
    assert cache.home({}) is None
    assert cache.home({"XDG_CACHE_HOME": "relative"}) is None
    assert cache.home({"XDG_CACHE_HOME": "/c"}) == Path("/c")
