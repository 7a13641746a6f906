"""files: what the system, another run or a rule refuses leaves the old content."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from modelyard.files import disk
from modelyard.files.disk import entries, lock
from modelyard.problems import Severity
from tests.support.folders import HEADER, NEW, OLD, Write, beside, both_ways, state, texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "generated"


def test_the_second_rename_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def refuse(source: str, target: str, **descriptors: int) -> None:
        if source.endswith("-new"):
            raise OSError(errno.EIO, "Input/output error", source)
        rename(source, target, **descriptors)

    disk.exchange(folder, texts(OLD), HEADER)
    monkeypatch.setattr(entries, "_EXCHANGE", None)
    monkeypatch.setattr(os, "rename", refuse)
    (found,) = disk.exchange(folder, texts(NEW), HEADER)
    assert found.message == f"cannot write {folder}: Input/output error"
    assert state(folder) == texts(OLD)
    assert beside(folder) == ["generated"]


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EBUSY])
def test_a_folder_that_cannot_be_exchanged(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*names: object) -> bool:
        raise OSError(number, os.strerror(number), names[1])

    disk.exchange(folder, texts(OLD), HEADER)
    monkeypatch.setattr(entries, "exchanged", refuse)
    (found,) = disk.exchange(folder, texts(NEW), HEADER)
    assert (found.code, found.severity) == ("MY402", Severity.ERROR)
    assert str(folder) in found.message
    assert "--in-place" in found.hint
    assert state(folder) == texts(OLD)
    assert beside(folder) == ["generated"]
    assert disk.write_in_place(folder, texts(NEW), HEADER) == []
    assert state(folder) == texts(NEW)


@both_ways
def test_the_folder_around_is_missing(folder: Path, write: Write) -> None:
    (found,) = write(folder / "deep" / "generated", texts(NEW), HEADER)
    assert (found.code, found.message) == ("MY402", f"cannot open {folder / 'deep'}: No such file or directory")


@both_ways
def test_a_name_that_is_too_long(folder: Path, write: Write) -> None:
    path = f"models/{'x' * 300}.yaml"
    write(folder, texts(OLD), HEADER)
    (found,) = write(folder, texts({**NEW, path: ""}), HEADER)
    assert found.code == "MY402"
    assert found.message.startswith(f"cannot write {folder / path}: File name too long")
    assert "shorten" in found.hint
    assert (folder / "kustomization.yaml").read_text("utf-8") == texts(OLD)["kustomization.yaml"]
    assert beside(folder) == ["generated"]


def test_an_interrupt_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    disk.exchange(folder, texts(OLD), HEADER)
    monkeypatch.setattr(entries, "exchanged", interrupt)
    with pytest.raises(KeyboardInterrupt):
        disk.exchange(folder, texts(NEW), HEADER)
    assert state(folder) == texts(OLD)
    assert beside(folder) == ["generated"]


def test_the_old_folder_cannot_be_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, **_: int) -> None:
        raise OSError(errno.EIO, "Input/output error", name)

    disk.exchange(folder, texts(OLD), HEADER)
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse)
        (found,) = disk.exchange(folder, texts(NEW), HEADER)
    assert (found.code, found.severity) == ("MY402", Severity.WARNING)
    assert "cannot remove" in found.message
    assert ".generated.modelyard-new/" in found.message
    assert state(folder) == texts(NEW)
    assert disk.exchange(folder, texts(NEW), HEADER) == []
    assert beside(folder) == ["generated"]


@both_ways
def test_a_leftover_that_cannot_be_removed(folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, **_: int) -> None:
        raise OSError(errno.EACCES, "Permission denied", name)

    write(folder, texts(OLD), HEADER)
    (folder.parent / ".generated.modelyard-new").mkdir()
    monkeypatch.setattr(os, "rmdir", refuse)
    (found,) = write(folder, texts(NEW), HEADER)
    assert found.message == f"cannot remove {folder.parent / '.generated.modelyard-new'}: Permission denied"
    assert state(folder) == texts(OLD)


@both_ways
@pytest.mark.parametrize(
    "path",
    [
        *("", "/a", "../a", "a/../b", "a//b", "./a", "a/.", "a/", "a\\b"),
        *("a\nb", "a\0b", "a\x7f", "a\x85", "\udcff", "x", "y/x", ".modelyard-part"),
    ],
)
def test_paths_that_no_caller_may_pass(folder: Path, write: Write, path: str) -> None:
    with pytest.raises(ValueError, match="relative path"):
        write(folder, {**texts({"x/y": "", "y/x/z": ""}), path: HEADER}, HEADER)
    assert beside(folder) == []


@both_ways
def test_a_text_without_the_header_is_a_bug_of_the_caller(folder: Path, write: Write) -> None:
    with pytest.raises(ValueError, match="header"):
        write(folder, {"a": "text"}, HEADER)


@both_ways
@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_folder_needs_a_name(write: Write, name: str) -> None:
    (found,) = write(Path(name), {}, HEADER)
    assert found.code == "MY402"
    assert "has no name of its own" in found.message


@both_ways
def test_a_lock_that_another_run_holds(folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT", 0.1)
    with disk.locked(folder.parent):
        (found,) = write(folder, texts(NEW), HEADER)
        assert (found.code, found.severity) == ("MY403", Severity.ERROR)
        assert str(folder.parent) in found.message
        assert "more than 0.1 s" in found.message
        assert beside(folder) == []
    assert write(folder, texts(NEW), HEADER) == []
    assert beside(folder) == ["generated"]


@both_ways
def test_a_file_system_without_locks(folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    (found,) = write(folder, texts(NEW), HEADER)
    assert (found.code, found.message) == ("MY403", f"cannot lock {folder.parent}: No locks available")
