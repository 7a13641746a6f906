"""Connections to the log's database. What its errors say may hold values of rows: only their codes are shown."""

from typing import Final

import psycopg

DATABASE: Final = "MODELYARD_DATABASE"
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
    )
    connection.execute(f"set statement_timeout = {statement}")
    return connection


def said(error: psycopg.Error) -> str:
    """Return what may be told of an error: its code, and what PostgreSQL calls that; nothing of a row or a password."""
    if error.sqlstate:
        return f"{type(error).__name__} (SQLSTATE {error.sqlstate})"
    return f"{type(error).__name__}: the server does not answer, or does not take the login"
