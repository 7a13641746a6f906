"""files: what modelyard did not write stops the run."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard.files import disk
from modelyard.files.disk import entries
from tests.support.folders import HEADER, NEW, OLD, Write, beside, both_ways, stamps, texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "generated"


def link_to_file(path: Path) -> None:
    path.symlink_to("kustomization.yaml")


def link_to_folder(path: Path) -> None:
    path.symlink_to("models")


def bind(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket has at most 108 bytes, unix(7)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("mine\n"), "does not start with modelyard's header"),
    "second line": (lambda path: path.write_text(f"mine\n{HEADER}\n"), "does not start with modelyard's header"),
    "longer line": (lambda path: path.write_text(f"{HEADER}!\n"), "does not start with modelyard's header"),
    "empty": (lambda path: path.write_bytes(b""), "an empty file"),
    "binary": (lambda path: path.write_bytes(b"\0\xff" * 1000), "does not start with modelyard's header"),
    "link to a file": (link_to_file, "a symbolic link"),
    "link to a folder": (link_to_folder, "a symbolic link"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "a symbolic link"),
    "pipe": (os.mkfifo, "a socket, pipe or device"),
    "socket": (bind, "a socket, pipe or device"),
}


@both_ways
@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("path", ["mine.yaml", "models/mine.yaml", "models/a.yaml"])
def test_a_foreign_file_stops_the_run(folder: Path, write: Write, path: str, what: str) -> None:
    make, says = FOREIGN[what]
    write(folder, texts(OLD), HEADER)
    (folder / path).unlink(missing_ok=True)
    make(folder / path)
    before = stamps(folder)
    (found,) = write(folder, texts(NEW), HEADER)
    assert (found.code, str(found.place)) == ("MY401", f"{folder / path}:1:1")
    assert says in found.message
    assert found.hint == "move it elsewhere; modelyard owns this folder"
    assert stamps(folder) == before


@both_ways
def test_all_foreign_files_are_named_up_to_a_limit(folder: Path, write: Write) -> None:
    write(folder, texts(OLD), HEADER)
    for number in range(disk.MAX_FOREIGN + 3):
        (folder / f"{number:02}").write_text("mine")
    found = write(folder, texts(NEW), HEADER)
    assert [each.place.file for each in found[:-1] if each.place] == [
        str(folder / f"{number:02}") for number in range(disk.MAX_FOREIGN)
    ]
    assert "3 more files" in found[-1].message


@both_ways
def test_a_checkout_with_carriage_returns_is_ours(folder: Path, write: Write) -> None:
    folder.mkdir()
    (folder / "c.yaml").write_bytes(f"{HEADER}\r\nc\r\n".encode())
    assert write(folder, texts(OLD), HEADER) == []
    assert (folder / "c.yaml").read_bytes() == texts(OLD)["c.yaml"].encode()


@both_ways
@pytest.mark.parametrize("kind", ["link", "dangling link", "file"])
def test_something_else_in_place_of_the_folder(folder: Path, write: Write, kind: str) -> None:
    target = folder.parent / "elsewhere"
    if kind == "link":
        target.mkdir()
        (target / ".modelyard-part").write_text("not for us to remove")
    if kind == "file":
        folder.write_text(f"{HEADER}\n")
    else:
        folder.symlink_to(target)
    before = beside(folder)
    (found,) = write(folder, texts(NEW), HEADER)
    assert (found.code, str(found.place)) == ("MY401", f"{folder}:1:1")
    assert beside(folder) == before
    assert kind != "link" or [path.name for path in target.iterdir()] == [".modelyard-part"]


def test_a_name_that_is_not_utf8_is_escaped(folder: Path) -> None:
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_text("mine")
    (found,) = disk.exchange(folder, {}, HEADER)
    assert found.message.encode().endswith(b"generated/\\udcff is a file that does not start with modelyard's header")


def test_a_link_that_appears_meanwhile_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "inside").mkdir()
    (tmp_path / "file").symlink_to("secret")
    (tmp_path / "folder").symlink_to("inside")
    (tmp_path / "nowhere").symlink_to("new")
    with disk.locked(tmp_path) as fd:
        with pytest.raises(OSError, match="symbolic links"):
            entries.load(fd, "file")
        with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
            entries.tree(fd, "folder")
        for name in ("file", "nowhere"):
            with pytest.raises(FileExistsError):
                entries.create(fd, name, b"x")
        entries.remove(fd, "folder")
    assert beside(tmp_path / "any") == ["file", "inside", "nowhere", "secret"]
