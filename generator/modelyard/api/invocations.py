"""SageMaker's /invocations in front of TensorFlow Serving, as a server of its own."""

import asyncio
from collections.abc import Callable

from modelyard.problems import Problem, problem
from modelyard.score.invocations.server import HERE, Settings, serve

__all__ = ["HERE", "Settings", "run"]


def run(settings: Settings, listening: Callable[[], None]) -> list[Problem]:
    """Serve until SIGTERM or SIGINT, and return why it cannot. listening: called when it takes calls."""
    try:
        asyncio.run(serve(settings, listening))
    except OSError as error:
        hint = "end what listens there, or name other ports"
        return [problem("MY123", f"cannot listen: {error.strerror}", hint=hint)]
    return []
