"""The package: what the wheel carries, and that every way of installing it works."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from modelyard.models.fields import shipped
from modelyard.modelsfile.schema import as_text, build

ROOT = Path(__file__).resolve().parents[2]


def _files(folder: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_the_package_templates_and_schema_and_nothing_else(wheel: Path) -> None:
    expected = {name.removeprefix("generator/") for name in _files("generator")}
    expected |= {f"modelyard/{name}" for name in _files("templates")}
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "modelyard/models/models.schema.json" in carried
    assert "modelyard/templates/knative/service.yaml" in carried
    assert carried == expected


def test_the_shipped_schema_is_what_the_shapes_give() -> None:
    assert shipped() == as_text(build()), "run: make schema"


def _environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder / "bin"


def _works(command: list[str], folder: Path) -> None:
    folder.mkdir()
    for arguments in (["init", "x"], ["render", "-f", "x"], ["explain", "MY104"]):
        subprocess.run([*command, *arguments], check=True, capture_output=True, cwd=folder)
    assert (folder / "x" / "generated" / "models" / "credit-risk.yaml").is_file()


@pytest.mark.slow
def test_pip_and_python_m(wheel: Path, tmp_path: Path) -> None:
    bin_ = _environment(tmp_path / "venv")
    subprocess.run([bin_ / "pip", "install", "--quiet", "--disable-pip-version-check", wheel], check=True)
    _works([str(bin_ / "modelyard")], tmp_path / "command")
    _works([str(bin_ / "python"), "-m", "modelyard"], tmp_path / "module")
    assert (bin_ / "modelyard-fn").is_file()
    assert (bin_ / "modelyard-helm").is_file()


@pytest.mark.slow
def test_editable(tmp_path: Path) -> None:
    bin_ = _environment(tmp_path / "venv")
    command = [str(bin_ / "pip"), "install", "--quiet", "--disable-pip-version-check", "--editable", str(ROOT)]
    subprocess.run(command, check=True)
    _works([str(bin_ / "modelyard")], tmp_path / "command")


@pytest.mark.slow
def test_pipx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = _environment(tmp_path / "venv")
    subprocess.run([bin_ / "pip", "install", "--quiet", "--disable-pip-version-check", "pipx"], check=True)
    for name, folder in (("PIPX_HOME", "home"), ("PIPX_BIN_DIR", "bin"), ("PIPX_MAN_DIR", "man")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    subprocess.run(
        [bin_ / "pipx", "install", "--quiet", "--python", sys.executable, ROOT], check=True, capture_output=True
    )
    _works([str(tmp_path / "bin" / "modelyard")], tmp_path / "command")
