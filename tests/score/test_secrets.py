"""Nothing of a credential appears in any output: token, password of a URL, headers, environment."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.support.model_server import Server, answer, running
from tests.support.score_tables import rows, table

SECRETS = [f"canary{i:02}x{'qzw' * 5}{i:02}" for i in range(20)]


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


async def echo(server: Server, writer: asyncio.StreamWriter, _number: int) -> bool:
    """Refuse, and repeat all that was sent, as careless servers do."""
    answer(writer, 400, {"request": server.requests[-1], "pad": " " * 100})
    return True


def _outputs(tmp_path: Path) -> str:
    return "".join(path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.name != "token")


def _appearing(text: str) -> list[str]:
    encoded = [base64.b64encode(f"user:{each}".encode()).decode() for each in SECRETS]
    return [each for each in [*SECRETS, *encoded] if each in text]


@pytest.mark.parametrize(
    ("fault", "path", "on_error"),
    [
        (echo, "/credit_risk", "stop"),
        (echo, "/credit_risk", "skip"),
        (None, "/nothing", "stop"),
        (None, "/credit_risk", "stop"),
        (None, "/x?key=", "stop"),
    ],
)
def test_no_secret_appears(
    server: Server, tmp_path: Path, modelyard: Run, fault: object, path: str, on_error: str
) -> None:
    server.fault = fault  # type: ignore[assignment]
    (tmp_path / "token").write_text(f"{SECRETS[0]}\n")
    url = server.url(path).replace("http://", f"http://user:{SECRETS[1]}@")
    if path.endswith("="):
        url += SECRETS[2]
    headers = [word for secret in SECRETS[3:19] for word in ("--header", f"X-Key-{secret[6:8]}: {secret}")]
    done = modelyard(
        "score", url, table(tmp_path / "in.csv", rows(3)), "-o", tmp_path / "out.csv", "--on-error", on_error,
        "--token-file", tmp_path / "token", *headers, env={"MODELYARD_TOKEN": SECRETS[19], "MODELYARD_TRACEBACK": "1"},
    )  # fmt: skip
    if fault is None and path == "/credit_risk":
        assert done.returncode == 0, done.stderr
        assert all(secret in server.requests[-1] for secret in SECRETS[3:19])
        assert SECRETS[0] in server.requests[-1]
    else:
        assert done.returncode == 1
    assert _appearing(done.stdout + done.stderr + _outputs(tmp_path)) == []


@pytest.mark.parametrize("arguments", [["--header", SECRETS[0]], ["--header", f"X-A: {SECRETS[0]}\nX-B: 1"]])
def test_a_wrong_header_is_refused_without_its_text(tmp_path: Path, modelyard: Run, arguments: list[str]) -> None:
    done = modelyard("score", "http://127.0.0.1:1/m", table(tmp_path / "in.csv", []), *arguments)
    assert done.returncode == 2
    assert _appearing(done.stdout + done.stderr) == []


def test_a_token_over_plain_http_to_another_host_is_a_warning(tmp_path: Path, modelyard: Run) -> None:
    env = {"MODELYARD_TOKEN": SECRETS[0]}
    arguments = ["--connect-timeout", "1s", "--no-retry"]
    done = modelyard("score", "http://models.invalid/m", table(tmp_path / "in.csv", []), *arguments, env=env)
    assert "warning: a credential goes to models.invalid over plain HTTP [MY814]" in done.stderr
    assert _appearing(done.stdout + done.stderr) == []
