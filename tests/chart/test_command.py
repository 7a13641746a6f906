"""`modelyard chart`: what it writes, which version that has, and what it refuses."""

import subprocess
from pathlib import Path

import pytest
import yaml

from modelyard.chart import version
from tests.conftest import ROOT, Run
from tests.support.charts import template

pytestmark = pytest.mark.long

MODELS = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  models:
    - name: churn
      image: churn:1.0
      runtime: pcr
      targets: {deployment: {replicas: 1}}
"""


def _write(folder: Path, text: str = MODELS) -> Path:
    (folder / "models.yaml").write_text(text)
    return folder


def _chart(folder: Path) -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load((folder / "Chart.yaml").read_text())
    return found


def test_it_writes_a_chart_and_says_what_comes_next(tmp_path: Path, modelyard: Run) -> None:
    done = modelyard("chart", "-f", _write(tmp_path), "-o", tmp_path / "charts" / "risk")
    assert (done.returncode, done.stdout) == (0, "")
    assert "wrote " in done.stderr
    assert f"Next: helm upgrade --install RELEASE {tmp_path}/charts/risk --namespace NAMESPACE" in done.stderr
    chart = _chart(tmp_path / "charts" / "risk")
    assert (chart["apiVersion"], chart["name"], chart["version"].partition("+")[0]) == ("v2", "risk", "0.1.0")


def test_the_same_file_gives_the_same_version_and_another_one_another(tmp_path: Path, modelyard: Run) -> None:
    found = []
    for text in (MODELS, MODELS, MODELS.replace("churn:1.0", "churn:1.1")):
        assert (
            modelyard("chart", "-f", _write(tmp_path, text), "-o", tmp_path / "c", "--version", "2.0.0-rc.1").returncode
            == 0
        )
        found.append(_chart(tmp_path / "c")["version"])
    assert found[0] == found[1] != found[2]
    assert all(each.startswith("2.0.0-rc.1+") and len(each) == 19 for each in found)


def test_the_version_is_that_of_the_newest_tag(tmp_path: Path, modelyard: Run) -> None:
    _write(tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "models.yaml"], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    for tag in ("v1.9.0", "v1.10.0-rc.1", "nightly", "1.10"):
        subprocess.run([*git, "tag", tag], check=True)
    assert modelyard("chart", "-f", tmp_path, "-o", tmp_path / "c").returncode == 0
    assert _chart(tmp_path / "c")["version"].startswith("1.10.0-rc.1+")
    subprocess.run([*git, "tag", "1.10.0"], check=True)
    assert modelyard("chart", "-f", tmp_path, "-o", tmp_path / "c").returncode == 0
    assert _chart(tmp_path / "c")["version"].startswith("1.10.0+")


def test_check_finds_a_chart_that_is_not_written_again(tmp_path: Path, modelyard: Run) -> None:
    chart = tmp_path / "c"
    assert modelyard("chart", "-f", _write(tmp_path), "-o", chart, "--version", "2.1.0").returncode == 0
    same = modelyard("chart", "-f", tmp_path, "-o", chart, "--check")
    assert (same.returncode, same.stdout) == (0, ""), "the version is that of the chart"
    before = {path: path.read_bytes() for path in chart.rglob("*") if path.is_file()}
    _write(tmp_path, MODELS.replace("churn:1.0", "churn:1.1"))
    other = modelyard("chart", "-f", tmp_path, "-o", chart, "--check")
    assert other.returncode == 1
    assert 'tag: "1.0"' in other.stdout
    assert 'tag: "1.1"' in other.stdout
    assert f"run: modelyard chart -f {tmp_path} -o {chart}" in other.stderr
    assert before == {path: path.read_bytes() for path in chart.rglob("*") if path.is_file()}
    assert modelyard("chart", "-f", tmp_path, "-o", tmp_path / "none", "--check").returncode == 1
    assert not (tmp_path / "none").exists()


def test_check_says_that_a_chart_cannot_be_read(tmp_path: Path, modelyard: Run) -> None:
    (tmp_path / "c").write_text("no folder")
    done = modelyard("chart", "-f", _write(tmp_path), "-o", tmp_path / "c", "--check")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path}/c" in done.stderr
    assert "a bug in modelyard" not in done.stderr


def test_check_refuses_what_no_chart_can_be_made_of(tmp_path: Path, modelyard: Run) -> None:
    _write(tmp_path, MODELS.replace("churn:1.0", "churn latest"))
    done = modelyard("chart", "-f", tmp_path, "-o", tmp_path / "c", "--check")
    assert (done.returncode, done.stdout) == (1, "")
    assert "models.yaml:8:14: error: churn latest is not" in done.stderr


def test_versions_are_ordered_as_semver_orders_them() -> None:
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered += ["1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"]
    for i, each in enumerate(ordered):
        assert version.newest(reversed(ordered[: i + 1])) == each
    assert version.newest(["1.0", "x", "01.0.0", "1.0.0+a"]) is None


@pytest.mark.parametrize("wrong", ["1.0", "v1.0.0", "1.0.0+abc", "01.0.0", "1.0.0-", ""])
def test_what_is_no_version_is_refused(wrong: str, tmp_path: Path, modelyard: Run) -> None:
    done = modelyard("chart", "-f", _write(tmp_path), "-o", tmp_path / "c", "--version", wrong)
    assert done.returncode == 1
    assert "[MY472]" in done.stderr
    assert not (tmp_path / "c").exists()


def test_a_section_for_viya_is_refused_at_its_line(tmp_path: Path, modelyard: Run) -> None:
    viya = "  viya: {restore: {service: model-repository, backupId: 'one', startMode: RESTORE, until: 2099-01-01}}\n"
    text = MODELS.replace("  registry:", f"{viya}  registry:")
    done = modelyard("chart", "-f", _write(tmp_path, text), "-o", tmp_path / "c")
    assert done.returncode == 1
    assert f"{tmp_path}/models.yaml:5:3: error: spec.viya has no place in a chart" in done.stderr
    assert "[MY470]" in done.stderr
    assert not (tmp_path / "c").exists()


def test_a_patch_that_tests_a_value_is_refused_at_its_line(tmp_path: Path, modelyard: Run) -> None:
    patch = """
      patches:
        - target: {kind: Deployment}
          ops:
            - {op: test, path: /spec/template/spec/containers/0/image, value: "registry.example.com/models/churn:1.0"}
