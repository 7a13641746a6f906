"""What kustomize, kubectl and YAML 1.2 read differently, compared with kustomize and kubectl themselves."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.files.yaml import Sources
from modelyard.files.yaml.readings import REFUSED, Readings, key_readings, kubectl_key, readings
from modelyard.files.yaml.scalars import core
from modelyard.files.yaml.stream import read_all

WORDS: Final = [
    each
    for word in ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf")
    for each in (word, word.capitalize(), word.upper(), f"{word}x", f"{word}.")
]
SCALARS: Final = [*dict.fromkeys([*WORDS, *Path(__file__).with_name("scalars.txt").read_text("utf-8").splitlines()])]
OBJECT: Final = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {{name: a{number}}}\nspec:\n  {line}\n"
Read = Callable[[Sequence[str]], Sequence[Any] | None]


def read_by(read: Read, ours: Mapping[str, object], line: str, share: int) -> dict[str, object]:
    """Return what a program makes of scalars: of all that it takes in one run, of those that it refuses one by one.

    ours: scalar -> what it should be. share: which part of those that are refused is tried, all if it is 1.
    """
    taken = [each for each, value in ours.items() if value is not REFUSED]
    refused = [each for each, value in ours.items() if value is REFUSED][::share]
    found = read([OBJECT.format(number=i, line=line.format(each)) for i, each in enumerate(taken)])
    assert found is not None, "one of those that it should take is refused"
    alone = {each: read([OBJECT.format(number=0, line=line.format(each))]) for each in refused}
    return {**dict(zip(taken, found, strict=True)), **{each: one or REFUSED for each, one in alone.items()}}


def by_kubectl(objects: Sequence[str]) -> list[Any] | None:
    command = ["kubectl", "label", "--local", "-f", "-", "z=1", "-o", "json"]
    env = {**os.environ, "KUBECONFIG": os.devnull}
    done = subprocess.run(command, input="---\n".join(objects), capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        return None
    found, rest, decoder = [], done.stdout.strip(), json.JSONDecoder()
    while rest:
        one, end = decoder.raw_decode(rest)
        found.append(one["spec"])
        rest = rest[end:].strip()
    return found


@pytest.fixture
def by_kustomize(kustomize: Path, tmp_path: Path) -> Read:
    def read(objects: Sequence[str]) -> list[Any] | None:
        (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n", "utf-8")
        (tmp_path / "a.yaml").write_text("---\n".join(objects), "utf-8")
        done = subprocess.run([kustomize, "build", tmp_path], capture_output=True, text=True, check=False)
        if done.returncode:
            return None
        built = {each["metadata"]["name"]: each["spec"] for each in yaml.load_all(done.stdout, _Loader)}
        return [built[f"a{i}"] for i in range(len(objects))]

    return read


_JSON: Final = re.compile(r"null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[-+][0-9]{2,3})?")


class _Loader(yaml.BaseLoader):
    """What kustomize writes: text is plain only where no reader takes it for another type."""

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        """Return the value of a plain scalar in JSON, else its text."""
        if node.style is None and _JSON.fullmatch(node.value):
            return json.loads(node.value)
        return node.value


def alike(one: object, other: object) -> bool:
    return type(one) is type(other) if isinstance(one, bool) or isinstance(other, bool) else one == other


def different(ours: Mapping[str, object], theirs: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    return {text: (ours[text], their) for text, their in theirs.items() if not alike(ours[text], their)}


@pytest.fixture
def share(request: pytest.FixtureRequest) -> int:
    return 1 if request.config.getoption("--in-full") else 8


def plain(text: str) -> object:
    """Return what all three make of a scalar on which they agree."""
    return core(text, yaml_1_1=False)


def test_there_are_hundreds_of_scalars() -> None:
    assert len(SCALARS) > 300
    assert len([each for each in SCALARS if readings(each)]) > 100


@pytest.mark.parametrize("reader", ["kubectl", "kustomize"])
def test_a_value_is_to_each_reader_what_its_program_makes_of_it(reader: str, by_kustomize: Read, share: int) -> None:
    found = {each: readings(each) for each in SCALARS}
    ours = {text: getattr(read, reader) if read else plain(text) for text, read in found.items()}
    theirs = read_by(by_kubectl if reader == "kubectl" else by_kustomize, ours, "v: {}", share)
    values = {text: each.get("v") if isinstance(each, dict) else each for text, each in theirs.items()}
    assert (
        different(ours, {text: _rounded(each) for text, each in values.items()} if reader == "kubectl" else values)
        == {}
    )


def _rounded(value: object) -> object:
    """Return what kubectl has before it writes JSON with other digits."""
    return float(value) if type(value) is int and abs(value) >= 2**63 else value


@pytest.mark.parametrize("reader", ["kubectl", "kustomize"])
def test_a_key_is_to_each_reader_what_its_program_makes_of_it(reader: str, by_kustomize: Read, share: int) -> None:
    found = {each: key_readings(each) for each in SCALARS}
    ours = {text: getattr(read, reader) if read else text for text, read in found.items()}
    theirs = read_by(by_kubectl if reader == "kubectl" else by_kustomize, ours, "{}: v", share)
    assert (
        different(ours, {text: next(iter(each)) if isinstance(each, dict) else each for text, each in theirs.items()})
        == {}
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", Readings("on", True, "on")),
        ("017", Readings(15, 15, 17)),
        ("0644", Readings(420, 420, 644)),
        ("0b1", Readings(1, 1, "0b1")),
        ("1_000", Readings(1000, 1000, "1_000")),
        ("-0x1F", Readings(-31, -31, "-0x1F")),
        ("2024-01-02", Readings("2024-01-02T00:00:00Z", "2024-01-02", "2024-01-02")),
        (".inf", Readings(REFUSED, REFUSED, float("inf"))),
        ("99999999999999999999", Readings(1e20, 1e20, 99999999999999999999)),
        *((text, None) for text in ("1e3", "0o17", "0x1F", "08", "~", "null", "True", "190:20:30", "1.10", "abc", "8")),
    ],
)
def test_the_readings_of_a_value(text: str, expected: Readings | None) -> None:
    assert readings(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", Readings("on", "true", "on")),
        ("true", Readings(REFUSED, "true", True)),
        ("1.10", Readings(REFUSED, "1.1", 1.1)),
        ("017", Readings(REFUSED, "15", 17)),
        ("1_000", Readings(REFUSED, "1000", "1_000")),
        ("8080", Readings(REFUSED, "8080", 8080)),
        ("~", Readings(REFUSED, REFUSED, None)),
        *((text, None) for text in ("abc", "190:20:30", "2024-13-01")),
    ],
)
def test_the_readings_of_a_key(text: str, expected: Readings | None) -> None:
    assert key_readings(text) == expected


def test_a_stream_has_the_keys_that_kubectl_makes() -> None:
    [document] = read_all(b"on: {017: a, 1.10: b, 'no': c, ~: d}\n", Sources(), "a.yaml", yaml_1_1=True)
    assert document.data == {"true": {"15": "a", "1.1": "b", "no": "c"}}
    assert [(each.code, str(each.place)) for each in document.problems] == [("MY012", "a.yaml:1:32")]
    assert [*document.odd.values()] == ["on", "017", "1.10"]


@pytest.mark.parametrize("long", ["1" * 1_000_000, "1_" * 500_000, "0b" + "1" * 1_000_000, "1." + "1" * 1_000_000])
def test_long_digits_take_no_longer_than_others(long: str) -> None:
    start = time.process_time()
    assert readings(long) is None
    assert kubectl_key(long) == long
    assert time.process_time() - start < 0.5
