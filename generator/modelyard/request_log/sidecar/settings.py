"""What the sidecar is told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where calls come in and go to, and what is logged of them.

    host, port: of the model. listen: the port that takes calls, and admin the one with /healthz, /ready and /metrics,
    both at all addresses of this machine. stays: seconds for which new calls are taken after SIGTERM; drain: seconds
    for calls in flight after that; flush: seconds for what is spooled then. spool: a folder of this sidecar alone, and
    limit its bytes. sample: percent. key: the input that joins outcomes; score: the output that is measured.
    mirrors: servers that get a copy of each call that is logged. uri: of the database; files: the folder that has the
    log in place of it, and every: seconds for which rows wait there for others of their file.
    """

    host: str
    port: int
    listen: int
    admin: int
    stays: float
    drain: float
    flush: float
    spool: Path
    limit: int
    uri: str
    table: str
    model: str
    variant: str | None = None
    image: str | None = None
    sample: float = 100.0
    key: str | None = None
    score: str | None = None
    drop: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    hash_key: bytes = b""
    mirrors: tuple[str, ...] = ()
    files: str = ""
    every: float = 60.0
