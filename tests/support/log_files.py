"""The request log in files, as its tests have it: a bucket that can be away, and what lies in a folder."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pyarrow import dataset, fs

from tests.conftest import CACHE, need
from tests.support.request_log import free_port

BUCKET: Final = "bucket"
SECRET: Final = "planted-secret"  # noqa: S105
_WAIT: Final = 60.0  # seconds


class Bucket:
    """One of moto's S3, behind a port that can be closed. environment: what reaches it."""

    scheme = "s3"

    def __init__(self, server: int) -> None:
        self._server = server
        self.port = free_port()
        self._listening: socket.socket | None = None
        self._open: list[socket.socket] = []
        self.environment = self._environment()
        self.start()

    def _environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        """Take connections."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def stop(self) -> None:
        """Take no connections, and break off those that there are."""
        if self._listening is not None:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
        while self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._between, args=(near,), daemon=True).start()

    def _between(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self._server)) as far:
            self._open.append(near)
            back = threading.Thread(target=_pass, args=(far, near), daemon=True)
            back.start()
            _pass(near, far)
            back.join()

    def system(self) -> Any:
        """Return pyarrow's file system, past what can be closed."""
        return fs.S3FileSystem(
            access_key="key",
            secret_key=SECRET,
            region="us-east-1",
            endpoint_override=f"http://127.0.0.1:{self._server}",
        )

    def copy(self, folder: Path, name: str) -> None:
        """Copy the files below a folder into one of the bucket, and no object that stands for a folder."""
        system = self.system()
        for path in (each for each in folder.rglob("*") if each.is_file()):
            with system.open_output_stream(f"{BUCKET}/{name}/{path.relative_to(folder)}", compression=None) as sink:
                sink.write(path.read_bytes())


class GoogleBucket(Bucket):
    """One of Google's store, which has no folders."""

    scheme = "gs"

    def __init__(self, server: int, login: Path) -> None:
        self._login = login
        super().__init__(server)

    def _environment(self) -> dict[str, str]:
        endpoint = f"http://127.0.0.1:{self.port}"
        return {"CLOUD_STORAGE_EMULATOR_ENDPOINT": endpoint, "GOOGLE_APPLICATION_CREDENTIALS": str(self._login)}

    def system(self) -> Any:
        """Return pyarrow's file system, past what can be closed."""
        return fs.GcsFileSystem(anonymous=True, scheme="http", endpoint_override=f"127.0.0.1:{self._server}")


def _pass(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while part := one.recv(1 << 16):
            other.sendall(part)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def bucket() -> Iterator[Bucket]:
    """Run moto's server of S3 with a bucket; its packages pin others than the tests have."""
    environment = need(CACHE / "s3fs-2026.9.0" / "installed", "`make tools` installs it").parent / "bin"
    port = free_port()
    with subprocess.Popen(
        [environment / "moto_server", "-p", str(port)], stderr=subprocess.DEVNULL, env=os.environ
    ) as server:
        try:
            _until_it_listens(port)
            assert requests.put(f"http://127.0.0.1:{port}/{BUCKET}", timeout=30).ok
            made = Bucket(port)
            yield made
            made.stop()
        finally:
            server.terminate()


@contextlib.contextmanager
def google_bucket(folder: Path) -> Iterator[GoogleBucket]:
    """Run a stand-in for Google's store with a bucket. folder: for the key of a service account."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {"type": "service_account", "private_key_id": "1", "private_key": key.decode(), "client_email": "a@b.c"}
    login = folder / "account.json"
    login.write_text(json.dumps(account | {"token_uri": "http://127.0.0.1:1", "project_id": "risk"}), "utf-8")
    port = free_port()
    program = Path(sys.executable).with_name("gcp-storage-emulator")
    command = [str(program), "start", "--host=127.0.0.1", f"--port={port}", "--in-memory", f"--default-bucket={BUCKET}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _until_it_listens(port)
            made = GoogleBucket(port, login)
            yield made
            made.stop()
        finally:
            server.terminate()


def of_scheme(scheme: str, folder: Path) -> AbstractContextManager[Bucket]:
    """Run the store that a scheme names, with a bucket. folder: for what logs in."""
    return google_bucket(folder) if scheme == "gs" else bucket()


def _until_it_listens(port: int) -> None:
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("the server does not come up")


def read(folder: Path | str, system: Any = None) -> Any:
    """Return what a folder of a log holds, as a table of Arrow with the columns of its folders' names."""
    parts = dataset.partitioning(pa.schema([("model", pa.string()), ("day", pa.string())]), flavor="hive")
    return dataset.dataset(str(folder), filesystem=system, format="parquet", partitioning=parts).to_table()


def held(folder: Path | str, system: Any = None) -> list[str]:
    """Return the paths of the whole files of a folder, below it. One that is being written has a hidden name."""
    own = system or fs.LocalFileSystem()
    found = own.get_file_info(fs.FileSelector(str(folder), recursive=True, allow_not_found=True))
    whole = [each for each in found if each.is_file and not each.base_name.startswith(".")]
    return sorted(each.path.removeprefix(f"{folder}/") for each in whole)
