"""One mistake, one problem: each value of a sample is replaced in turn, and nothing falls over or speaks twice."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard import api
from modelyard.files.yaml import write, write_all
from modelyard.modelsfile.load import load_text
from modelyard.problems import Severity
from tests.support.shares import share

ROOT = Path(__file__).resolve().parents[2]
SCALARS: Final = (None, -1, True, 1.5, "../x")
ODD: Final[tuple[Any, ...]] = ([], {}, [None], [{}], {"name": "a"}, [{"name": "a", "$remove": True}], [[1, [2]]])
Way = tuple[str | int, ...]


def ways(node: Any, above: Way = ()) -> Iterator[Way]:
    """Yield the path of every value below the top."""
    if above:
        yield above
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from ways(value, (*above, key))


def replaced(data: Any, way: Way, value: Any) -> Any:
    """Return a copy of the data with another value at a path."""
    data = copy.deepcopy(data)
    node = data
    for part in way[:-1]:
        node = node[part]
    node[way[-1]] = copy.deepcopy(value)
    return data


@pytest.mark.many
@pytest.mark.parametrize("value", SCALARS, ids=repr)
@pytest.mark.parametrize(
    "sample",
    [
        "overlays/dev",
        "tests/render/cases/knative-every-field",
        "tests/render/cases/deployment-split",
        "tests/render/cases/sagemaker-every-field",
        "tests/render/cases/sagemaker-serverless",
    ],
)
def test_a_wrong_scalar_is_at_most_one_error(sample: str, value: Any) -> None:
    data = yaml.safe_load((ROOT / sample / "models.yaml").read_text("utf-8"))
    taken = share(list(ways(data)), SCALARS.index(value))
    refused = 0
    for way in taken:
        text = write(replaced(data, way, value))
        result = api.render_loaded(load_text(text.encode(), "models.yaml", ROOT), ROOT)
        errors = [each for each in result.problems if each.severity is Severity.ERROR]
        # A name or a percent can be wrong for two others at once; a place is then named once for each.
        assert len({each.code for each in errors}) <= 1, (way, errors)
        assert all(each.place and each.place.line <= text.count("\n") + 1 for each in errors)
        assert bool(write_all(each.body for each in result.objects)) == bool(result.objects)
        refused += bool(errors)
    assert refused > len(taken) / 4


@pytest.mark.many
@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    "sample",
    [
        "overlays/dev",
        "overlays/base",
        "tests/render/cases/knative-places",
        "tests/render/cases/sagemaker-every-field",
        "tests/render/cases/sagemaker-split",
    ],
)
def test_no_structure_is_too_odd(sample: str, value: Any) -> None:
    folder = ROOT / sample
    data = yaml.safe_load((folder / "models.yaml").read_text("utf-8"))
    for way in share(list(ways(data)), ODD.index(value)):
        text = write(replaced(data, way, value))
        result = api.render_loaded(load_text(text.encode(), "models.yaml", folder), folder)
        assert result.problems or result.objects, way
        assert all(each.message and each.code for each in result.problems)
