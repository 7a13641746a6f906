"""The proxy that gives a model SageMaker's container contract: its Caddyfile, and the variables that drive it.

One Caddyfile serves the sidecar in Kubernetes and the image that SageMaker runs; nothing of a model is part of
its text.
"""

from collections.abc import Iterator
from typing import Final

from modelyard.manifests import names
from modelyard.manifests.template import folder
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.targets.workloads.objects import port
from modelyard.targets.workloads.pods import APP_PATH, url_path

IMAGE: Final = "docker.io/library/caddy:2.11.9"
TIMEOUT: Final = "58s"  # SageMaker waits 60 s for an answer ("Custom Inference Code with Hosting")
MAX_BODY: Final = "6Mi"  # SageMaker's own limit for a call to an endpoint
# Seconds of the image: SageMaker sends SIGKILL 30 s after SIGTERM, and the entry point gives the model 3 s.
STAYS: Final = 5
DRAIN: Final = 20
CUTOFF: Final = 7  # seconds after `timeout`; more than the 5 s for which the Caddyfile keeps an idle connection
PATHS: Final = ("/invocations", "/ping")


def caddyfile() -> str:
    """Return the text of the Caddyfile."""
    return (folder() / "sagemaker-proxy" / "Caddyfile").read_text("utf-8")


def ping(model: DeclaredModel, served: Served) -> tuple[str, str] | None:
    """Return the method and path by which /ping asks whether a model answers; None if nothing is known.

    A readiness probe by HTTP of the model's own is what the user holds for proof; else the runtime's address.
    """
    own = served.model
    readiness = own.probes.readiness if own.probes else None
    get = readiness.httpGet if readiness else None
    if get and get.scheme in (None, "HTTP") and get.port in (None, port(own)):
        return "GET", get.path or "/"
    if own.runtime == "scr":
        return of_scr(model)
    if own.runtime == "tensorflow":
        from modelyard.targets.workloads import tensorflow

        return "GET", tensorflow.asked(own)
    return ("GET", "/internal/ready") if own.runtime == "pcr" else None


def of_scr(model: DeclaredModel) -> tuple[str, str]:
    """Return the method and path by which /ping asks SAS Container Runtime; also what the image asks by itself."""
    return "HEAD", f"{url_path(model)}/apiMeta/api"


def check(models: DeclaredSet, model: DeclaredModel, served: Served) -> Iterator[Problem]:
    """Yield what the proxy cannot call or ask."""
    path = url_path(model)
    if wrong := names.plain_path(path):
        yield problem("MY105", f"{path} {wrong}", place=models.place(model.whole.find("path")))
    asked = ping(model, served)
    if asked is None:
        hint = "add probes: {readiness: {httpGet: {path: …}}} on the model's own port"
        message = f"runtime {served.model.runtime} needs an HTTP readiness probe, which /ping calls"
        yield problem("MY218", message, hint=hint, place=models.place(served.find("runtime")))
    elif asked != of_scr(model) and (wrong := names.plain_path(asked[1].partition("?")[0])):
        place = models.place(served.find("probes", "readiness", "httpGet", "path"))
        yield problem("MY105", f"{asked[1]} {wrong}", place=place)


def limits(timeout: int, max_body: int, *, stays: int = STAYS, drain: int = DRAIN) -> dict[str, str]:
    """Return the variables of what a call may take, in seconds and bytes, and of the end.

    stays: seconds after SIGTERM in which calls are still taken. drain: seconds that those in flight then get.
    """
    return {
        "MODEL_TIMEOUT": f"{timeout}s",
        "MODEL_CUTOFF": f"{timeout + CUTOFF}s",
        "MAX_BODY": str(max_body),
        "PROXY_DRAIN": f"{drain}s",
        "PROXY_DELAY": f"{stays}s",
    }


def routes(model: DeclaredModel, asked: tuple[str, str]) -> dict[str, str]:
    """Return the variables of where the model answers. asked: what `ping` gives."""
    method, path = asked
    called = url_path(model)
    if model.served[0].model.runtime == "tensorflow":
        called = f"{called}:predict"
    return {APP_PATH: called, "MODEL_PING_METHOD": method, "MODEL_PING_PATH": path}