"""
    done = modelyard("chart", "-f", _write(tmp_path, MODELS.rstrip() + patch), "-o", tmp_path / "c")
    assert done.returncode == 1
    assert "[MY471]" in done.stderr
    assert f"{tmp_path}/models.yaml:14:" in done.stderr


def test_a_patch_that_tests_the_number_of_pods_holds(newest_helm: Path, tmp_path: Path, modelyard: Run) -> None:
    patch = """
      patches:
        - target: {kind: Deployment}
          ops:
            - {op: test, path: /spec/replicas, value: 1}
            - {op: add, path: /metadata/annotations, value: {patched: "{{ yes }}"}}
"""
    assert modelyard("chart", "-f", _write(tmp_path, MODELS.rstrip() + patch), "-o", tmp_path / "c").returncode == 0
    assert "{{ yes }}" in template(newest_helm, tmp_path / "c").stdout


def test_a_folder_that_is_not_ours_stays(tmp_path: Path, modelyard: Run) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "values.yaml").write_text("mine: true\n")
    done = modelyard("chart", "-f", _write(tmp_path), "-o", tmp_path / "c")
    assert done.returncode == 1
    assert "[MY401]" in done.stderr
    assert [each.name for each in (tmp_path / "c").iterdir()] == ["values.yaml"]


def test_a_chart_is_written_over_an_older_one(tmp_path: Path, modelyard: Run) -> None:
    assert modelyard("chart", "-f", _write(tmp_path), "-o", tmp_path / "c").returncode == 0
    text = MODELS.replace("churn", "fraud")
    assert modelyard("chart", "-f", _write(tmp_path, text), "-o", tmp_path / "c").returncode == 0
    assert sorted(each.name for each in (tmp_path / "c" / "templates" / "models").iterdir()) == ["fraud"]


def test_a_mistake_in_the_models_file_leaves_the_old_chart(tmp_path: Path, modelyard: Run) -> None:
    assert modelyard("chart", "-f", _write(tmp_path), "-o", tmp_path / "c").returncode == 0
    before = (tmp_path / "c" / "Chart.yaml").read_bytes()
    done = modelyard("chart", "-f", _write(tmp_path, MODELS.replace("runtime", "runtme")), "-o", tmp_path / "c")
    assert done.returncode == 1
    assert (tmp_path / "c" / "Chart.yaml").read_bytes() == before


def test_the_page_shows_what_helm_says(newest_helm: Path, tmp_path: Path, modelyard: Run) -> None:
    page = (ROOT / "docs" / "how-to" / "helm.md").read_text()
    assert modelyard("chart", "-f", ROOT / "overlays" / "prod", "-o", tmp_path / "c").returncode == 0
    done = template(newest_helm, tmp_path / "c", None, "--set", "models.churn.variants.champion.percent=90")
    said = next(line for line in page.splitlines() if line.startswith("Error: … "))
    assert said.removeprefix("Error: … ") in done.stderr
