"""Notices: each in the form that its channel takes, received by a local server, and no address in any output."""

import base64
import email
import email.policy
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from modelyard.api import notices
from modelyard.api.notices import delivery, messages
from modelyard.api.notices.delivery import Undelivered, patiently, post, smtp
from modelyard.api.notices.notice import Link, Notice, notice
from modelyard.render.changes import Change, Difference
from tests.conftest import Run
from tests.support import notice_servers
from tests.support.notice_servers import Received

CANARIES: Final = ("planted-path", "planted-signature", "planted-password", "planted-key")
HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
MODELS: Final = """\
  notify: NOTIFY
  models:
    - name: churn
      path: /churn
      variants:
        - {name: champion, image: "r.io/churn:1.0", percent: 90}
        - {name: challenger, image: "r.io/churn:1.1", percent: 10}
      targets: {knative: {minScale: 1}}
"""
CHANGED: Final = [Difference("churn", "changed", (Change("challenger", "percent", 10, 100),))]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEAMS_URL", "SLACK_URL", "WEBHOOK_URL", "WEBHOOK_KEY", "SMTP_URL"):
        monkeypatch.delenv(f"MODELYARD_{name}", raising=False)
    monkeypatch.setattr(delivery, "_PAUSE", 0.01)
    monkeypatch.setattr(delivery, "_MOST_PAUSE", 0.05)


@pytest.fixture
def server() -> Iterator[Received]:
    with notice_servers.webhook() as received:
        yield received


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return notice_servers.certificate(tmp_path_factory.mktemp("tls"))


def models(folder: Path, notify: str) -> Path:
    path = folder / "models.yaml"
    path.write_text(HEAD + MODELS.replace("NOTIFY", notify), "utf-8")
    return path


def made(lines: int = 1, text: str = "churn: challenger percent 10 -> 100") -> Notice:
    links = [Link("Pull request", "https://git.example.com/models/pull/7"), Link("bad", "javascript:alert(1)")]
    return notice("promoted", "risk", Path("models.yaml"), ["churn"], [text] * lines, links)


def card(content: bytes) -> dict[str, Any]:
    message = json.loads(content)
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    found: dict[str, Any] = attachment["content"]
    schema = json.loads(files("adaptive_cards").joinpath("schemas/schema-1.4.json").read_text("utf-8"))
    jsonschema_rs.validate(schema, found)
    return found


