"""Random histories of promotion: one branch a digest, none where nothing is new, comments byte for byte."""

import pytest

from tests.conftest import CACHE, need
from tests.support import promotion_histories, registries
from tests.support.mlflow_server import Team

pytestmark = pytest.mark.slow
COUNT = 20  # a tenth of `make acceptance-promotion`


def test_each_digest_has_one_branch_whatever_happens(
    team: Team, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = need(CACHE / "registry-v3.1.1" / "registry", "`make tools` builds it")
    for name, value in promotion_histories.environment(team).items():
        monkeypatch.setenv(name, value)
    with registries.real(program, tmp_path_factory.mktemp("registry")) as host:
        assert promotion_histories.play_all(team, host, COUNT, 1000) > COUNT
