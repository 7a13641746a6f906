"""Models of a large set: what they give does not tell by how many processes."""

from pathlib import Path

import pytest

from tests.conftest import Run

pytestmark = pytest.mark.long

COUNT = 230
HEAD = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: many}
spec:
  namespace: scoring
  registry: registry.example.com/models
  serviceAccount: {name: default, create: false}
  models:
"""


def lay(folder: Path, *, mistakes: bool = False, shared_hosts: bool = False) -> None:
    """Write a set, some of whose models have findings, and maybe mistakes or a host that another one has."""
    lines = []
    for i in range(COUNT):
        name = f"model-{i // 2 if mistakes and i % 50 < 2 else i}"
        image = f"model_{i}:{'latest' if i % 20 == 0 else '1.0.0'}{', imige: a' if mistakes and i % 9 == 0 else ''}"
        ingress = f"{{host: host-{i % 200 if shared_hosts else i}.example.com, path: /a, ingressClassName: nginx}}"
        lines.append(f"    - {{name: {name}, image: {image}, targets: {{deployment: {{ingress: {ingress}}}}}}}\n")
    folder.mkdir()
    (folder / "models.yaml").write_text(HEAD + "".join(lines), "utf-8")


@pytest.mark.parametrize("wrong", [{"mistakes": True}, {"shared_hosts": True}], ids=["mistakes", "hosts"])
def test_what_is_wrong_does_not_tell_by_how_many_processes(
    wrong: dict[str, bool], modelyard: Run, tmp_path: Path
) -> None:
    lay(tmp_path / "set", **wrong)
    one, three = (modelyard("check", "--format", "json", "--jobs", jobs, cwd=tmp_path / "set") for jobs in ("1", "3"))
    assert one.returncode == 1
    assert one.stdout.count("MY370") > 5
    assert one.stdout.count("MY380") == 30 * ("shared_hosts" in wrong)
    assert (one.stdout, one.stderr) == (three.stdout, three.stderr)


def test_what_is_written_does_not_tell_by_how_many_processes(modelyard: Run, tmp_path: Path) -> None:
    written = {}
    for jobs in ("1", "3"):
        folder = tmp_path / jobs
        lay(folder)
        done = modelyard("render", "--jobs", jobs, cwd=folder)
        files = {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}
        written[jobs] = (done.returncode, done.stdout, done.stderr, files)
    assert written["1"][0] == 0
    assert len(written["1"][3]) > COUNT
    assert written["1"] == written["3"]
