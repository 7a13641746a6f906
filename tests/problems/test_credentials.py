"""What is a credential, and what only sounds like one: one table, for all that refuses, shows and hides."""

import time
from typing import Final

import pytest

from modelyard.problems.credentials import (
    is_credential,
    is_credential_name,
    is_credential_value,
    leaves,
    without,
    without_forms,
)

# Names and values as public files and bug reports have them.
CREDENTIALS: Final = [
    ("AUTH_HEADER", "Bearer hunter2"),
    ("AUTH_HEADER", "Bearer eyabcdef"),
    ("AUTH_HEADER", "Basic dXNlcjpodW50ZXIy"),
    ("HEADERS", "Authorization: Bearer hunter2"),
    ("DBPASS", "hunter2"),
    ("dbPass", "hunter2"),
    ("PW", "hunter2"),
    ("DB_PW", "hunter2"),
    ("MYSQLPWD", "hunter2"),
    ("AUTHTOKEN", "hunter2"),
    ("SIGNING_KEY", "hunter2"),
    ("PASSWORD", "12345678"),
    ("PASSWORD", "${DB_PASSWORD:-hunter2}"),
    ("CLIENT_SECRET", "hunter2"),
    ("CLIENT_SECRET", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
    ("CLIENT_SECRET", "correct-horse-battery-staple"),
    ("application.properties", "server.port=80\ndb.password=hunter2\n"),
    ("application.properties", "server.port=80\ndb.password = hunter2"),
    ("application.yaml", "db:\n  host: db\n  password: hunter2\n"),
    ("config.json", '{"host": "db", "password": "hunter2"}'),
    ("settings.xml", "<server>\n<password>hunter2</password>\n</server>"),
    ("context.xml", '<entry key="db.password" value="hunter2"/>'),
    (".dockerconfigjson", '{"auths": {"r": {"auth": "bWU6aHVudGVyMg=="}}}'),
    ("JDBC_URL", "jdbc:oracle:thin:scott/tiger@host:1521/db"),
    ("JDBC_URL", "jdbc:oracle:oci:scott/tiger@//host:1521/db"),
    ("JDBC_URL", "jdbc:postgresql://host/db?user=me&password=hunter2"),
    ("CONNECT", "scott/tiger@//host:1521/db"),
    ("DSN", "me:hunter2@tcp(host:3306)/db"),
    ("image", "user:secret@host/models/churn:1"),
    ("url", "user:pass@host"),
    ("JAVA_OPTS", "-Xmx1g -Djavax.net.ssl.trustStorePassword=hunter2"),
    ("command", "serve --db-password hunter2"),
    ("command", "export DB_PASSWORD=hunter2; serve"),
    ("url", "https://host/model?api_key=hunter2"),
    ("url", "https://host/b?sv=1&sig=abcdefghijklmnopqrstuvwxyz"),
    ("url", "https://hooks.slack.com/services/T0/B0/abc"),
]
NONE: Final = [
    ("AUTH_TOKEN_ENABLED", "true"),
    ("PASSWORD_AUTH", "true"),
    ("USE_TOKEN", "no"),
    ("TOKEN_SECRET", "talos-credentials"),
    ("secretName", "talos-credentials"),
    ("secretProviderClass", "azure-kv"),
    ("DB_PASSWORD", ""),
    ("DB_PASSWORD", "not set"),
    ("DB_PASSWORD", "${DB_PASSWORD}"),
    ("DB_PASSWORD", "$(DB_PASSWORD)"),
    ("DB_PASSWORD", "$DB_PASSWORD"),
    ("DB_PASSWORD", "{{ .Values.password }}"),
    ("DB_PASSWORD", "${DB_PASSWORD:-}"),
    ("DB_PASSWORD", "****"),
    ("k8s_auth_token", "__SERVICEACCOUNT_TOKEN__"),
    ("CLIENT_SECRET", "<Client Secret>"),
    ("DB_URL", "postgres://me:$(DB_PASSWORD)@host/db"),
    ("AUTH_HEADER", "Bearer $(TOKEN)"),
    ("AUTH_TYPE", "Basic auth"),
    ("AUTH_TYPE", "Bearer token"),
    ("DESCRIPTION", "Token bucket of the gate"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "/var/secrets/google/key.json"),
    ("TOKEN", "https://login.example.com/oauth/token"),
    ("PASSWORD", "ENC[AES256_GCM,data:abc,iv:x,tag:y,type:str]"),
    ("MAX_TOKENS", "4096"),
    ("TOKEN_LIMIT", "4096"),
    ("BYPASS", "hunter2"),
    ("COMPASS", "hunter2"),
    ("image", "registry.example.com:5000/models/churn:1.0.0"),
    ("image", "churn:1.0@sha256:" + "a" * 64),
    ("owner", "mailto:joe@example.com"),
    ("url", "https://host:8443/a@b"),
    ("serve.py", 'password = os.environ["DB_PASSWORD"]\ntoken = read(path)\nsecret = self.secret\nif token == None:\n'),
    ("run.sh", "export DB_PASSWORD=$(cat /run/secrets/db)\nserve --password ${DB_PASSWORD}"),
]


@pytest.mark.parametrize(("name", "value"), CREDENTIALS)
def test_credentials(name: str, value: str) -> None:
    assert is_credential(name, value)


@pytest.mark.parametrize(("name", "value"), NONE)
def test_what_only_sounds_like_a_credential(name: str, value: str) -> None:
    assert not is_credential(name, value)


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
     "secretProviderClass", "COMPASS", "SAS_SCR_SSL_CERTIFICATE", "PASSENGERS", "auth-type"],
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
    assert value not in without_forms(f"{value} is wrong")


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
    assert without_forms(value) == value


