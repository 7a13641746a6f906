"""files.edit: one file of the user changes as a whole or not at all, and only where nothing can be lost."""

import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import modelyard
from modelyard.files import disk
from modelyard.files.disk import entries, lock
from modelyard.problems import Place, Problem
from tests.support.folders import beside

SOURCE = str(Path(next(iter(modelyard.__path__))).parent)
ADD_FIFTY = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from modelyard.kustomize.kustomization import edit as kustomization
from modelyard.files import disk as files
def change(content):
    new, problems = kustomization.with_entry(content, "components", entry, shown="kustomization.yaml")
    assert not problems, problems
    return new
for number in range(50):
    entry = f"site-config/{sys.argv[2]}-{number}"
    while problems := files.edit(Path("kustomization.yaml"), change):
        assert [each.code for each in problems] == ["MY403"], problems
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file to edit; it holds the word old."""
    (tmp_path / "folder").mkdir()
    file = tmp_path / "folder" / "kustomization.yaml"
    file.write_bytes(b"old\r\n")
    return file


def to_new(content: bytes) -> bytes:
    return content.replace(b"old", b"new")


def only(problems: list[Problem]) -> Problem:
    (found,) = problems
    return found


def test_the_content_is_what_the_change_makes_of_it(path: Path) -> None:
    assert disk.edit(path, to_new) == []
    assert path.read_bytes() == b"new\r\n"
    assert beside(path) == ["kustomization.yaml"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755, 0o4711])
def test_the_mode_stays(path: Path, mode: int) -> None:
    path.chmod(mode)
    assert disk.edit(path, to_new) == []
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(path: Path) -> None:
    os.chown(path, 1234, 2345)
    assert disk.edit(path, to_new) == []
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_an_owner_that_cannot_be_kept_is_no_reason(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path.chmod(0o640)
    monkeypatch.setattr(os, "fchown", refuse)
    assert disk.edit(path, to_new) == []
    assert path.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("answer", [None, b"old\r\n"], ids=["None", "the same"])
def test_without_a_change_nothing_is_written(path: Path, answer: bytes | None) -> None:
    before = path.stat(), path.parent.stat()
    assert disk.edit(path, lambda _: answer) == []
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before[0].st_ino, before[0].st_mtime_ns)
    assert path.parent.stat().st_mtime_ns == before[1].st_mtime_ns


def test_what_a_killed_run_left_goes_with_the_next(path: Path) -> None:
    for change in (to_new, lambda content: content):
        (path.parent / ".kustomization.yaml.modelyard-new").write_text("half")
        assert disk.edit(path, change) == []
        assert beside(path) == ["kustomization.yaml"]


def test_a_bug_in_the_change_leaves_all_as_it_was(path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        disk.edit(path, lambda content: content * (1 // 0))
    assert path.read_bytes() == b"old\r\n"
    assert beside(path) == ["kustomization.yaml"]
    assert disk.edit(path, to_new) == []


def test_an_interrupt_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entries, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        disk.edit(path, to_new)
    assert path.read_bytes() == b"old\r\n"
    assert beside(path) == ["kustomization.yaml"]


def make(path: Path, what: str) -> None:
    """Put something in the way."""
    if what == "a missing file":
        path.unlink()
    elif what == "a symbolic link":
        path.rename(path.with_name("real.yaml"))
        path.symlink_to("real.yaml")
    elif what == "a dangling link":
        path.unlink()
        path.symlink_to("gone.yaml")
    elif what == "hard links":
        path.with_name("other.yaml").hardlink_to(path)
    elif what == "a folder":
        path.unlink()
        path.mkdir()
    elif what == "a pipe":
        path.unlink()
        os.mkfifo(path)
    elif what == "a socket":
        path.unlink()
        socket.socket(socket.AF_UNIX).bind(str(path))
    elif what == "a read-only file":
        path.chmod(0o444)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the socket, which only has to have a name
@pytest.mark.parametrize(
    ("what", "message", "hint"),
    [
        ("a missing file", "is not there", "check the name"),
        ("a symbolic link", "is a symbolic link to {folder}/real.yaml", "name that file"),
        ("a dangling link", "is a symbolic link to {folder}/gone.yaml", "name that file"),
        ("hard links", "has 2 hard links", "make a copy"),
        ("a folder", "is a folder", "name a file"),
        ("a pipe", "is a socket, pipe or device", "name a file"),
        ("a socket", "is a socket, pipe or device", "name a file"),
        ("a read-only file", "is read-only", "`chmod u+w {folder}/kustomization.yaml`"),
    ],
)
def test_what_would_be_lost_is_refused(what: str, message: str, hint: str, path: Path) -> None:
    make(path, what)
    before = {each.name: each.lstat() for each in path.parent.iterdir()}
    found = only(disk.edit(path, to_new))
    assert (found.code, found.place) == ("MY407", Place(str(path), 1, 1))
    assert found.message == f"{path} {message.format(folder=path.parent)}"
    assert hint.format(folder=path.parent) in found.hint
    after = {each.name: each.lstat() for each in path.parent.iterdir()}
    assert [(name, s.st_ino, s.st_mode, s.st_mtime_ns) for name, s in after.items()] == [
        (name, s.st_ino, s.st_mode, s.st_mtime_ns) for name, s in before.items()
    ]


@contextmanager
def without_rights(*paths: Path) -> Iterator[None]:
    """Be a user who owns the paths; where the tests run as root, that is nobody, for root writes everywhere."""
    if os.geteuid() != 0:
        yield
        return
    for each in paths:
        os.chown(each, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder() -> None:
    with tempfile.TemporaryDirectory() as folder:  # tmp_path lies in a folder that only its maker may enter
        path = Path(folder) / "kustomization.yaml"
        path.write_bytes(b"old")
        with without_rights(path.parent, path):
            path.parent.chmod(0o555)
            found = only(disk.edit(path, to_new))
            path.parent.chmod(0o755)
        assert (found.code, found.place) == ("MY407", Place(str(path), 1, 1))
        assert found.message == f"cannot edit {path}: Permission denied"
        assert "permission" in found.hint
        assert path.read_bytes() == b"old"
        assert beside(path) == ["kustomization.yaml"]


def test_a_folder_that_is_not_there(path: Path) -> None:
    found = only(disk.edit(path / "deep" / "kustomization.yaml", to_new))
    assert found.code == "MY402"
    assert found.place == Place(str(path / "deep" / "kustomization.yaml"), 1, 1)


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.EROFS, "mounted read-only"), (errno.EACCES, "permission"), (errno.EBUSY, "mount point")],
)
def test_a_file_that_cannot_be_replaced(path: Path, number: int, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(entries, "rename", refuse)
    found = only(disk.edit(path, to_new))
    assert (found.code, found.message) == ("MY407", f"cannot edit {path}: {os.strerror(number)}")
    assert hint in found.hint
    assert path.read_bytes() == b"old\r\n"
    assert beside(path) == ["kustomization.yaml"]


def test_a_change_by_another_program_meanwhile_is_not_lost(path: Path) -> None:
    def slow(content: bytes) -> bytes:
        path.write_bytes(b"theirs")
        return to_new(content)

    found = only(disk.edit(path, slow))
    assert (found.code, found.message) == ("MY407", f"{path} has changed meanwhile")
    assert path.read_bytes() == b"theirs"
    assert beside(path) == ["kustomization.yaml"]


def test_a_file_that_is_replaced_meanwhile_is_not_lost(path: Path) -> None:
    def slow(content: bytes) -> bytes:
        path.with_name("editor").write_bytes(b"theirs")
        path.with_name("editor").rename(path)
        return to_new(content)

    assert "has changed meanwhile" in only(disk.edit(path, slow)).message
    assert path.read_bytes() == b"theirs"


def test_the_lock_of_another_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT", 0.1)
    with disk.locked(path.parent):
        found = only(disk.edit(path, to_new))
    assert (found.code, found.place) == ("MY403", Place(str(path), 1, 1))
    assert path.read_bytes() == b"old\r\n"


def test_the_change_is_made_under_the_lock(path: Path) -> None:
    def change(content: bytes) -> bytes:
        fd = os.open(path.parent, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(fd)
        return to_new(content)

    assert disk.edit(path, change) == []


@pytest.mark.slow
def test_eight_processes_lose_no_edit(path: Path) -> None:
    path.write_text("# A comment.\nresources:\n- a\n")
    argv = [sys.executable, "-I", "-B", "-c", ADD_FIFTY, SOURCE]
    running = [subprocess.Popen([*argv, str(number)], cwd=path.parent) for number in range(8)]
    assert [each.wait(timeout=300) for each in running] == [0] * 8
    lines = path.read_text().splitlines()
    assert lines[:4] == ["# A comment.", "resources:", "- a", "components:"]
    wanted = {f"- site-config/{process}-{number}" for process in range(8) for number in range(50)}
    assert sorted(line.partition(" #")[0] for line in lines[4:]) == sorted(wanted)
    assert beside(path) == ["kustomization.yaml"]
