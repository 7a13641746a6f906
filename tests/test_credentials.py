"""What looks like a credential, and what only sounds like one."""

import pytest

from modelyard.credentials import is_credential_name, is_credential_value


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "DB_PASSWORD", "dbPassword", "API_KEY", "apikey", "AWS_SECRET_ACCESS_KEY", "token", "ACCESS_TOKEN",
     "CLIENT_SECRET", "clientSecret", "private-key", "CONNECTION_STRING", "PGPASSWD", "credentials"],
)  # fmt: skip
def test_names_of_credentials(name: str) -> None:
    assert is_credential_name(name)


@pytest.mark.parametrize(
    "name",
    ["PASSWORD_FILE", "TOKEN_URL", "SECRET_NAME", "TOKEN_TTL", "MAX_TOKENS", "TOKENIZER", "SECRETARY", "KEY", "BYPASS",
     "COMPASS", "SAS_SCR_SSL_CERTIFICATE", "PASSENGERS", "auth-type"],
)  # fmt: skip
def test_names_of_other_things(name: str) -> None:
    assert not is_credential_name(name)


@pytest.mark.parametrize(
    "value",
    ["-----BEGIN RSA PRIVATE KEY-----\nMII", "AKIA" + "A" * 16, "ghp_" + "a" * 36, "postgres://u:p@db/x", "https://:x@host",
     "Server=db;Password=x;", "--password=x", "--api-key=x",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "xoxb-1234567890-abc"],
)  # fmt: skip
def test_values_of_credentials(value: str) -> None:
    assert is_credential_value(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "true",
        "https://host/path?x=1",
        "https://host:8443/a@b",
        "postgres://db.example.com/x",
        "a:b@c",
        "x" * 100_000,
    ],
)
def test_values_of_other_things(value: str) -> None:
    assert not is_credential_value(value)
