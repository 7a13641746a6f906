"""Odd values anywhere in hand-written files are problems or nothing, and never an exception."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.kustomize.simulate import effect
from tests.support.viya_deployments import DATA, lay

BASE: Final = (DATA / "base.yaml").read_bytes()
EVERYTHING: Final = DATA / "everything"
ODD: Final[list[Any]] = [
    None, True, 3, 1.5, "x", "", [], {}, [None], ["x"], {"a": None}, {"name": "x"}, [{"name": ["y"]}], [[1]],
    "- a\n- b: {c\n", "a: b\nc: d\n", "(", "../..", "/",
]  # fmt: skip


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[key], (*above, key))


def with_odd_value(text: str, dice: random.Random) -> str:
    """Return a stream with one value that is another."""
    documents = [each for each in yaml.safe_load_all(text) if each]
    document = dice.choice(documents)
    *above, last = dice.choice(list(paths(document)))
    for key in above:
        document = document[key]
    document[last] = copy.deepcopy(dice.choice(ODD))
    return yaml.safe_dump_all(documents)


def everything() -> dict[str, str]:
    files = (each for each in EVERYTHING.rglob("*") if each.is_file())
    return {each.relative_to(EVERYTHING).as_posix(): each.read_text("utf-8") for each in files}


@pytest.mark.parametrize("seed", range(4))
def test_of_one_file_of_a_deployment(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)  # noqa: S311
    files = everything()
    base = "---\n".join(files[f"base/{name}.yaml"] for name in ("deploy", "others"))
    changeable = [name for name in files if name.endswith(".yaml") and not name.startswith("base/")]
    for number in range(25):
        name = dice.choice([*changeable, *["kustomization.yaml"] * 15])
        folder = lay(tmp_path / str(number), {**files, name: with_odd_value(files[name], dice)})
        objects, _ = effect(folder, component=None, base=base.encode())
        assert objects is not None


def test_of_the_base(tmp_path: Path) -> None:
    dice = random.Random(0)  # noqa: S311
    folder = lay(tmp_path, everything())
    tried = [effect(folder, component=None, base=with_odd_value(BASE.decode(), dice).encode()) for _ in range(40)]
    assert any(objects is not None for objects, _ in tried)


def test_of_real_kustomizations_whose_files_are_missing(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "kustomizations"
    files = [each for each in folder.rglob("*") if each.is_file() and each.suffix != ".tsv"]
    assert len(files) > 600
    for number, each in enumerate(files):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "kustomization.yaml").write_bytes(each.read_bytes())
        _, problems = effect(folder, component=None, base=BASE)
        # They are sound YAML of fields that kustomize knows; what they list is not here.
        assert not [wrong for wrong in problems if wrong.code.startswith("MY0")], (each, problems)
