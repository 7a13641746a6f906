"""Which cluster: the package kubernetes reads the kubeconfig, logs in and sets up TLS."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from modelyard.cluster.client import Client, ClusterProblem
from modelyard.cluster.secrets import silence_logins
from modelyard.problems import problem

IN_POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Which cluster: a kubeconfig's path and context, and a namespace. None leaves the choice to the surroundings."""

    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str | None = None


@contextmanager
def connect(where: Connection) -> Iterator[Client]:
    """Give a client of the cluster that a kubeconfig, or the pod around this process, names. Raises ClusterProblem."""
    try:
        api, namespace = _logged_in(where)
    except Exception as error:  # noqa: BLE001 - of whatever stands in that file
        # Their texts may quote the kubeconfig, which holds credentials.
        source = f"kubeconfig {where.kubeconfig}" if where.kubeconfig else "the kubeconfig"
        context = f", context {where.context}" if where.context else ""
        message = f"{source}{context} gives no cluster ({type(error).__name__})"
        hint = "`kubectl config get-contexts` lists the contexts of a kubeconfig"
        raise ClusterProblem(problem("MY701", message, hint=hint)) from None
    parts = urlsplit(api.configuration.host)
    host = parts.hostname or "the API server"
    try:
        yield Client(f"{host}:{parts.port}" if parts.port else host, where.namespace or namespace, api)
    finally:
        api.rest_client.pool_manager.clear()


def _logged_in(where: Connection) -> tuple[Any, str]:
    """Return an ApiClient of the package kubernetes, and the namespace of its context."""
    from kubernetes import client, config

    silence_logins()
    configs: Any = config  # the package has no types
    known = (
        where.kubeconfig
        or where.context
        or os.environ.get("KUBECONFIG")
        or Path("~/.kube/config").expanduser().exists()
    )
    if not known and os.environ.get("KUBERNETES_SERVICE_HOST"):
        configuration = client.Configuration()
        configs.load_incluster_config(client_configuration=configuration)
        return client.ApiClient(configuration), (IN_POD / "namespace").read_text("utf-8").strip()
    source = str(where.kubeconfig) if where.kubeconfig else os.environ.get("KUBECONFIG") or "~/.kube/config"
    contexts, current = configs.list_kube_config_contexts(source)
    chosen = next((each for each in contexts if each["name"] == where.context), current) if where.context else current
    if where.context and chosen["name"] != where.context:
        raise ValueError("no such context")
    api = configs.new_client_from_config(source, where.context)
    return api, chosen["context"].get("namespace") or "default"
