"""The proxy's container runs as Pod Security restricted wants it: tried with the kernel, and what is rendered."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.targets.sagemaker_proxy import PROXY_USER
from tests.support import sagemaker_proxy, sandboxes, scr_stub


@pytest.fixture
def folder() -> Iterator[Path]:
    sandboxes.need_root()
    with sandboxes.open_folder() as found:
        yield found


def test_the_official_binary_starts_with_the_rendered_capabilities_and_not_without(caddy: Path, folder: Path) -> None:
    official = sandboxes.copied_with_file_capability(caddy, folder / "caddy")
    rendered = sagemaker_proxy.rendered(folder / "set", timeout="20s").security["capabilities"]
    assert rendered["drop"] == ["ALL"]
    with_rendered = [*sandboxes.as_user(capabilities=rendered["add"]), str(official), "version"]
    assert subprocess.run(with_rendered, capture_output=True, check=False).returncode == 0
    without = subprocess.run([*sandboxes.as_user(), str(official), "version"], capture_output=True, check=False)
    assert b"Operation not permitted" in without.stderr


def test_only_the_declared_folder_is_written(caddy: Path, folder: Path) -> None:
    official = sandboxes.copied_with_file_capability(caddy, folder / "caddy")
    container = sagemaker_proxy.rendered(folder / "set", timeout="2s")
    assert container.security["readOnlyRootFilesystem"]
    assert container.security["runAsUser"] == PROXY_USER
    assert [each["mountPath"] for each in container.mounts if not each.get("readOnly")] == ["/tmp"]  # noqa: S108
    run = folder / "run"
    wrap = [
        *sandboxes.read_only(run / "tmp"),
        *sandboxes.as_user(PROXY_USER, capabilities=container.security["capabilities"]["add"]),
    ]
    port = sagemaker_proxy.free_port()
    with scr_stub.running(port), sagemaker_proxy.running(official, container, run, port, wrap=wrap) as proxy:
        assert proxy.ping().status == 200
        assert proxy.score(body=b"x" * (6 << 20)).status == 200
        assert proxy.score("hang").status == 504
    log = proxy.log.read_text("utf-8").lower()
    assert "serving initial configuration" in log
    assert "read-only" not in log
    assert "permission denied" not in log
