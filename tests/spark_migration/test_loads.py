"""What is written is a models file: it loads, and gives what its comments say."""

from pathlib import Path

import pytest

from modelyard import api
from modelyard.problems import has_errors
from tests.spark_migration.test_cases import CASES, NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_models_file_of_a_project_loads_without_an_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_bytes((CASES / name / "models.yaml").read_bytes())
    loaded = api.load(tmp_path)
    assert not has_errors(loaded.problems), [each.message for each in loaded.problems]
    assert loaded.models
    (model,) = loaded.models.models
    assert (model.name, [*model.targets]) == (name, ["dataproc"])
