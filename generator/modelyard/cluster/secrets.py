"""What of a login no output may show, whoever repeats it: an API server, or a proxy in between."""

import logging
from typing import Any
from urllib.parse import unquote, urlsplit

from modelyard.problems.credentials import forms, hide


def without_credentials(configuration: Any, text: bytes) -> bytes:
    """Return an answer's text without the credentials of a Configuration of the package kubernetes."""
    known = [str(each) for each in (configuration.api_key or {}).values()]
    known += [str(each) for each in (configuration.proxy_headers or {}).values()]
    secrets = {form for each in known for form in forms(each)}
    for url in (configuration.host, configuration.proxy):
        parts = urlsplit(url or "")
        secrets |= {form for each in (parts.username, parts.password) if each for form in (each, unquote(each))}
    return hide(text.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")


def silence_logins() -> None:
    """Drop what the package kubernetes logs of logins: it repeats what a login program has printed, tokens too."""
    logging.getLogger().addFilter(_is_no_login)


def _is_no_login(record: logging.LogRecord) -> bool:
    return record.module not in ("kube_config", "exec_provider")
