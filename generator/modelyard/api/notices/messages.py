"""A notice in the form of each channel. Text of others is never markup there.

Sources: adaptivecards.io/schemas/1.4.0, and Microsoft Teams' limit of 28 KiB; Slack's reference of Block Kit (a header
of 150 characters, a text of 3,000); standardwebhooks.com, its specification of 2023.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from typing import Any, Final

from modelyard.api.notices.notice import Notice

TEAMS_BYTES: Final = 28 * 1024  # above it a card is accepted, and dropped later
_SLACK_TEXT: Final = 3000  # characters
_SLACK_HEADER: Final = 150
_MOST_LINKS: Final = 5

Body = dict[str, Any]


def teams(notice: Notice) -> bytes:
    """Return the message of a Teams workflow, with an Adaptive Card."""
    return _fitting(notice, TEAMS_BYTES - 1, _card)


def _card(notice: Notice, lines: Sequence[str]) -> Body:
    # Runs of a RichTextBlock know no Markdown, which a TextBlock would take from the names of others.
    body = [_text(notice.title, size="Large", weight="Bolder"), *map(_text, lines)]
    body.append(_text(f"by {notice.by}, {notice.time}, {notice.file}", isSubtle=True))
    actions = [{"type": "Action.OpenUrl", "title": each.title, "url": each.url} for each in notice.links[:_MOST_LINKS]]
    card: Body = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        **({"actions": actions} if actions else {}),
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, **look: object) -> Body:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


def slack(notice: Notice) -> bytes:
    """Return the message of a Slack webhook."""
    return _fitting(notice, _SLACK_TEXT, _blocks, measured=lambda _, lines: len("\n".join(lines).encode()))


def _blocks(notice: Notice, lines: Sequence[str]) -> Body:
    blocks: list[Body] = [{"type": "header", "text": _plain(notice.title[:_SLACK_HEADER])}]
    if lines:
        blocks.append({"type": "section", "text": _plain("\n".join(lines))})
    context = [_plain(f"by {notice.by}, {notice.time}, {notice.file}"[:_SLACK_TEXT])]
    blocks.append({"type": "context", "elements": context})
    links = [
        {"type": "button", "text": _plain(each.title[:75]), "url": each.url[:_SLACK_TEXT]} for each in notice.links
    ]
    if links:
        blocks.append({"type": "actions", "elements": links[:_MOST_LINKS]})
    return {"text": _escaped(notice.title), "blocks": blocks}


def _plain(text: str) -> Body:
    return {"type": "plain_text", "text": text or "-", "emoji": False}


def _escaped(text: str) -> str:
    """Return a text that Slack takes for no link and no mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fitting(
    notice: Notice,
    most: int,
    made: Callable[[Notice, Sequence[str]], Body],
    measured: Callable[[bytes, Sequence[str]], int] = lambda content, _: len(content),
) -> bytes:
    """Return a message with as many lines as fit, and how many do not."""
    low, high = 0, len(notice.lines)

    def message(count: int) -> tuple[bytes, bool]:
        rest = len(notice.lines) - count
        lines = [*notice.lines[:count], *([f"and {rest} more"] if rest else [])]
        content = json.dumps(made(notice, lines), ensure_ascii=False).encode()
        return content, measured(content, lines) <= most

    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if message(middle)[1] else (low, middle - 1)
    return message(low)[0]


def webhook(notice: Notice) -> bytes:
    """Return what any server gets, as JSON."""
    found = {
        "version": 1,
        "event": notice.event,
        "set": notice.set_name,
        "file": notice.file,
        "models": list(notice.models),
        "changes": list(notice.lines),
        "by": notice.by,
        "time": notice.time,
        "links": [{"title": each.title, "url": each.url} for each in notice.links],
    }
    return json.dumps(found, ensure_ascii=False).encode()


def signed(content: bytes, key: str, message: str, seconds: int) -> Mapping[str, str]:
    """Return the headers by which a receiver knows that a message is ours, and new: those of Standard Webhooks.

    key: text, or base64 after `whsec_`. message: the id of the message, the same for each try. Raises ValueError for a
    key that is no base64.
    """
    secret = base64.b64decode(key.removeprefix("whsec_"), validate=True) if key.startswith("whsec_") else key.encode()
    what = f"{message}.{seconds}.".encode() + content
    signature = base64.b64encode(hmac.digest(secret, what, hashlib.sha256)).decode()
    return {"webhook-id": message, "webhook-timestamp": str(seconds), "webhook-signature": f"v1,{signature}"}


def mail(notice: Notice, sender: str, to: Sequence[str]) -> EmailMessage:
    """Return a mail as plain text."""
    message = EmailMessage()
    message["Subject"] = notice.title
    message["From"] = sender
    message["To"] = ", ".join(to)
    links = [f"{each.title}: {each.url}" for each in notice.links]
    about = f"by {notice.by}, {notice.time}, {notice.file}"
    message.set_content("\n".join([notice.title, "", *notice.lines, "", about, *links]) + "\n")
    return message
