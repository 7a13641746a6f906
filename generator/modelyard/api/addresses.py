"""Where a model is, for whoever scores: by its URL, by a models file, or in a live cluster, there also by a tunnel."""

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from modelyard.api.pipeline import load, models_file
from modelyard.cluster import Client, ClusterProblem, Connection, connect
from modelyard.cluster.addresses import Sought, entry
from modelyard.files import regular
from modelyard.models.declared import DeclaredSet
from modelyard.problems import Problem, has_errors
from modelyard.score.addresses import find, is_url
from modelyard.score.http import Address
from modelyard.score.options import Locate, Route


def found(
    model: str, file: str | Path, route: Route, where: Connection | None, tunnels: ExitStack
) -> tuple[Address | None, list[Problem]]:
    """Return where a model is by its URL or name, or why that is not known; a tunnel lasts as long as the stack."""
    server, _, problems = looked_up(model, file, route, where, tunnels)
    return server, problems


def looked_up(
    model: str, file: str | Path, route: Route, where: Connection | None, tunnels: ExitStack
) -> tuple[Address | None, DeclaredSet | None, list[Problem]]:
    """Return the same, with the models file where one is read."""
    loaded = None
    if not is_url(model) and (Path(file) != Path() or regular.exists(models_file(file))):  # no file at all is fine
        loaded = load(file)
        if loaded.models is None and not route.url:
            return None, None, list(loaded.problems)
    models = loaded.models if loaded else None
    named = where or Connection()
    locate = in_cluster(
        replace(named, namespace=named.namespace or (models.spec.namespace if models else None)), tunnels
    )
    server, problems = find(model, route, models, locate, live=where is not None)
    if server is None and loaded:
        problems = [*(each for each in loaded.problems if has_errors([each])), *problems]
    return server, models, problems


def in_cluster(where: Connection, tunnels: ExitStack) -> Locate:
    """Return what finds a model in a cluster; its tunnel lasts as long as the stack."""

    def locate(names: tuple[str, ...], path: str, route: Route) -> tuple[Address | None, list[Problem]]:
        try:
            client = tunnels.enter_context(connect(where))
            found = entry(client, Sought(names, route.variant, inside=bool(route.ingress) or _is_inside(client)))
            if found.url:
                return Address(found.url + (path or found.path), headers=found.headers), []
            from modelyard.cluster.tunnel import tunnel  # loads the package kubernetes

            socket = tunnels.enter_context(tunnel(client, found))
            url = f"http://{names[0]}.{client.namespace}{path or found.path}"
            return Address(url, socket=str(socket)), []
        except ClusterProblem as error:
            return None, [error.problem]

    return locate


def _is_inside(client: Client) -> bool:
    """Tell whether this process runs in the cluster itself, where names of the cluster's own DNS are known."""
    own = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    return all(own) and client.host == f"{own[0]}:{own[1]}"
