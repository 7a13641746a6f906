"""Hostile input: whatever names a models file has, files stay in their folder, and nothing else is written."""

import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard import api
from modelyard.problems import has_errors
from modelyard.report.text import text
from tests.fuzz.targets import clean

pytestmark = pytest.mark.long

_PATH = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)*[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
TRAPS = [
    "..",
    ".",
    "../../etc/x",
    "/etc/x",
    "a/b",
    "a\\b",
    "a\x00b",
    "-rf",
    "con",
    "a.yaml",
    "shared",
    "a\n---\nb",
    "é",
]
NAMES = st.sampled_from(TRAPS) | st.text(max_size=70) | st.from_regex(r"[a-z0-9.-]{1,70}", fullmatch=True)


def overlay(folder: Path, **names: str) -> api.Rendering:
    """Return what a set with these names gives."""
    variants = [{"name": names.get("variant", "one"), "percent": 100, "image": names.get("image", "r.io/churn:1.0.0")}]
    model = {
        "name": names.get("model", "churn"),
        "path": names.get("path", "/churn"),
        "variants": variants,
        "config": {names.get("key", "a.json"): "{}"},
        "targets": {"knative": {"minScale": 1}},
    }
    python = {
        "volume": {"nfs": {"server": "nfs", "path": "/p"}},
        "mountPath": "/python",
        "services": ["model-repository"],
    }
    viya = {"viya": {"python": python}} if "site" in names else {}
    document = {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelSet",
        "metadata": {"name": names.get("set", names.get("site", "risk"))},
        "spec": {"models": [model], **viya},
    }
    (folder / "models.yaml").write_text(json.dumps(document), "utf-8")
    return api.overlay(folder)


def entries(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("field", ["model", "variant", "set", "key", "image", "path", "site"])
@settings(max_examples=60, deadline=None)
@given(name=NAMES)
def test_a_name_never_becomes_a_path(field: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "overlay"
        folder.mkdir()
        result = overlay(folder, **{field: name})
        assert clean(text(result.problems))
        if has_errors(result.problems):
            return
        assert [path for path in result.content if not _PATH.fullmatch(path)] == []
        assert api.write(folder, result) == []
        assert entries(Path(temporary)) == {"overlay", *(f"overlay/{each}" for each in entries(folder))}
        assert {each.partition("/")[0] for each in entries(folder)} == {"models.yaml", "generated"}


@pytest.mark.parametrize("name", TRAPS[:9])
def test_a_model_or_set_of_such_a_name_is_refused(name: str, tmp_path: Path) -> None:
    for field in ("model", "set", "variant"):
        assert has_errors(overlay(tmp_path, **{field: name}).problems) or name == "con"


def test_a_folder_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "overlay", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "generated").symlink_to(elsewhere)
    (problem,) = api.write(folder, overlay(folder))
    assert problem.code == "MY401"
    assert list(elsewhere.iterdir()) == []


def test_what_is_sound_gives_files(tmp_path: Path) -> None:
    assert set(overlay(tmp_path).content) == {
        "kustomization.yaml", "kustomizeconfig.yaml", "models/churn.yaml", "shared.yaml"
    }  # fmt: skip
    result = overlay(tmp_path, site="risk")
    assert result.problems == []
    assert "site-config/kustomization.yaml" in result.content
