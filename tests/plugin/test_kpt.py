"""kpt: the real program where there is one, else what it sent."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.plugin_calls import MODELS, call

RECORDED: Final = Path(__file__).parent / "recorded" / "kpt.yaml"
needs_kpt = pytest.mark.skipif(
    shutil.which("kpt") is None,
    reason="no kpt, whose module cannot be installed: build it from a clone",
)


def test_after_a_rename_kpt_gets_back_its_own_files_and_the_new_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.yaml").write_text(MODELS.replace("name: churn", "name: churn2"), "utf-8")
    answer = call(io.BytesIO(RECORDED.read_bytes()))
    assert [(each["kind"], each["metadata"]["name"]) for each in answer.items] == [
        ("Kptfile", "rec"), ("ServiceAccount", "risk"), ("NetworkPolicy", "churn2"),
        ("Service", "churn2"),
    ]  # fmt: skip
    assert "2 objects are dropped" in answer.err


@needs_kpt
def test_a_package_keeps_its_models_file_and_loses_what_was_renamed(tmp_path: Path) -> None:
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def run(*words: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            words,
            check=False,
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def digest() -> str:
        return hashlib.sha256((tmp_path / "models.yaml").read_bytes()).hexdigest()

    run(sys.executable, "-m", "modelyard", "init", ".", "--kpt")
    for _ in range(3):
        before = digest()
        run("kpt", "fn", "render", "--allow-exec")
        assert digest() == before
    assert (tmp_path / "model-inference" / "service_credit-risk-champion.yaml").exists()
    text = (tmp_path / "models.yaml").read_text("utf-8")
    (tmp_path / "models.yaml").write_text(text.replace("- name: credit-risk\n", "- name: churn\n"), "utf-8")
    assert "3 objects are dropped" in run("kpt", "fn", "render", "--allow-exec")
    assert not [each.name for each in (tmp_path / "model-inference").iterdir() if "credit-risk" in each.name]
    wrong = (tmp_path / "models.yaml").read_text("utf-8").replace("runtime: scr ", "runtime: scrr")
    (tmp_path / "models.yaml").write_text(wrong, "utf-8")
    assert "models.yaml:16:14: error: scrr is not a runtime" in run("kpt", "fn", "render", "--allow-exec", code=1)
    assert (tmp_path / "model-inference" / "service_churn-champion.yaml").exists()
