"""What commands share that call a model: where it is, headers, a token, whom TLS trusts, and how many calls at once."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from modelyard.files import regular

TOKEN: Final = "MODELYARD_TOKEN"  # noqa: S105 - the name of a variable
_MAX_TOKEN: Final = 65_536  # bytes; servers take headers of 8,192

Header = Annotated[list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="Header of each call; never printed.")]
TokenFile = Annotated[
    Path | None, typer.Option(help=f"File with a bearer token; without it ${TOKEN}, if set. Never printed.")
]
CaFile = Annotated[str, typer.Option(metavar="PEM", help="CA certificates to trust, in place of the system's.")]
Ingress = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="Connect there and send the model's Host header: needs no DNS.")
]
Domain = Annotated[str, typer.Option(help="Knative's domain of the cluster: the host is MODEL.NAMESPACE.DOMAIN.")]
Step = Annotated[str, typer.Option(help="Step of a module that has several: /MODULE/STEP.")]
Signature = Annotated[str, typer.Option(metavar="NAME", help="Signature of a SavedModel; serving_default if absent.")]
Concurrency = Annotated[int, typer.Option(min=1, max=1024, help="Calls at once, at most; fewer on 429 and 503.")]
Batch = Annotated[int, typer.Option(min=1, max=100_000, help="Rows per call, where the runtime takes several.")]


def headers_of(texts: list[str], token_file: Path | None) -> tuple[tuple[str, str], ...]:
    """Return the headers; what is wrong with one is said without its text, which may be a secret."""
    headers: list[tuple[str, str]] = []
    token = os.environ.get(TOKEN, "")
    if token_file is not None:
        try:
            token = regular.content(token_file, _MAX_TOKEN).decode().strip()
        except (OSError, UnicodeError) as error:
            raise typer.BadParameter(f"cannot read the token file {token_file} ({type(error).__name__})") from None
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    for i, text in enumerate(texts, 1):
        name, colon, value = text.partition(":")
        if not colon or not name.strip() or not text.isprintable() or not text.isascii():
            raise typer.BadParameter(f"--header number {i} is not NAME: VALUE in printable ASCII")
        headers.append((name.strip(), value.strip()))
    if not token.isascii() or not token.isprintable():
        raise typer.BadParameter("the token is not printable ASCII")
    return tuple(headers)
