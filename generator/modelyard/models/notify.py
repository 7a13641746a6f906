"""Who hears of changes: channels, each with an address that no file holds."""

from typing import Annotated, Final

from pydantic import Field

from modelyard.models.base import ObjectName, Shape, checked
from modelyard.problems.patterns import pattern

# Channel -> key of its Secret -> variable that has the same.
VARIABLES: Final = {
    "teams": {"url": "MODELYARD_TEAMS_URL"},
    "slack": {"url": "MODELYARD_SLACK_URL"},
    "webhook": {"url": "MODELYARD_WEBHOOK_URL", "key": "MODELYARD_WEBHOOK_KEY"},
    "mail": {"url": "MODELYARD_SMTP_URL"},
}

_MAIL: Final = pattern(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def _mail(text: str) -> str | None:
    return None if _MAIL.fullmatch(text) else "is not a mail address such as risk@example.com"


Mail = Annotated[str, checked(_mail)]


class Channel(Shape):
    """A channel whose address is in a Secret, or in the environment of a command."""

    secret: ObjectName | None = Field(None, description="Name of a Secret with the key url: the address.")


class Webhook(Shape):
    """Any server: it gets JSON, signed as Standard Webhooks say where there is a key."""

    secret: ObjectName | None = Field(
        None, description="Name of a Secret with the key url: the address; and the key key, which signs."
    )


class Mailing(Shape):
    """Mail by SMTP, always with TLS."""

    secret: ObjectName | None = Field(
        None, description="Name of a Secret with the key url: smtps://USER:PASSWORD@HOST, or smtp:// with STARTTLS."
    )
    to: Annotated[list[Mail], Field(min_length=1)] = Field(description="Addresses that get it.")
    from_: Mail | None = Field(
        None, alias="from", description="Address that it is from; the user of the server, if that is one, if absent."
    )


class Notify(Shape):
    """Who hears of changes. On the command line variables of the environment hold the addresses."""

    teams: Channel | None = Field(
        None, description="Microsoft Teams, by the address of a workflow; or MODELYARD_TEAMS_URL."
    )
    slack: Channel | None = Field(None, description="Slack, by the address of a webhook; or MODELYARD_SLACK_URL.")
    webhook: Webhook | None = Field(
        None, description="Any server that takes JSON; or MODELYARD_WEBHOOK_URL and MODELYARD_WEBHOOK_KEY."
    )
    mail: Mailing | None = Field(None, description="Mail by SMTP with TLS; or MODELYARD_SMTP_URL.")
