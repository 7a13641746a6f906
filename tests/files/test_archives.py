"""Archives and folders that anybody made: what leaves them, and what refuses them whole."""

import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.files import archives, trees

FILES: Final = {"7/saved_model.pb": b"model", "7/variables/variables.index": b"index", "7/assets/words.txt": b""}


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip archive."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w", *, more: tuple[tarfile.TarInfo, ...] = ()) -> bytes:
    """Return a tar archive. more: members without content."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in more:
            archive.addfile(info)
    return whole.getvalue()


def unpacked(folder: Path, content: bytes) -> tuple[dict[str, bytes], list[str]]:
    """Unpack an archive; return the files that it gave, and what was said."""
    (folder / "archive").write_bytes(content)
    into = folder / "into"
    into.mkdir()
    problems = archives.unpack(folder / "archive", into)
    assert all(each.code == "MY409" for each in problems)
    found = {str(each.relative_to(into)): each.read_bytes() for each in into.rglob("*") if each.is_file()}
    return found, [each.message for each in problems]


@pytest.mark.parametrize(
    "content", [zipped(FILES), *(tarred(FILES, mode) for mode in ("w", "w:gz", "w:bz2", "w:xz"))]
)  # fmt: skip
def test_every_kind_of_archive_gives_its_files(tmp_path: Path, content: bytes) -> None:
    assert unpacked(tmp_path, content) == (FILES, [])
    assert not os.access(tmp_path / "into" / "7" / "saved_model.pb", os.X_OK)


def test_names_that_begin_with_a_dot_and_folders_of_their_own_are_fine(tmp_path: Path) -> None:
    folder = tarfile.TarInfo("./7/empty")
    folder.type = tarfile.DIRTYPE
    content = tarred({"./7/saved_model.pb": b"x"}, more=(folder,))
    assert unpacked(tmp_path, content) == ({"7/saved_model.pb": b"x"}, [])
    assert (tmp_path / "into" / "7" / "empty").is_dir()


BAD: Final = (
    "../x", "a/../../x", "/etc/x", "..", "a/..", "C:/x", "a\\..\\x", "a\nb", "a\x1b[31m", "/".join("a" * 40), "n" * 300,
)  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("made", [zipped, tarred])
def test_a_name_that_leads_elsewhere_refuses_the_archive(
    tmp_path: Path, made: Callable[[dict[str, bytes]], bytes], name: str
) -> None:
    before = {each.name for each in tmp_path.parent.iterdir()}
    found, said = unpacked(tmp_path, made({name: b"x"}))
    assert (found, len(said)) == ({}, 1)
    assert "\n" not in said[0]
    assert "\x1b" not in said[0]
    assert {each.name for each in tmp_path.parent.iterdir()} == before
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_in_a_tar_archive_is_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("7/assets/words.txt")
    info.type, info.linkname = kind, "/etc/passwd"
    _, (said,) = unpacked(tmp_path, tarred({"7/a": b"x"}, more=(info,)))
    assert "7/assets/words.txt is a link, a device or a file with holes" in said


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_a_link_or_device_in_a_zip_archive_is_refused(tmp_path: Path, kind: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        info = zipfile.ZipInfo("7/words")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert unpacked(tmp_path, whole.getvalue())[1][0].endswith("7/words is a link or a device")


def test_an_encrypted_zip_archive_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a": b"x"}))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    assert unpacked(tmp_path, bytes(content))[1][0].endswith("a is encrypted")


def test_a_name_that_comes_twice_or_is_a_file_and_a_folder_is_refused(tmp_path: Path) -> None:
    for number, files in enumerate([("a/b", "./a/b"), ("a", "a/b"), ("a/b", "a")]):
        (tmp_path / str(number)).mkdir()
        _, (said,) = unpacked(tmp_path / str(number), tarred(dict.fromkeys(files, b"x")))
        assert "is in it" in said


@pytest.mark.parametrize("made", [zipped, lambda files: tarred(files, "w:gz"), lambda files: tarred(files, "w:xz")])
def test_a_bomb_is_stopped_while_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[dict[str, bytes]], bytes]
) -> None:
    monkeypatch.setattr(archives, "FREE", 1 << 20)
    found, (said,) = unpacked(tmp_path, made({"a": b"x", "zeros": bytes(8 << 20)}))
    assert "too large when unpacked" in said
    assert sum(map(len, found.values())) <= (1 << 20) + archives._CHUNK


def test_a_tar_archive_that_is_cut_off_between_two_files_is_refused(tmp_path: Path) -> None:
    assert unpacked(tmp_path, tarred(FILES)[:1024])[1] == [f"{tmp_path}/archive cannot be unpacked: it is cut off"]


def test_an_archive_with_a_bomb_behind_its_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FREE", 4 << 20)
    content = gzip.compress(tarred(FILES) + bytes(8 << 20))
    assert "it has data after its end" in unpacked(tmp_path, content)[1][0]


def test_an_archive_may_unpack_to_what_models_have(tmp_path: Path) -> None:
    assert unpacked(tmp_path, tarred({"zeros": bytes(8 << 20)}, "w:gz"))[1] == []


@pytest.mark.parametrize("made", [zipped, tarred])
def test_too_many_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[dict[str, bytes]], bytes]
) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 5)
    _, (said,) = unpacked(tmp_path, made({str(number): b"" for number in range(6)}))
    assert "more than 5 files" in said


def test_a_header_that_asks_for_gigabytes_gets_none(tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    content = gzip.compress(info.tobuf() + bytes(32 << 20))
    assert unpacked(tmp_path, content)[1] == [
        f"{tmp_path}/archive cannot be unpacked: it has a header that is too large"
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"PK\x05\x06" + bytes(17), zipped(FILES)[:-30], tarred(FILES)[:700], b"hello" * 300, b"\x1f\x8b",
     tarred(FILES, "w:gz")[:-20], tarred(FILES, "w:xz")[:100], lzma.compress(b"x" * 600), b"BZh9",
     struct.pack("<Q", 7)],
)  # fmt: skip
def test_what_is_damaged_or_no_archive_is_said(tmp_path: Path, content: bytes) -> None:
    _, (said,) = unpacked(tmp_path, content)
    assert "it is damaged, or not an archive" in said


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["zip", "w", "w:gz"]), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=6)
)
def test_no_changed_bytes_of_an_archive_stop_the_reader(
    tmp_path_factory: pytest.TempPathFactory, kind: str, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(zipped(FILES) if kind == "zip" else tarred(FILES, kind))
    for at, byte in changes:
        content[at % len(content)] = byte
    found, said = unpacked(tmp_path_factory.mktemp("archive"), bytes(content))
    assert said or sum(map(len, found.values())) < 1 << 20


def test_a_folder_with_a_link_a_pipe_or_a_name_of_control_characters_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert trees.files(tmp_path) == ({"a": 1}, [])
    for name, make in (
        ("link", lambda path: path.symlink_to("a")),
        ("pipe", os.mkfifo),
        ("a\x1b[31m", lambda path: path.touch()),
        ("\udc80", lambda path: path.touch()),
    ):
        make(tmp_path / name)
        assert [each.code for each in trees.files(tmp_path)[1]] == ["MY409"]
        (tmp_path / name).unlink()
    assert trees.files(tmp_path / "absent")[1][0].code == "MY409"


def test_the_digest_is_of_paths_and_contents_whatever_their_order(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    first = trees.digest(tmp_path, ["a", "b"])
    assert first == trees.digest(tmp_path, ["b", "a"])
    (tmp_path / "a").write_bytes(b"2")
    (tmp_path / "b").write_bytes(b"1")
    assert trees.digest(tmp_path, ["a", "b"]) not in {first, trees.digest(tmp_path, ["a"])}


def test_what_everybody_is_to_read_can_be_read_whatever_the_umask_is(tmp_path: Path) -> None:
    (tmp_path / "from" / "x").mkdir(parents=True)
    (tmp_path / "from" / "x" / "secret").write_bytes(b"1")
    (tmp_path / "from" / "x" / "secret").chmod(0o600)
    old = os.umask(0o077)
    try:
        trees.copy(tmp_path / "from", ["x/secret"], tmp_path / "to")
    finally:
        os.umask(old)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "to").rglob("*")}
    assert modes == {"x": 0o755, "secret": 0o644}
