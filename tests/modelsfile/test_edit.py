"""Edits of a models file: the one value changes, and not a byte beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from modelyard.files.yaml import Sources, read
from modelyard.modelsfile.edit import Setting, with_model, with_settings
from modelyard.modelsfile.load import load_text
from modelyard.problems import has_errors

ROOT: Final = Path(__file__).resolve().parents[2]
FILES: Final = sorted([*ROOT.glob("overlays/*/models.yaml"), *ROOT.glob("tests/render/cases/*/models.yaml")])
FORMS: Final = {
    "as it is": lambda content: content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "no final newline": lambda content: content.rstrip(b"\n"),
}
MODEL: Final = ["name: added-here", 'image: "a:1"', "targets:", "  knative:", "    minScale: 1"]


def sound(path: Path) -> bool:
    return not has_errors(load_text(path.read_bytes(), str(path), path.parent).problems)


SOUND: Final = [path for path in FILES if sound(path)]
HEAD: Final = b"spec:\n  models:\n"


def settings(content: bytes) -> Iterator[tuple[Setting, str | int | None]]:
    """Yield a setting for each image and percent of a file, and for some that it lacks, with what is there."""
    data = read(content, Sources(), "").data
    assert isinstance(data, dict)
    for model in data["spec"].get("models", ()):
        yield Setting(model["name"], "", "image", "changed/image:9.9"), model.get("image")
        for variant in model.get("variants", ()):
            yield Setting(model["name"], variant["name"], "percent", 7), variant.get("percent")
            yield Setting(model["name"], variant["name"], "image", "changed/image:9.9"), variant.get("image")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.parent.name)
def test_each_value_of_each_sample_is_set_and_set_back(path: Path, form: str) -> None:
    content = FORMS[form](path.read_bytes())
    for setting, before in settings(content):
        changed, problems = with_settings(content, [setting], shown="models.yaml")
        assert changed is not None, problems
        assert only_one_place(content, changed)
        if before is not None:
            back, _ = with_settings(changed, [setting._replace(value=before)], shown="models.yaml")
            assert back is not None
            assert read(back, Sources(), "").data == read(content, Sources(), "").data
            # Only quotes may stay, where the old value had none.
            assert back.replace(b'"', b"").replace(b"'", b"") == content.replace(b'"', b"").replace(b"'", b"")


def alike(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """Return how many lines are the same from the start."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def only_one_place(before: bytes, after: bytes) -> bool:
    """Tell whether a line, or a line more, is all that differs."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    start = alike(old, new)
    end = alike(old[start:][::-1], new[start:][::-1])
    return len(old) - start - end <= 1 and len(new) - start - end <= 2 and 0 <= len(new) - len(old) <= 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.parent.name)
def test_a_model_is_added_at_the_end(path: Path, form: str) -> None:
    content = FORMS[form](path.read_bytes())
    models = read(content, Sources(), "").data["spec"].get("models")  # type: ignore[index]
    changed, problems = with_model(content, MODEL, shown="models.yaml")
    if not models:
        assert [each.code for each in problems] == ["MY408"]
        return
    assert changed is not None, problems
    data = read(changed, Sources(), "").data["spec"]["models"]  # type: ignore[index]
    assert data[:-1] == models
    assert data[-1] == {"name": "added-here", "image": "a:1", "targets": {"knative": {"minScale": 1}}}
    assert changed.startswith(content.rstrip(b"\r\n"))
    newline = b"\r\n" if form == "CRLF" else b"\n"
    assert changed.count(newline) == changed.count(b"\n")


@pytest.mark.parametrize(
    ("text", "setting", "after"),
    [
        (
            b"  - {name: m, image: 'a:1'} # why\n",
            Setting("m", "", "image", "a:2"),
            b"  - {name: m, image: 'a:2'} # why\n",
        ),
        (
            b"  - name: m # why\n    image: a:1\n",
            Setting("m", "", "image", "b:2"),
            b"  - name: m # why\n    image: b:2\n",
        ),
        (b"  - name: m # why\n", Setting("m", "", "image", "b:2"), b'  - name: m # why\n    image: "b:2"\n'),
        (
            b"  - name: m\n    variants:\n    - name: v\n      # below\n",
            Setting("m", "v", "percent", 3),
            b"  - name: m\n    variants:\n    - name: v\n      percent: 3\n      # below\n",
        ),
        (
            b"  - name: m\n    variants: [{name: v, percent: 3}]\n",
            Setting("m", "w", "percent", 4),
            b"  - name: m\n    variants: [{name: v, percent: 3}, {name: w, percent: 4}]\n",
        ),
        (
            b"  - name: m\n    path: /m\n",
            Setting("m", "v", "percent", 4),
            b"  - name: m\n    variants: [{name: v, percent: 4}]\n    path: /m\n",
        ),
        (
            b"  - name: m\n    env:\n      A: |\n        text\n",
            Setting("n", "v", "image", "x:1"),
            b'  - name: m\n    env:\n      A: |\n        text\n  - {name: "n", variants: [{name: v, image: "x:1"}]}\n',
        ),
        (b"  - {name: m, image: a}\n", Setting("m", "", "image", "x:no"), b'  - {name: m, image: "x:no"}\n'),
        (b"  - {name: m, image: a}\n", Setting("m", "", "image", "1:30"), b'  - {name: m, image: "1:30"}\n'),
    ],
)
def test_a_value_is_written_as_its_neighbours_are(text: bytes, setting: Setting, after: bytes) -> None:
    changed, problems = with_settings(HEAD + text, [setting], shown="models.yaml")
    assert changed == HEAD + after, problems


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (HEAD + b"  - name: m\n    image: >\n      a:1\n", 4, "image is not a text of one line"),
        (HEAD + b"  - ? name\n    : m\n", 3, "in a line of its own"),
        (b"spec: {}\n", 1, "no list of models"),
        (b"", 1, "empty"),
    ],
)
def test_what_cannot_be_edited_is_named_with_its_line(content: bytes, line: int, what: str) -> None:
    changed, problems = with_settings(content, [Setting("m", "", "image", "b:2")], shown="models.yaml")
    assert changed is None
    assert [(each.code, each.place.line) for each in problems if each.place] == [("MY408", line)]
    assert what in problems[0].message


VERSION: Final = Setting("churn", "challenger", "source", 8, ("mlflow", "version"))


IN_FLOW: Final = "{name: challenger, source: {mlflow: {version: 8}}}"
NAMED: Final = """\
      variants:
        - name: challenger # new
