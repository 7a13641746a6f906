"""Where a model of a live cluster is reached, for whoever scores: at its address, or through a tunnel to its pods."""

import os
from contextlib import ExitStack

from modelyard.cluster import Client, ClusterProblem, Connection, connect
from modelyard.cluster.addresses import Sought, entry
from modelyard.problems import Problem
from modelyard.score.http import Address
from modelyard.score.options import Locate, Route


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
