"""Updates of a model behind the proxy under load: no call is lost, over kept connections or over ones of their own."""

import pytest

from tests.node.calls import service
from tests.node.load import Load
from tests.node.updates import PROXY, SET, apply, updated
from tests.support.cluster_scene import Scene


def test_the_proxy_loses_none_of_20_000_calls_of_a_model_that_ignores_sigterm(
    scene: Scene, load: Load, caddy_image: str, ignoring: str
) -> None:
    text = SET.replace("TARGET", PROXY).replace("IMAGE", ignoring).replace("CADDY", caddy_image)
    lose_none(scene, load, text, calls=20_000, connections=12)


@pytest.mark.usefixtures("processor")
def test_the_proxy_loses_none_of_200_000_calls(scene: Scene, load: Load, caddy_image: str, obeying: str) -> None:
    text = SET.replace("TARGET", PROXY).replace("IMAGE", obeying).replace("CADDY", caddy_image)
    lose_none(scene, load, text.replace("20ms", "5ms"), calls=200_000, connections=24)


def lose_none(scene: Scene, load: Load, text: str, *, calls: int, connections: int) -> None:
    """Make at least so many calls over kept connections, and others over ones of their own, during two updates."""
    apply(scene, text, 1)
    url = service(scene, "churn", "/invocations")
    many = (url, "-connections", str(connections), "-least", str(calls))
    kept, fresh = updated(scene, load, text, many, (url, "-connections", "2", "-new"))
    assert (kept.lost, fresh.lost) == (0, 0)
    assert kept.calls >= calls
    assert kept.connections < 200, "connections are kept"