def test_a_value_is_called_as_what_it_stands_beside() -> None:
    data = {
        "env": [{"name": "DB_PASSWORD", "value": "a"}],
        "args": ["serve", "--token", "b", "--verbose", "--password"],
        "ops": [
            {"op": "add", "path": "/data/db.password", "value": "c"},
            {"op": "add", "path": "/env/0/value", "value": "d"},
        ],
        "password": {"default": "e"},
    }
    found = {each.value for each in leaves(data) if is_credential(each.name, each.value)}
    assert found == {"a", "b", "c", "e"}
    assert {each.value for each in leaves(without(data))}.isdisjoint(found)


def test_a_message_loses_the_credential_alone() -> None:
    assert without_forms("user:hunter2@host is no image") == "<hidden>host is no image"
    assert without_forms("db.password=hunter2 in a.properties") == "db.password=<hidden> in a.properties"
    assert without_forms("add password: to the model") == "add password: to the model"


@pytest.mark.parametrize(
    "part",
    ["eyJ" + "a" * 10 + "-", "eyJaaaaaaaaaaa.", "a", "a:", "a=", "://a:", "x:y@", "password=", '"password":"', "a-",
     "--a ", "-----BEGIN ", "${a:-", "{{", "$(", "<a>", "bearer ", "a/b@", "token", "\n- password: ", 'name="a" '],
)  # fmt: skip
def test_the_time_follows_the_length(part: str) -> None:
    text = part * (400_000 // len(part))
    started = time.perf_counter()
    is_credential("a", text)
    without_forms(text)
    assert time.perf_counter() - started < 4


def test_what_is_looked_for_before_the_forms_stands_in_each_of_them() -> None:
    """The forms are tried on texts with a sign alone: one that has none would let a credential through."""
    alone = [
        "hooks.slack.com/services/T00/B00/x", f"AKIA{'A' * 16}", f"ghp_{'a' * 36}", f"xoxb-{'1' * 12}",
        f"eyJ{'a' * 12}.{'b' * 12}.c", "authorization:bearer abc123", "Authorization: Basic dXNlcjpodW50ZXIy",
        "Bearer abc123", '{"password":"hunter2"}', "{'password' : 'hunter2'}", '{"auth":"dXNlcjpodW50ZXIy"}',
        "user:hunter2@db", "https://user:hunter2@host/", "jdbc:oracle:thin:scott/tiger@host", "scott/tiger@//host",
        "password=hunter2", "<password>hunter2</password>", "-----BEGIN PRIVATE KEY-----\nabc",
    ]  # fmt: skip
    for text in alone:
        assert is_credential_value(text), text
        assert without_forms(text) != text, text
    for text in ("password: hunter2", "a\npassword: hunter2\n", "--password hunter2"):
        assert is_credential_value(text), text
