"""overlay: the folder `generated/` is written, and compared as diff(1) would."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from modelyard.files import disk
from modelyard.render import generated
from modelyard.render.component import HEADER
from tests.support.folders import NEW, OLD, beside, state, texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "generated"


def ours(bodies: dict[str, str]) -> dict[str, str]:
    return texts(bodies, HEADER)


def compared(folder: Path) -> dict[str, str]:
    """Return what all files of a folder hold but for the one that says who wrote it."""
    return {path: text for path, text in state(folder).items() if path != generated.WRITER}


def test_the_header_names_no_version() -> None:
    assert HEADER.startswith("# Written by modelyard from models.yaml")
    assert not any(letter.isdigit() for letter in HEADER)
    assert "\n" not in HEADER


@pytest.mark.parametrize("in_place", [False, True])
def test_what_is_written_does_not_drift(folder: Path, in_place: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    for content in (ours(OLD), ours(NEW)):
        assert generated.drift(folder, content)
        assert generated.write(folder, content, in_place=in_place) == []
        assert compared(folder) == content
        assert generated.drift(folder, content) == ""
    assert beside(folder) == ["generated"]


def test_in_place_keeps_the_folder_itself(folder: Path) -> None:
    generated.write(folder, ours(OLD))
    inode = folder.stat().st_ino
    generated.write(folder, ours(NEW), in_place=True)
    assert folder.stat().st_ino == inode
    generated.write(folder, ours(OLD))
    assert folder.stat().st_ino != inode


def test_a_text_must_start_with_the_header(folder: Path) -> None:
    with pytest.raises(ValueError, match="kustomization"):
        generated.write(folder, {"kustomization.yaml": "resources: []\n"})
    assert beside(folder) == []


def test_drift_of_changed_missing_and_surplus_files(folder: Path) -> None:
    generated.write(folder, ours({"a.yaml": "one\ntwo", "m/gone.yaml": "x", "same.yaml": "s"}))
    assert generated.drift(folder, ours({"a.yaml": "one\n2", "m/more.yaml": "y", "same.yaml": "s"})) == (
        "--- a/generated/a.yaml\n+++ b/generated/a.yaml\n"
        f"@@ -1,3 +1,3 @@\n {HEADER}\n one\n-two\n+2\n"
        f"--- a/generated/m/gone.yaml\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-{HEADER}\n-x\n"
        f"--- /dev/null\n+++ b/generated/m/more.yaml\n@@ -0,0 +1,2 @@\n+{HEADER}\n+y\n"
    )


@pytest.mark.parametrize("label", ["overlays/dev/generated", "/overlays/dev/generated"])
def test_drift_from_a_missing_folder_under_another_label(folder: Path, label: str) -> None:
    diff = generated.drift(folder, ours({"a.yaml": "1"}), label=label)
    assert diff.startswith("--- /dev/null\n+++ b/overlays/dev/generated/a.yaml\n@@ -0,0 +1,2 @@\n")
    assert generated.drift(folder.parent / "none" / "generated", {}) == ""


def test_drift_does_not_depend_on_order_or_times(folder: Path) -> None:
    generated.write(folder, ours(OLD))
    first = generated.drift(folder, ours(NEW))
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    assert generated.drift(folder, dict(reversed(ours(NEW).items()))) == first


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "--- a/generated/mine\n+++ /dev/null\n"),
        (b"x", "--- a/generated/mine\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\\ No newline at end of file\n"),
        (b"\xff\n", "--- a/generated/mine\n+++ /dev/null\n@@ -1 +0,0 @@\n-\\xff\n"),
        ("a\u2028b\x0bc\r\n".encode(), "--- a/generated/mine\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\u2028b\x0bc\r\n"),
    ],
)
def test_drift_shows_every_surplus_file(folder: Path, data: bytes, shown: str) -> None:
    folder.mkdir()
    (folder / "mine").write_bytes(data)
    assert generated.drift(folder, {}) == shown


def test_drift_does_not_follow_links_or_wait_for_pipes(folder: Path) -> None:
    generated.write(folder, ours({"a.yaml": "1", "b.yaml": "1"}))
    (folder / "a.yaml").rename(folder.parent / "a.yaml")
    (folder / "a.yaml").symlink_to("../a.yaml")
    os.mkfifo(folder / "pipe")
    diff = generated.drift(folder, ours({"a.yaml": "1", "b.yaml": "1"}))
    assert "-../a.yaml\n\\ No newline at end of file\n+# Written" in diff
    assert diff.endswith("--- a/generated/pipe\n+++ /dev/null\n")


def test_drift_tells_bytes_apart_that_look_alike(folder: Path) -> None:
    folder.mkdir()
    (folder / "a").write_bytes(b"\xff")
    assert generated.drift(folder, {"a": "\\xff"}) == "--- a/generated/a\n+++ b/generated/a\n"


def test_a_folder_that_cannot_be_read(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(disk.FileProblem) as caught:
        generated.drift(folder, {})
    assert caught.value.problem.code == "MY013"
    assert caught.value.problem.message == f"cannot read {folder}: Not a directory"


@pytest.mark.skipif(not shutil.which("patch"), reason="patch(1) is not installed")
def test_patch_understands_drift(folder: Path) -> None:
    generated.write(folder, ours(OLD))
    diff = generated.drift(folder, ours(NEW))
    subprocess.run(["patch", "-p1", "--quiet"], input=diff, text=True, cwd=folder.parent, check=True)
    assert compared(folder) == ours(NEW)


def test_equal_folders_are_compared_fast(folder: Path) -> None:
    content = ours({f"models/{number}.yaml": f"name: {number}\n" * 60 for number in range(1000)})
    generated.write(folder, content)
    before = time.process_time()
    assert generated.drift(folder, content) == ""
    assert time.process_time() - before < 0.5  # 0.02 s; a diff of 1,000 files takes over 1 s
