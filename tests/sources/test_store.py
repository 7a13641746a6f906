"""Folders as a source: on this machine, and in a bucket by fsspec; what they hold is told by its checksum."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import fsspec
import pytest
import requests
from fsspec.implementations.memory import MemoryFileSystem

from modelyard.api import sources
from modelyard.models.source import SCHEMES
from modelyard.problems import Problem
from tests.conftest import CACHE, ROOT, Run, need
from tests.sources.conftest import declare
from tests.support.sandboxes import need_root

FILES: Final = {"saved_model.pb": b"graph", "variables/variables.index": b"1"}


class Bucket(MemoryFileSystem):  # type: ignore[misc] # fsspec has no types
    """A bucket in memory, for which every driver of fsspec is the same to its callers."""

    protocol = SCHEMES
    fails: Exception | None = None
    folders: Final[dict[str, object]] = {}  # objects that stand for folders

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.partition("://")[2].strip("/") if "://" in path else "/" + path.strip("/")

    def find(self, path: str, *arguments: object, **more: object) -> object:
        """Return what is there, or fail."""
        if self.fails:
            raise self.fails
        found: dict[str, object] = super().find(path, *arguments, **more)
        return found | self.folders


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for scheme in SCHEMES:
        fsspec.register_implementation(scheme, Bucket, clobber=True)
    monkeypatch.setattr(Bucket, "store", {})
    monkeypatch.setattr(Bucket, "pseudo_dirs", [""])
    yield Bucket()
    Bucket.fails = None
    Bucket.folders.clear()
    for scheme in SCHEMES:
        sys.modules["fsspec.registry"]._registry.pop(scheme)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "export" / "7" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def fetched(path: Path) -> tuple[str, dict[str, bytes]]:
    found, problems = sources.fetch(path, "churn", path.parent / "out")
    assert found is not None, problems
    return found.checksum, {name: (path.parent / "out" / name).read_bytes() for name in FILES}


def problem_of(path: Path) -> Problem:
    found, problems = sources.fetch(path, "churn", path.parent / "out")
    assert found is None
    assert not (path.parent / "out").exists()
    return problems[0]


def test_a_folder_is_its_number_and_its_checksum(folder: Path, modelyard: Run) -> None:
    path = declare(folder, "{path: export/7}")
    checksum, files = fetched(path)
    assert files == FILES
    (standing,), _ = sources.standings(path)
    assert standing.champion is not None
    assert (standing.champion.version, standing.champion.checksum) == ("7", checksum)
    path = declare(folder, f"{{path: export/7, checksum: {checksum}}}")
    assert modelyard("sources", "-f", path, "--exit-code").returncode == 0
    (folder / "export/7/saved_model.pb").write_bytes(b"another")
    done = modelyard("sources", "-f", path, "--exit-code")
    assert done.returncode == 1
    assert "the source has version 7, and the models file pins sha256:" in " ".join(done.stdout.split())
    assert problem_of_kept(path).code == "MY778"


def problem_of_kept(path: Path) -> Problem:
    """Return why a folder is not fetched again; what it held stays."""
    before = {each: each.read_bytes() for each in (path.parent / "out").rglob("*") if each.is_file()}
    found, problems = sources.fetch(path, "churn", path.parent / "out")
    assert found is None
    assert {each: each.read_bytes() for each in (path.parent / "out").rglob("*") if each.is_file()} == before
    return problems[0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_bucket_gives_the_checksum_that_the_same_folder_has(bucket: Bucket, folder: Path, scheme: str) -> None:
    for name, content in FILES.items():
        bucket.pipe(f"/bucket/export/7/{name}", content)
    bucket.folders["/bucket/export/7/variables/"] = {"size": 0}
    there = fetched(declare(folder, f'{{path: "{scheme}://bucket/export/7"}}'))
    assert there == fetched(declare(folder, "{path: export/7}"))


def test_what_a_bucket_refuses_is_said_without_what_its_driver_says(bucket: Bucket, folder: Path) -> None:
    path = declare(folder, '{path: "s3://bucket/export/8"}')
    assert problem_of(path).code == "MY774"
    for error, code in (
        (PermissionError("planted-secret"), "MY773"),
        (OSError("planted-secret"), "MY775"),
        (ConnectionError("planted-secret"), "MY772"),
        (RuntimeError("planted-secret"), "MY775"),
    ):
        Bucket.fails = error
        found = problem_of(path)
        assert found.code == code
        assert "planted-secret" not in repr(found)
    Bucket.fails = None
    bucket.pipe("/bucket/export/8/a\nb", b"x")
    assert problem_of(path).code == "MY775"


def test_a_driver_that_is_not_installed_is_named(folder: Path) -> None:
    found = problem_of(declare(folder, '{path: "az://container/export/7"}'))
    assert (found.code, found.hint) == ("MY771", "install modelyard[az], as with pip install 'modelyard[az]'")


@pytest.mark.parametrize("name", ["none", "empty", "linked"])
def test_a_folder_that_is_none_is_named(folder: Path, name: str) -> None:
    (folder / "empty").mkdir()
    (folder / "linked").mkdir()
    (folder / "linked" / "passwd").symlink_to("/etc/passwd")
    assert problem_of(declare(folder, f"{{path: {name}}}")).code in ("MY774", "MY409")


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "link"])
def test_no_folder_outside_of_the_working_tree_is_read(folder: Path, path: str, modelyard: Run) -> None:
    inside = folder / "inside"
    inside.mkdir()
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "secret").write_text("planted-secret", "utf-8")
    (inside / "link").symlink_to(folder / "elsewhere")
    found = problem_of(declare(inside, f"{{path: {path}}}"))
    assert found.code == "MY015"
    if path == "../elsewhere":
        words = ("fetch", "churn", "-f", inside, "-o", inside / "out", "--allow-outside", folder / "elsewhere")
        assert modelyard(*words).returncode == 0


def test_a_folder_of_others_is_not_written_over(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "mine").write_text("mine", "utf-8")
    found, problems = sources.fetch(declare(folder, "{path: export/7}"), "churn", folder / "out")
    assert (found, [each.code for each in problems]) == (None, ["MY401"])
    assert [each.name for each in (folder / "out").iterdir()] == ["mine"]


def test_a_disk_that_is_full_leaves_what_was_there(folder: Path, tmp_path: Path) -> None:
    need_root()
    (folder / "export/7/saved_model.pb").write_bytes(os.urandom(1 << 20))
    path, small = declare(folder, "{path: export/7}"), tmp_path / "small"
    small.mkdir()
    script = f"mount -t tmpfs -o size=256k tmpfs {small} && python -m modelyard fetch churn -f {path} -o {small}/out; "
    script += f"code=$?; ls -A {small}; exit $code"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert "[MY4" in done.stderr
    assert "space" in done.stderr


def wait(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("the server does not come up")


@pytest.mark.slow
def test_a_bucket_of_s3_is_read_with_its_own_settings(folder: Path) -> None:
    """The driver pins another boto3 than the tests have: it runs in an environment of its own."""
    environment = need(CACHE / "s3fs-2026.9.0" / "installed", "`make tools` installs it").parent / "bin"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    login = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "planted-secret", "AWS_DEFAULT_REGION": "us-east-1"}
    env = {**os.environ, **login, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "PYTHONPATH": str(ROOT / "generator")}
    with subprocess.Popen([environment / "moto_server", "-p", str(port)], stderr=subprocess.DEVNULL, env=env) as server:
        try:
            wait(port)
            made = {"": b"", "/export/7/": b"", "/export/7/variables/": b""}  # as the console makes folders
            for name, content in {**made, **{f"/export/7/{name}": content for name, content in FILES.items()}}.items():
                assert requests.put(f"http://127.0.0.1:{port}/bucket{name}", data=content, timeout=30).ok
            found = []
            for place in ('"s3://bucket/export/7"', "export/7", '"s3://bucket/export/8"'):
                words = ["-m", "modelyard", "fetch", "churn", "-f", declare(folder, f"{{path: {place}}}"), "-o"]
                command = [str(each) for each in (environment / "python", *words, folder / "out")]
                found.append(subprocess.run(command, env=env, capture_output=True, text=True, check=False))
        finally:
            server.terminate()
    assert found[0].returncode == 0, found[0].stderr
    assert found[0].stdout == found[1].stdout
    assert "there is nothing in s3://bucket/export/8" in found[2].stderr
    assert not any("planted-secret" in each.stdout + each.stderr for each in found)
