"""invocations: the server beside TensorFlow Serving that takes calls as SageMaker's own container does."""

from typing import Annotated, Final
from urllib.parse import urlsplit, urlunsplit

import typer

from modelyard.cli.durations import Seconds, duration
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.manifests import names

_SECONDS: Final = Seconds(58)
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of 127.0.0.1 that takes calls.")]


def _size(text: str) -> str:
    if wrong := names.size(text):
        raise typer.BadParameter(f"{text!r} {wrong}")
    return text


def invocations(
    model: Annotated[
        str,
        typer.Argument(metavar="URL", help="The model in TensorFlow Serving: http://127.0.0.1:8501/v1/models/NAME."),
    ],
    *,
    ready: Annotated[
        str | None, typer.Option(metavar="PATH", help="Path that answers 200 when the model can score.")
    ] = None,
    port: Port = 8091,
    health_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of all addresses with /healthz, for probes of the kubelet.")
    ] = 8092,
    timeout: Annotated[
        Seconds,
        typer.Option(
            parser=duration, metavar="DURATION", help="Time until an answer begins; then the call ends with 504."
        ),
    ] = _SECONDS,
    max_body: Annotated[str, typer.Option(metavar="SIZE", callback=_size, help="Size of a body at most.")] = "6Mi",
) -> None:
    """Take calls for TensorFlow Serving as SageMaker's own container does: CSV, JSON and JSON Lines.

    It is the container beside the model that target sagemaker-proxy renders where spec.toolImage is set. GET /ping
    says whether the model can score, and POST /invocations scores. At SIGTERM calls in flight get `--timeout`.
    """
    from modelyard.api import invocations as api

    parts = urlsplit(model)
    path = ready or f"{parts.path}/metadata"
    if parts.scheme != "http" or not parts.hostname or "/v1/models/" not in parts.path or not path.startswith("/"):
        raise typer.BadParameter("name the model as http://HOST:PORT/v1/models/NAME, and --ready as a path")
    settings = api.Settings(
        model=urlunsplit(parts),
        ready=urlunsplit(parts._replace(path=path)),
        port=port,
        health_port=health_port,
        seconds=timeout,
        max_body=names.bytes_of(max_body),
    )
    stop_on_errors(api.run(settings, lambda: tell(f"listening on {api.HERE}:{port}")))
