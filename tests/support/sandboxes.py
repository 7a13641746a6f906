"""Commands that run a process as a container does: as another user, without capabilities, with a root of its own."""

import contextlib
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import pytest

USER: Final = 1001  # of SCR images
_NET_BIND_SERVICE: Final = 10  # linux/capability.h
_EFFECTIVE: Final = 0x02000001  # linux/capability.h: VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE


def need_root() -> None:
    """Skip where this is not root, and in CI fail: namespaces and other users need it."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        reason = "root, unshare and setpriv (util-linux) are needed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@contextlib.contextmanager
def open_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that every user can read; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(dir=parent) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_user(user: int = USER, *, capabilities: Collection[str] = ()) -> list[str]:
    """Return the start of a command that runs as a container's user, with at most these capabilities."""
    allowed = ",".join(["-all", *(f"+{each.lower()}" for each in capabilities)])
    return [
        "setpriv", f"--reuid={user}", "--regid=0", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
        f"--bounding-set={allowed}",
    ]  # fmt: skip


def read_only(*writable: Path) -> list[str]:
    """Return the start of a command whose root file system is read-only but for some folders, which start empty."""
    mounts = "".join(f"mount -t tmpfs -o mode=1777 tmpfs {folder} && " for folder in writable)
    script = f'{mounts}mount -o remount,bind,ro / && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


def pid_1() -> list[str]:
    """Return the start of a command that is PID 1 of a PID namespace; it ends with the command, and as it ends."""
    return ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def copied_with_file_capability(binary: Path, target: Path) -> Path:
    """Copy a binary and give it cap_net_bind_service=ep, as `setcap` does in Caddy's official image."""
    shutil.copy(binary, target)
    value = struct.pack("<5I", _EFFECTIVE, 1 << _NET_BIND_SERVICE, 0, 0, 0)
    os.setxattr(target, "security.capability", value)
    return target


def python() -> str:
    """Return a Python that every user can run; the one of the tests can lie in a closed home."""
    for each in (shutil.which("python3", path="/usr/bin:/usr/local/bin"), shutil.which("python3")):
        if each and subprocess.run([*as_user(), each, "-c", ""], capture_output=True, check=False).returncode == 0:
            return each
    pytest.skip("no Python that user 1001 can run")


def processes(top: int) -> dict[int, str]:
    """Return process -> command line of all below a process."""
    found: dict[int, str] = {}
    for each in Path(f"/proc/{top}/task/{top}/children").read_text("ascii").split():
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            found |= {int(each): command, **processes(int(each))}
    return found