def test_the_schema_of_cards_refuses_what_is_none() -> None:
    schema = json.loads(files("adaptive_cards").joinpath("schemas/schema-1.4.json").read_text("utf-8"))
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema, {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlok"}]})


@pytest.mark.parametrize("lines", [0, 1, 40, 5000])
def test_a_card_is_valid_and_small_enough_for_teams(lines: int) -> None:
    content = messages.teams(made(lines, "ä" * 200 if lines > 100 else "a"))
    assert len(content) < messages.TEAMS_BYTES
    found = card(content)
    texts = [run["text"] for each in found["body"] for run in each["inlines"]]
    assert texts[0] == "risk: churn promoted"
    if lines == 5000:
        assert len(content) > messages.TEAMS_BYTES - 2000, "as much as fits"
        assert texts[-2].startswith("and ")
    assert found["actions"][0]["url"] == "https://git.example.com/models/pull/7"
    assert "javascript" not in content.decode()


@pytest.mark.parametrize("lines", [0, 1, 5000])
def test_a_message_of_slack_keeps_its_limits(lines: int) -> None:
    found = json.loads(messages.slack(made(lines, "<!channel> & *a*")))
    assert found["text"] == "risk: churn promoted"
    assert [each["type"] for each in found["blocks"]] == ["header", *["section"] * bool(lines), "context", "actions"]
    assert len(found["blocks"][0]["text"]["text"]) <= 150
    assert all(each.get("text", {}).get("type", "plain_text") == "plain_text" for each in found["blocks"])
    assert all(len(each["text"]["text"]) <= 3000 for each in found["blocks"] if "text" in each)


def test_a_webhook_is_signed_as_standard_webhooks_say(
    server: Received, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODELYARD_WEBHOOK_URL", server.url)
    key = f"whsec_{base64.b64encode(b'planted-key').decode()}"
    monkeypatch.setenv("MODELYARD_WEBHOOK_KEY", key)
    server.answers = [(503, {}), (429, {"Retry-After": "0"}), (200, {})]
    accepted, problems = notices.send(models(tmp_path, "{webhook: {}}"), "promoted", CHANGED)
    assert (accepted, problems) == (["webhook"], [])
    assert len(server.bodies) == 3, "tried again after 503 and 429"
    body, headers = server.bodies[-1], {name.lower(): value for name, value in server.headers[-1].items()}
    what = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.digest(b"planted-key", what, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert {each["webhook-id"] for each in server.headers} == {headers["webhook-id"]}, (
        "one message, however often tried"
    )
    document = json.loads(body)
    assert (document["event"], document["set"], document["models"]) == ("promoted", "risk", ["churn"])
    assert document["changes"] == ["churn: challenger percent 10 -> 100"]
    assert document["by"]


def test_teams_and_slack_get_what_they_take(server: Received, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODELYARD_TEAMS_URL", server.url)
    monkeypatch.setenv("MODELYARD_SLACK_URL", server.url)
    assert notices.send(models(tmp_path, "{teams: {secret: a}, slack: {}}"), "applied", CHANGED) == (
        ["teams", "slack"],
        [],
    )
    card(server.bodies[0])
    assert json.loads(server.bodies[1])["blocks"][1]["text"]["text"] == "churn: challenger percent 10 -> 100"


def test_a_model_has_its_own_channels(server: Received, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = models(tmp_path, "{slack: {}}")
    more = "    - {name: fraud, image: 'r.io/fraud:1', notify: {webhook: {}}, targets: {deployment: {}}}\n"
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    monkeypatch.setenv("MODELYARD_SLACK_URL", server.url)
    monkeypatch.setenv("MODELYARD_WEBHOOK_URL", server.url)
    both = [*CHANGED, Difference("fraud", "new")]
    assert notices.send(path, "applied", both).accepted == ["slack", "webhook"]
    assert "fraud" not in server.bodies[0].decode()
    assert json.loads(server.bodies[1])["models"] == ["fraud"]
    assert "webhook-signature" not in {name.lower() for name in server.headers[1]}, "without a key"


@pytest.mark.parametrize(
    ("answers", "tries", "says"),
    [
        ([(500, {})] * 9, 4, "it answers 500"),
        ([(429, {"Retry-After": "99999"})] * 9, 4, "it answers 429"),
        ([(400, {})], 1, "it answers 400"),
        ([(302, {"Location": "http://127.0.0.1:9/elsewhere"})], 1, "it answers 302, and redirects are not followed"),
    ],
)
def test_what_a_server_refuses_is_said_without_its_address(
    server: Received, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: Any, tries: int, says: str
) -> None:
    monkeypatch.setenv("MODELYARD_TEAMS_URL", server.url)
    server.answers = answers
    accepted, (problem,) = notices.send(models(tmp_path, "{teams: {}}"), "promoted", CHANGED)
    assert (accepted, len(server.bodies)) == ([], tries)
    assert (problem.code, problem.severity, problem.message) == (
        "MY745",
        "warning",
        f"teams did not get the notice: {says}",
    )


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/planted-path", "its address does not begin with https://"),
        ("planted-path", "its address is no URL"),
        ("http://[planted-path", "its address is no URL"),
        ("http://127.0.0.1:9/planted-path", "it does not answer (ConnectionError)"),
        ("https://127.0.0.1:9/planted-path", "it does not answer (ConnectionError)"),
    ],
)
def test_an_address_of_no_use_is_said_and_not_shown(url: str, says: str) -> None:
    with pytest.raises(Undelivered) as error:
        patiently(post(url, b"{}"), lambda _: None)
    assert str(error.value) == says


def test_the_pause_is_what_the_server_asks_for_within_reason() -> None:
    pauses: list[float] = []

    def fails() -> None:
        raise Undelivered("no", 0.03 if not pauses else 99)

    with pytest.raises(Undelivered):
        patiently(fails, pauses.append)
    assert pauses == [0.03, 0.05, 0.05]


@pytest.mark.parametrize("implicit", [False, True])
def test_mail_goes_by_tls_with_a_login(pem: Path, *, implicit: bool) -> None:
    trust = ssl.create_default_context(cafile=str(pem))
    with notice_servers.mail(pem, implicit=implicit) as box:
        box.refuses = ["451 later"]
        scheme = "smtps" if implicit else "smtp"
        url = f"{scheme}://risk%40example.com:planted-password@localhost:{box.port}"
        patiently(smtp(url, lambda user: messages.mail(made(), user, ["a@example.com", "b@example.com"]), trust))
    assert box.to == [["a@example.com", "b@example.com"]]
    assert box.logins[-1] == (b"risk@example.com", b"planted-password")
    found = email.message_from_bytes(box.mails[0], policy=email.policy.default)
    assert (found["Subject"], found["From"]) == ("risk: churn promoted", "risk@example.com")
    assert "churn: challenger percent 10 -> 100" in found.get_content()
    assert "Pull request: https://git.example.com/models/pull/7" in found.get_content()


def test_mail_goes_to_no_server_without_tls_or_with_a_certificate_of_somebody(pem: Path) -> None:
    sent = messages.mail(made(), "a@example.com", ["b@example.com"])
    with notice_servers.mail(pem, plain=True) as box:
        with pytest.raises(Undelivered, match="it offers no STARTTLS"):
            patiently(smtp(f"smtp://u:planted-password@localhost:{box.port}", lambda _: sent), lambda _: None)
        assert box.logins == []
    with notice_servers.mail(pem) as box:
        with pytest.raises(Undelivered, match="its certificate is not trusted"):
            patiently(smtp(f"smtp://u:planted-password@localhost:{box.port}", lambda _: sent), lambda _: None)
        assert (box.logins, box.mails) == ([], [])


def test_lines_of_others_cannot_forge_headers_or_show_credentials() -> None:
    hostile = notice(
        "applied", "risk", Path("models.yaml"), ["a"], ["a\nBcc: x@example.com\x1b[2J password=hunter2-hunter2"]
    )
    assert all("\n" not in line and "\x1b" not in line for line in hostile.lines)
    assert "hunter2" not in "".join(hostile.lines)


def test_who_does_it_is_who_started_the_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "ada")
    for name, value in {"SERVER_URL": "https://github.com", "REPOSITORY": "a/b", "RUN_ID": "7"}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    found = made()
    assert found.by == "ada"
    assert Link("Run", "https://github.com/a/b/actions/runs/7") in found.links


def test_a_command_tells_and_a_notice_that_fails_fails_no_command(
    server: Received, tmp_path: Path, modelyard: Run
) -> None:
    models(tmp_path, "{teams: {secret: teams-webhook}, webhook: {}, mail: {to: [risk@example.com]}}")
    environment = {
        "MODELYARD_TEAMS_URL": server.url,
        "MODELYARD_WEBHOOK_URL": server.url,
        "MODELYARD_WEBHOOK_KEY": "planted-key",
        "MODELYARD_SMTP_URL": "ftp://u:planted-password@localhost",
    }
    server.answers = [(202, {}), (404, {})]
    done = modelyard("promote", "churn", "challenger", "--notify", cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert "notified: teams accepted it" in done.stderr
    assert "webhook did not get the notice: it answers 404 [MY745]" in done.stderr
    assert "mail did not get the notice: its address begins with neither smtps:// nor smtp://" in done.stderr
    output = done.stdout + done.stderr + "".join(body.decode() for body in server.bodies)
    assert not [each for each in CANARIES if each in output]
    again = modelyard("promote", "churn", "challenger", "--notify", cwd=tmp_path, env=environment)
    assert len(server.bodies) == 2, "nothing has changed, so nobody is told"
    assert again.returncode == 0


def test_who_names_nobody_is_told_so(tmp_path: Path, modelyard: Run) -> None:
    path = models(tmp_path, "null")
    done = modelyard("promote", "churn", "challenger", "--notify", "-f", path)
    assert done.returncode == 0
    assert "names nobody to notify [MY745]" in done.stderr
    models(tmp_path, "{teams: {secret: teams-webhook}}")
    done = modelyard("promote", "churn", "challenger", "--notify", "-f", path)
    assert "set MODELYARD_TEAMS_URL, or let Secret teams-webhook have the key url" in done.stderr
