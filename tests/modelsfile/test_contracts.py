"""What an image takes and gives, against what callers rely on: each incompatibility is found by the column's name."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.files.yaml import write
from modelyard.models.contract import Contract
from modelyard.modelsfile.contract_changes import changes
from modelyard.problems import Problem, has_errors

OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")
HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  models:\n"
RELIED_ON: Final[dict[str, Any]] = {
    "from": "MLmodel",
    "inputs": {
        "LOAN": {"type": "number", "format": "double", "nullable": True},
        "JOB": {"type": "string", "maxLength": 10, "nullable": True},
        "YOJ": {"type": "number", "required": False, "nullable": True},
        "COUNT": {"type": "integer", "format": "int64"},
        "RATE": {"type": "number", "format": "float"},
        "OWNER": {"type": "boolean"},
        "SINCE": {"type": "string", "format": "date-time-local"},
        "PHOTO": {"type": "string", "format": "byte"},
        "IMAGE": {"type": "number", "format": "float", "shape": [-1, -1, 28]},
        "CODES": {"type": "array", "items": {"type": "integer", "format": "int32"}},
        "OWNS": {"type": "object", "properties": {"car": {"type": "string"}, "age": {"type": "integer"}}},
        "NOTE": {"type": "any"},
    },
    "outputs": {
        "P_BAD": {"type": "number", "format": "float"},
        "I_BAD": {"type": "string", "maxLength": 12},
        "RANK": {"type": "integer", "format": "int32"},
        "TOPICS": {"type": "number", "shape": [-1, 10]},
        "WHY": {"type": "object", "properties": {"rule": {"type": "string"}}, "nullable": True},
    },
}
Change = Callable[[dict[str, Any], dict[str, Any]], object]


def _set(side: str, name: str, **values: object) -> Change:
    """Return what changes a column, `a.b` one of its fields; None takes a value out."""

    def change(inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        column: dict[str, Any] = {"properties": inputs if side == "input" else outputs}
        for part in name.split("."):
            column = column["items"] if part == "[]" else column["properties"].setdefault(part, {})
        for key, value in values.items():
            column.pop(key, None)
            if value is not None:
                column[key] = value

    return change


def _gone(side: str, name: str) -> Change:
    def change(inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        parts = name.split(".")
        found = inputs if side == "input" else outputs
        for part in parts[:-1]:
            found = found[part]["properties"]
        del found[parts[-1]]

    return change


BREAKS: Final[dict[str, tuple[Change, str]]] = {
    "an input goes": (_gone("input", "LOAN"), "the input LOAN is gone; it was number (double)"),
    "an optional input goes": (_gone("input", "YOJ"), "the input YOJ is gone; it was number"),
    "a field of an input goes": (_gone("input", "OWNS.age"), "the input OWNS.age is gone; it was integer"),
    "a new required input": (
        _set("input", "AGE", type="integer"), "the required input AGE is new; it is integer"),
    "a new required field": (
        _set("input", "OWNS.dog", type="string"), "the required input OWNS.dog is new; it is string"),
    "an input becomes required": (
        _set("input", "YOJ", required=None), "the input YOJ is required, and was optional"),
    "an input takes null no more": (
        _set("input", "LOAN", nullable=None), "the input LOAN may not be null, and could be null"),
    "number becomes integer": (
        _set("input", "LOAN", type="integer", format=None), "the input LOAN is integer, and was number (double)"),
    "double becomes float": (
        _set("input", "LOAN", format="float"), "the input LOAN is number (float), and was number (double)"),
    "long becomes int": (
        _set("input", "COUNT", format="int32"), "the input COUNT is integer (int32), and was integer (int64)"),
    "signed becomes unsigned": (
        _set("input", "COUNT", format="uint64"), "the input COUNT is integer (uint64), and was integer (int64)"),
    "number becomes text": (
        _set("input", "RATE", type="string", format=None), "the input RATE is string, and was number (float)"),
    "text becomes number": (
        _set("input", "JOB", type="number", maxLength=None),
        "the input JOB is number, and was string of at most 10 characters"),
    "boolean becomes integer": (
        _set("input", "OWNER", type="integer"), "the input OWNER is integer, and was boolean"),
    "a text gets shorter": (
        _set("input", "JOB", maxLength=5),
        "the input JOB is string of at most 5 characters, and was string of at most 10 characters"),
    "a text becomes base64": (
        _set("input", "JOB", format="byte", maxLength=None),
        "the input JOB is string (byte), and was string of at most 10 characters"),
    "base64 becomes a text": (
        _set("input", "PHOTO", format=None), "the input PHOTO is string, and was string (byte)"),
    "a text becomes a date": (
        _set("input", "JOB", format="date-time-local", maxLength=None),
        "the input JOB is string (date-time-local), and was string of at most 10 characters"),
    "anything becomes a text": (_set("input", "NOTE", type="string"), "the input NOTE is string, and was any"),
    "a free size becomes a fixed one": (
        _set("input", "IMAGE", shape=[-1, 28, 28]),
        "the input IMAGE is number (float) of shape (-1, 28, 28), and was number (float) of shape (-1, -1, 28)"),
    "a size changes": (
        _set("input", "IMAGE", shape=[-1, -1, 32]),
        "the input IMAGE is number (float) of shape (-1, -1, 32), and was number (float) of shape (-1, -1, 28)"),
    "a dimension more": (
        _set("input", "IMAGE", shape=[-1, -1, 28, 1]),
        "the input IMAGE is number (float) of shape (-1, -1, 28, 1), and was number (float) of shape (-1, -1, 28)"),
    "a list of smaller numbers": (
        _set("input", "CODES.[]", format="int16"),
        "the input CODES[] is integer (int16), and was integer (int32)"),
    "a list becomes a text": (
        _set("input", "CODES", type="string", items=None),
        "the input CODES is string, and was array of integer (int32)"),
    "an output goes": (_gone("output", "P_BAD"), "the output P_BAD is gone; it was number (float)"),
    "a field of an output goes": (_gone("output", "WHY.rule"), "the output WHY.rule is gone; it was string"),
    "an output may be missing": (
        _set("output", "RANK", required=False), "the output RANK is optional, and was required"),
    "an output may be null": (
        _set("output", "P_BAD", nullable=True), "the output P_BAD may be null, and was never null"),
    "integer becomes number": (
        _set("output", "RANK", type="number", format=None), "the output RANK is number, and was integer (int32)"),
    "an output of more digits": (
        _set("output", "P_BAD", format="double"), "the output P_BAD is number (double), and was number (float)"),
    "an output becomes a text": (
        _set("output", "P_BAD", type="string", format=None), "the output P_BAD is string, and was number (float)"),
    "an output of longer texts": (
        _set("output", "I_BAD", maxLength=32),
        "the output I_BAD is string of at most 32 characters, and was string of at most 12 characters"),
    "a list of any length": (
        _set("output", "TOPICS", shape=[-1, -1]),
        "the output TOPICS is number of shape (-1, -1), and was number of shape (-1, 10)"),
}  # fmt: skip
FITS: Final[dict[str, Change]] = {
    "a new optional input": _set("input", "AGE", type="integer", required=False),
    "a new output": _set("output", "P_GOOD", type="number"),
    "an input becomes optional": _set("input", "LOAN", required=False),
    "an input takes null": _set("input", "COUNT", nullable=True),
    "an input of more digits": _set("input", "RATE", format="double"),
    "an integer becomes a number": _set("input", "COUNT", type="number", format=None),
    "a longer text": _set("input", "JOB", maxLength=20),
    "a date becomes a text": _set("input", "SINCE", format=None),
    "a text becomes anything": _set("input", "JOB", type="any", maxLength=None),
    "a fixed size becomes a free one": _set("input", "IMAGE", shape=[-1, -1, -1]),
    "a format that is not known": _set("input", "LOAN", format=None),
    "an output is never null": _set("output", "WHY", nullable=None),
    "an output of fewer digits": _set("output", "RANK", format="int16"),
    "an output of shorter texts": _set("output", "I_BAD", maxLength=8),
    "a number becomes an integer": _set("output", "P_BAD", type="integer", format=None),
}


def _changed(change: Change) -> dict[str, Any]:
    found = copy.deepcopy(RELIED_ON)
    change(found["inputs"], found["outputs"])
    return found


def _checked(folder: Path, models: str, images: dict[str, Any], pinned: str = OLD) -> list[Problem]:
    (folder / "models.yaml").write_text(HEAD + models, "utf-8")
    contract = {"pinned": pinned, "served": pinned, "images": images}
    lock = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ImageLock", "images": {}, "contracts": {"a": contract}}
    (folder / "models.lock.yaml").write_text(write(lock), "utf-8")
    return [each for each in api.check(folder) if each.code[:4] == "MY28" or each.code in ("MY237", "MY103", "MY101")]


def _model(image: str = NEW, rest: str = "") -> str:
    return f"    - name: a\n      image: r.io/a@{image}\n{rest}      targets: {{deployment: {{}}}}\n"


def _split(percents: tuple[int, int], rest: str = "") -> str:
    images = zip(("champion", "challenger"), (OLD, NEW), percents, strict=True)
    variants = ", ".join(
        f"{{name: {name}, image: 'r.io/a@{image}', percent: {share}}}" for name, image, share in images
    )
    return f"    - name: a\n      variants: [{variants}]\n{rest}      targets: {{knative: {{}}}}\n"


@pytest.mark.parametrize("name", BREAKS)
def test_an_image_that_breaks_callers_is_refused_by_the_column(name: str, tmp_path: Path) -> None:
    change, text = BREAKS[name]
    (problem,) = _checked(tmp_path, _model(), {OLD: RELIED_ON, NEW: _changed(change)})
    assert (problem.code, problem.severity, problem.message) == ("MY281", "error", f"a: {text}")
    assert problem.place
    assert (problem.place.line, problem.place.column) == (7, 14)


@pytest.mark.parametrize("name", BREAKS)
def test_a_split_over_contracts_that_differ_is_refused_by_the_column(name: str, tmp_path: Path) -> None:
    change, text = BREAKS[name]
    (problem,) = _checked(tmp_path, _split((90, 10)), {OLD: RELIED_ON, NEW: _changed(change)})
    assert (problem.code, problem.message) == ("MY280", f"challenger of a: {text}")


def test_thirty_incompatibilities_are_seeded() -> None:
    assert len(BREAKS) >= 30


@pytest.mark.parametrize("name", FITS)
def test_what_breaks_nobody_passes_and_is_a_change_all_the_same(name: str, tmp_path: Path) -> None:
    new = _changed(FITS[name])
    assert _checked(tmp_path, _model(), {OLD: RELIED_ON, NEW: new}) == []
    ((_, _, breaks),) = changes(Contract.model_validate(RELIED_ON), Contract.model_validate(new))
    assert not breaks


def test_another_signature_breaks_callers(tmp_path: Path) -> None:
    (problem,) = _checked(tmp_path, _model(), {OLD: RELIED_ON, NEW: {**RELIED_ON, "signature": "scored"}})
    assert problem.message == "a: it is called by the signature scored, and was by serving_default"


def test_equal_contracts_are_fine(tmp_path: Path) -> None:
    assert _checked(tmp_path, _model(), {OLD: RELIED_ON, NEW: RELIED_ON}) == []
    assert _checked(tmp_path, _model(OLD), {OLD: RELIED_ON}) == []


def test_each_column_that_changed_is_told(tmp_path: Path) -> None:
    new = _changed(_gone("input", "LOAN"))
    del new["outputs"]["P_BAD"]
    found = _checked(tmp_path, _model(), {OLD: RELIED_ON, NEW: new})
    assert [each.message.partition(";")[0] for each in found] == [
        "a: the input LOAN is gone",
        "a: the output P_BAD is gone",
    ]


def test_a_variant_without_calls_may_differ(tmp_path: Path) -> None:
    images = {OLD: RELIED_ON, NEW: _changed(_gone("input", "LOAN"))}
    assert _checked(tmp_path, _split((100, 0)), images) == []
    (problem,) = _checked(tmp_path, _split((0, 100)), images)  # the calls move on to what breaks them
    assert problem.code == "MY280"


def test_a_reason_lets_a_change_pass_and_is_shown(tmp_path: Path) -> None:
    images = {OLD: RELIED_ON, NEW: _changed(_gone("input", "LOAN"))}
    reason = "      allowContractChange: the only caller sends no LOAN\n"
    for models in (_model(rest=reason), _split((90, 10), reason)):
        (problem,) = found = _checked(tmp_path, models, images)
        assert problem.accepted == "the only caller sends no LOAN"
        assert not has_errors(found)


def test_a_reason_of_a_variant_is_for_that_alone(tmp_path: Path) -> None:
    images = {OLD: RELIED_ON, NEW: _changed(_gone("input", "LOAN"))}
    models = _split((90, 10)).replace("percent: 10}", "percent: 10, allowContractChange: tried on few}")
    assert [each.accepted for each in _checked(tmp_path, models, images)] == ["tried on few"]
    models = _split((90, 10)).replace("percent: 90}", "percent: 90, allowContractChange: tried on few}")
    assert [each.accepted for each in _checked(tmp_path, models, images)] == [""]


def test_a_reason_that_accepts_nothing_is_told(tmp_path: Path) -> None:
    reason = "      allowContractChange: the only caller sends no LOAN\n"
    (problem,) = _checked(tmp_path, _model(rest=reason), {OLD: RELIED_ON, NEW: RELIED_ON})
    assert (problem.code, problem.severity) == ("MY237", "warning")
    assert problem.message == "a takes and gives what callers rely on, so allowContractChange has no effect"
    assert problem.place
    assert problem.place.line == 8


@pytest.mark.parametrize("reason", ["", "true", "{reason: x}"])
def test_a_reason_is_a_text(reason: str, tmp_path: Path) -> None:
    found = api.load(_written(tmp_path, _model(rest=f"      allowContractChange: {reason or chr(34) * 2}\n"))).problems
    assert [each.code for each in found if each.place and each.place.line == 8][:1] in (["MY010"], ["MY103"], ["MY104"])


def _written(folder: Path, models: str) -> Path:
    (folder / "models.yaml").write_text(HEAD + models, "utf-8")
    return folder


def test_the_contract_of_another_image_is_stale(tmp_path: Path) -> None:
    (problem,) = _checked(tmp_path, _model(), {OLD: RELIED_ON})
    assert (problem.code, problem.severity) == ("MY282", "warning")
    assert problem.message == f"the contract of a is that of another image, {OLD[:19]}…"
    assert problem.hint == "run: modelyard lock a --files DIR, or --running"
    reason = "      allowContractChange: it is new\n"  # nobody knows whether it is needed
    assert [each.code for each in _checked(tmp_path, _model(rest=reason), {OLD: RELIED_ON})] == ["MY282"]


def test_render_is_refused_too(tmp_path: Path) -> None:
    _checked(tmp_path, _model(), {OLD: RELIED_ON, NEW: _changed(_gone("input", "LOAN"))})
    assert "MY281" in [each.code for each in api.render(tmp_path).problems]


def test_names_from_outside_control_no_terminal(tmp_path: Path) -> None:
    new = _changed(_set("input", "\u202ebad", type="number"))
    (problem,) = _checked(tmp_path, _model(), {OLD: RELIED_ON, NEW: new})
    assert "\u202e" not in problem.message


@pytest.mark.parametrize(
    "mistake",
    [
        {"pinned": "sha256:1"}, {"images": {OLD: {"from": "x", "inputs": {"A": {"type": "decimal"}}, "outputs": {}}}},
        {"images": {OLD: {"from": "x", "inputs": {"A": {"type": "number", "shape": [-2]}}, "outputs": {}}}},
    ],
)  # fmt: skip
def test_a_lock_that_says_nonsense_is_refused(mistake: dict[str, Any], tmp_path: Path) -> None:
    folder = _written(tmp_path, _model())
    contract = {"pinned": OLD, "served": OLD, "images": {OLD: RELIED_ON}, **mistake}
    lock = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ImageLock", "images": {}, "contracts": {"a": contract}}
    (folder / "models.lock.yaml").write_text(write(lock), "utf-8")
    found = api.load(folder)
    assert has_errors(found.problems)
    assert found.models
    assert found.models.contracts is None