"""
DEEP: Final = f"""\
{NAMED}          source:
            mlflow:
              model: churn
"""
OTHER: Final = """\
      variants:
        - name: champion
          source: {checksum: x}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("      variants: [{name: challenger}]\n", f"      variants: [{IN_FLOW}]\n"),
        (f"      variants: [{IN_FLOW.replace('8', '7')}] # pinned\n", f"      variants: [{IN_FLOW}] # pinned\n"),
        (NAMED, f"{NAMED}          source: {{mlflow: {{version: 8}}}}\n"),
        (DEEP, f"{DEEP}              version: 8\n"),
        (OTHER, f"{OTHER}        - {IN_FLOW}\n"),
        ("      image: a:1\n", f"      variants: [{IN_FLOW}]\n      image: a:1\n"),
    ],
)
def test_a_value_in_mappings_is_set_where_they_are_or_with_them(before: str, after: str) -> None:
    head = HEAD.decode() + "    - name: churn\n"
    changed, problems = with_settings((head + before).encode(), [VERSION], shown="models.yaml")
    assert changed is not None, problems
    assert changed.decode() == head + after


def test_a_value_below_what_is_no_mapping_is_left_to_people() -> None:
    content = HEAD + b"    - {name: churn, variants: [{name: challenger, source: text}]}\n"
    changed, problems = with_settings(content, [VERSION], shown="models.yaml")
    assert (changed, [each.code for each in problems]) == (None, ["MY408"])
