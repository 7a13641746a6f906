"""The live cluster: the one door to the package kubernetes, server-side apply, and what runs there.

Manifests and a connection come in; states, differences and problems go out.
"""

from modelyard.cluster.client import Client, ClusterProblem
from modelyard.cluster.login import Connection, connect

__all__ = ["Client", "ClusterProblem", "Connection", "connect"]
