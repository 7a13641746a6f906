"""files: a folder is written as a whole or not at all, by one process at a time."""

import errno
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from modelyard.files import disk
from modelyard.files.disk import entries
from tests.support.folders import HEADER, NEW, OLD, Write, beside, both_ways, stamps, state, texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "generated"


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older system: folders cannot change places, file systems cannot be synchronised as a whole."""
    monkeypatch.setattr(entries, "_EXCHANGE", None)
    monkeypatch.setattr(entries, "_SYNCFS", None)


@both_ways
def test_first_run(folder: Path, write: Write) -> None:
    assert write(folder, texts(OLD), HEADER) == []
    assert state(folder) == texts(OLD)
    assert beside(folder) == ["generated"]


@both_ways
def test_adds_changes_and_removes(folder: Path, write: Write) -> None:
    write(folder, texts(OLD), HEADER)
    assert write(folder, texts(NEW), HEADER) == []
    assert state(folder) == texts(NEW)
    assert sorted(path.name for path in folder.iterdir()) == ["kustomization.yaml", "models", "more"]
    assert write(folder, texts(OLD), HEADER) == []
    assert not (folder / "more").exists()
    assert beside(folder) == ["generated"]


@both_ways
def test_nothing_is_touched_when_nothing_changes(folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, texts(OLD), HEADER)
    before = stamps(folder)
    for name in ("mkdir", "link", "write", "rename", "unlink", "rmdir", "fsync"):
        monkeypatch.delattr(os, name)  # none of them may be called
    assert write(folder, texts(OLD), HEADER) == []
    assert stamps(folder) == before


@both_ways
def test_a_file_that_somebody_added_to_is_written_again(folder: Path, write: Write) -> None:
    long = {**texts(OLD), "long": f"{HEADER}\n{'a' * 1000}\n"}
    write(folder, long, HEADER)
    for path in long:
        with (folder / path).open("a", encoding="utf-8") as file:
            file.write("x")
        assert write(folder, long, HEADER) == []
        assert state(folder) == long


@both_ways
def test_an_unchanged_file_keeps_inode_and_time(folder: Path, write: Write) -> None:
    write(folder, texts(OLD), HEADER)
    os.utime(folder / "models/b.yaml", (1, 1))
    before = (folder / "models/b.yaml").stat()
    write(folder, texts(NEW), HEADER)
    after = (folder / "models/b.yaml").stat()
    assert (after.st_ino, after.st_mtime, after.st_nlink) == (before.st_ino, 1, 1)


def test_where_links_are_refused_a_copy_keeps_mode_and_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object, **__: object) -> None:
        raise OSError(errno.EMLINK, "Too many links")

    disk.exchange(folder, texts(OLD), HEADER)
    os.utime(folder / "models/b.yaml", (1, 1))
    (folder / "models/b.yaml").chmod(0o600)
    monkeypatch.setattr(os, "link", no_link)
    assert disk.exchange(folder, texts(NEW), HEADER) == []
    assert state(folder) == texts(NEW)
    after = (folder / "models/b.yaml").stat()
    assert (after.st_mtime, stat.S_IMODE(after.st_mode)) == (1, 0o600)


@both_ways
def test_a_file_becomes_a_folder_and_back(folder: Path, write: Write) -> None:
    one, other = texts({"x": "1", "y/z": "2", "y/v/w": "3"}), texts({"x/y": "4", "y": "5"})
    for content in (one, other, one):
        assert write(folder, content, HEADER) == []
        assert state(folder) == content


@both_ways
@pytest.mark.parametrize(
    ("umask", "file", "directory"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700), (0, 0o644, 0o755)]
)
def test_modes(folder: Path, write: Write, umask: int, file: int, directory: int) -> None:
    before = os.umask(umask)
    try:
        write(folder, texts(OLD), HEADER)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "models").stat().st_mode) == directory
    assert stat.S_IMODE((folder / "models/a.yaml").stat().st_mode) == file
    assert stat.S_IMODE(folder.stat().st_mode) == directory


@both_ways
def test_an_empty_folder_of_the_user_goes(folder: Path, write: Write) -> None:
    write(folder, texts(OLD), HEADER)
    (folder / "empty").mkdir()
    assert write(folder, texts(OLD), HEADER) == []
    assert not (folder / "empty").exists()


@both_ways
def test_no_content_gives_an_empty_folder(folder: Path, write: Write) -> None:
    assert write(folder, {}, HEADER) == []
    assert folder.is_dir()
    write(folder, texts(OLD), HEADER)
    assert write(folder, {}, HEADER) == []
    assert list(folder.iterdir()) == []


@both_ways
def test_what_a_killed_run_left_is_removed(folder: Path, write: Write) -> None:
    write(folder, texts(OLD), HEADER)
    new, old = folder.parent / ".generated.modelyard-new", folder.parent / ".generated.modelyard-old"
    (new / "models").mkdir(parents=True)
    (new / "models" / "half").write_text("")
    (new / "link").symlink_to(folder)
    old.symlink_to(folder)
    (folder / ".modelyard-part").write_text("hal")
    assert write(folder, texts(OLD), HEADER) == []
    assert state(folder) == texts(OLD)
    assert beside(folder) == ["generated"]


@pytest.mark.usefixtures("no_exchange")
def test_two_renames_where_nothing_can_be_exchanged(folder: Path) -> None:
    for content in (OLD, NEW, OLD):
        assert disk.exchange(folder, texts(content), HEADER) == []
        assert state(folder) == texts(content)
        assert beside(folder) == ["generated"]


def between_two_renames(folder: Path) -> None:
    disk.exchange(folder, texts(NEW), HEADER)
    folder.rename(folder.parent / ".generated.modelyard-new")
    disk.exchange(folder.parent / "other", texts(OLD), HEADER)
    (folder.parent / "other").rename(folder.parent / ".generated.modelyard-old")


@both_ways
def test_killed_between_two_renames_the_old_folder_comes_back(folder: Path, write: Write) -> None:
    between_two_renames(folder)
    inode = (folder.parent / ".generated.modelyard-old").stat().st_ino
    assert write(folder, texts(OLD), HEADER) == []
    assert state(folder) == texts(OLD)
    assert folder.stat().st_ino == inode
    assert beside(folder) == ["generated"]


@both_ways
@pytest.mark.usefixtures("no_exchange")
def test_killed_between_two_renames_the_next_run_goes_on(folder: Path, write: Write) -> None:
    between_two_renames(folder)
    assert write(folder, texts(NEW), HEADER) == []
    assert state(folder) == texts(NEW)
    assert beside(folder) == ["generated"]


def test_many_processes_at_once_leave_one_complete_state(folder: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from modelyard.files import disk as files
        from modelyard.files.disk import lock

        lock.WAIT = 60
        number = sys.argv[2]
        for turn in range(10):
            names = ["kustomization", "same", f"own-{number}-{turn}", f"models/{number}"]
            content = {f"{name}.yaml": f"# ours\\n{name == 'same' or number}\\n" for name in names}
            assert files.exchange(Path(sys.argv[1]), content, "# ours") == []
    """)
    runs = [subprocess.Popen([sys.executable, "-c", program, str(folder), str(number)]) for number in range(8)]
    assert [run.wait(120) for run in runs] == [0] * 8
    number = (folder / "kustomization.yaml").read_text("utf-8").split()[-1]
    names = ["kustomization", "same", f"own-{number}-9", f"models/{number}"]
    assert state(folder) == {f"{name}.yaml": f"# ours\n{name == 'same' or number}\n" for name in names}
    assert beside(folder) == ["generated"]
