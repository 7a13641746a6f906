# ruff: noqa: PTH109, PTH115, PTH123, PTH208, S606 - pathlib takes as long to load as all else here; no shell is wanted
"""A script that stands for a program of ours: this text, and a call of `hand_over`. See tests/support/forks.py.

What it is for is to begin soon, so it imports as little as it can. Where a child of another process would not be what
the program itself were, it runs that in its own place.
"""

import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_SEQPACKET, SOL_SOCKET, socket

_STATUS = ("Uid", "Gid", "Groups", "TracerPid", "SigBlk", "SigIgn", "Cap", "NoNewPrivs", "Seccomp")
_SPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")


def around() -> str:
    """Return what a process hands on to its children: user, rights, ignored signals, limits, and namespaces."""
    with open("/proc/self/status") as status, open("/proc/self/limits") as limits:
        lines = [line for line in status if line.startswith(_STATUS)]
        return "".join([*lines, limits.read(), *(os.readlink(f"/proc/self/ns/{each}") for each in _SPACES)])


def hand_over(program: str, entry: str, address: str, expected: str, variables: dict[str, str]) -> None:
    """Let a child of the process that forks run the program, and end as it did.

    entry: its module and function; address: the socket that takes calls; expected: what is around that process;
    variables: its own that change what Python does.
    """
    own = {name: text for name, text in os.environ.items() if name.startswith("PYTHON")}
    locale = next((text for text in map(os.environ.get, _LOCALES) if text), "C")
    is_alike = own.items() <= variables.items() and (locale in ("C", "POSIX") or locale.upper().endswith("UTF-8"))
    if {*os.listdir("/proc/self/fd")} != {"0", "1", "2", "3"} or not is_alike or around() != expected:  # 3: the listing
        os.execv(program, [program, *sys.argv[1:]])
    words = [os.getcwd(), str(os.umask(0)), "0", entry, str(len(sys.argv)), *sys.argv]
    call = [*map(os.fsencode, words), *(b"=".join(each) for each in os.environb.items())]
    streams = b"".join(each.to_bytes(4, sys.byteorder) for each in range(3))
    caller = socket(AF_UNIX, SOCK_SEQPACKET)
    caller.connect(address)
    caller.sendmsg([b"\0".join(call)], [(SOL_SOCKET, SCM_RIGHTS, streams)])
    code = int(caller.recv(64) or 1)
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)
