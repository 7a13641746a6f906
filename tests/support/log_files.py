"""The request log in files, as its tests have it: a bucket that can be away, and what lies in a folder."""

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import requests
from pyarrow import dataset, fs

from tests.conftest import CACHE, need
from tests.support.request_log import free_port

BUCKET: Final = "bucket"
SECRET: Final = "planted-secret"  # noqa: S105
_WAIT: Final = 60.0  # seconds


class Bucket:
    """One of moto's S3, behind a port that can be closed. environment: what reaches it."""

    def __init__(self, server: int) -> None:
        self._server = server
        self.port = free_port()
        self._listening: socket.socket | None = None
        self._open: list[socket.socket] = []
        self.environment = {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.start()

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
