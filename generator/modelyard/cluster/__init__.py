"""A live cluster: the one door to the package kubernetes, server-side apply, and what runs there."""

from modelyard.cluster.client import Client, ClusterProblem
from modelyard.cluster.login import Connection, connect

__all__ = ["Client", "ClusterProblem", "Connection", "connect"]
