"""Connections to the log's database. What its errors say may hold values of rows: only their codes are shown."""

from collections.abc import Callable
from contextlib import closing
from typing import Final, TypeVar

import psycopg

T = TypeVar("T")

_CONNECT: Final = 5  # seconds
_STATEMENT: Final = 30_000  # milliseconds
_SILENT: Final = 10_000  # milliseconds in which the network may say nothing


def connect(uri: str, *, statement: int = _STATEMENT) -> psycopg.Connection:
    """Return a connection. statement: milliseconds that one may take, 0 for no limit. Raises psycopg.Error."""
    connection = psycopg.connect(
        uri,
        autocommit=True,
        connect_timeout=_CONNECT,
        prepare_threshold=None,  # a pooler may give each transaction another server
        tcp_user_timeout=_SILENT,
        application_name="modelyard",
        # Seconds, after which a server is asked whether it is there while a statement runs, between two questions, and
        # how many: by default two hours, in which nothing would be shipped (tcp(7), tcp_keepalive_time).
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
    connection.execute(f"set statement_timeout = {statement}")
    return connection


class Shown(psycopg.OperationalError):
    """An error whose text may be shown."""


def said(error: psycopg.Error) -> str:
    """Return what may be told of an error: its code, and what PostgreSQL calls that; nothing of a row or a password."""
    if isinstance(error, Shown):
        return str(error)
    if error.sqlstate:
        return f"{type(error).__name__} (SQLSTATE {error.sqlstate})"
    return f"{type(error).__name__}: the server does not answer, or does not take the login"


class Refused(Exception):  # noqa: N818 - a finding about a database, which its user is told
    """A database that does not do what it is asked; the text may be shown. code: its SQLSTATE, empty without one."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(said(error))
        self.code = error.sqlstate or ""


def done(uri: str, work: Callable[[psycopg.Connection], T]) -> T:
    """Return what comes of work with a connection of its own, however long that takes. Raises Refused."""
    try:
        with closing(connect(uri, statement=0)) as connection:
            return work(connection)
    except psycopg.Error as error:
        raise Refused(error) from None
