"""A session of sasctl that asks nobody, waits for nobody forever, and takes a login to its own host alone."""

import os
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import sasctl

from modelyard.registry.sources import wrong

SERVER: Final = "SASCTL_SERVER_NAME"
LOGIN: Final = "SASCTL_CLIENT_ID and SASCTL_CLIENT_SECRET, or SASCTL_USER_NAME and SASCTL_PASSWORD"
_SECONDS: Final = (10.0, 60.0)  # to connect, and until the next bytes


class Session(sasctl.Session):  # type: ignore[misc] # sasctl has no types
    """A login at SAS Viya, from the variables and files that sasctl itself reads. Raises what sasctl raises."""

    def __init__(self) -> None:
        parts = urlsplit(_server())
        super().__init__(
            parts.hostname,
            os.environ.get("SASCTL_USER_NAME"),
            os.environ.get("SASCTL_PASSWORD"),
            protocol=parts.scheme,
            port=parts.port,
        )

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Make a call, for which sasctl would wait for ever."""
        options["timeout"] = options.get("timeout") or _SECONDS
        response: requests.Response = super().send(request, **options)
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Refuse to be led to another host, over another port or a plainer connection: a login may go along."""
        target: str | None = super().get_redirect_target(resp)
        if target and urlsplit(target).netloc and urlsplit(target)[:2] != urlsplit(str(resp.url))[:2]:
            raise wrong.elsewhere(host())
        return target

    def _prompt_for_auth_code(self, client_id: str | None = None) -> str:  # noqa: ARG002 - as the base has it
        raise wrong.refused(host(), f"{LOGIN}, or `sas-viya auth login`")


def host() -> str:
    """Return the host of the server, as messages call it."""
    return urlsplit(_server()).netloc.rpartition("@")[2]


def _server() -> str:
    text = os.environ.get(SERVER, "")
    if not text:
        raise wrong.not_configured(SERVER, "the name of the SAS Viya server")
    return text if "://" in text else f"https://{text}"
