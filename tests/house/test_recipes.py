"""What CONTRIBUTING.md asks of a new target is all that it takes: one is added so, in a copy, and nothing breaks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT

IGNORED: Final = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "site")
MODULE: Final = '''\
"""Target skeleton: a ConfigMap that says which image a model has."""

from collections.abc import Iterator
from typing import Final

from modelyard.manifests.manifest import Rendered, TypeMeta
from modelyard.manifests.template import Templates
from modelyard.models.base import Shape
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Problem
from modelyard.targets import Claim
from modelyard.targets.workloads.objects import base_mark, base_name, common, manifest

SUMMARY: Final = "a ConfigMap with the image"
SHARED_FIELDS: Final[frozenset[str]] = frozenset()
KINDS: Final = frozenset([TypeMeta("v1", "ConfigMap")])


class Spec(Shape):
    """It has no fields of its own."""


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the name of the ConfigMap."""
    yield Claim("ConfigMap", base_name(model, "skeleton"), base_mark(model, "skeleton"))


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Find nothing."""
    yield from ()


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return the ConfigMap."""
    base = base_name(model, "skeleton")
    context = common(models, base, model.whole, base)
    return Rendered([manifest("skeleton/configmap.yaml", context, templates, model.whole)])
'''
TEMPLATE: Final = """\
{# Which image a model has. #}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ name }}
  namespace: {{ namespace }}
  labels: {{ labels }}
  annotations: {{ annotations }}
data:
  image: {{ model.image }}
"""
CASE: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: skeletons}
spec:
  namespace: scoring
  models:
    - {name: churn, runtime: scr, image: "registry.example.com/churn:1.0.0", targets: {skeleton: {}}}
"""
# Whatever walks over all targets; the whole suite would take the time of the whole suite.
SUITE: Final = (
    "tests/house/test_house.py",
    "tests/house/test_contributing.py",
    "tests/render/test_cases.py",
    "tests/render/test_samples.py",
    "tests/modelsfile/test_offered.py",
    "tests/modelsfile/test_hints.py",
    "tests/cluster/test_kinds.py",
    "tests/check/test_refused.py",
    "tests/cli/test_cli.py",
    "tests/docs/test_readme.py",
    "tests/docs/test_reference.py",
)


@pytest.mark.slow
def test_a_target_takes_a_module_a_template_a_case_and_a_line(tmp_path: Path) -> None:
    copy = tmp_path / "modelyard"
    shutil.copytree(ROOT, copy, ignore=IGNORED, symlinks=True)
    if (ROOT.parent / "shared").exists():
        (tmp_path / "shared").symlink_to((ROOT.parent / "shared").resolve())
    (copy / ".git").mkdir()  # the samples lie in one working tree
    package = copy / "generator" / "modelyard"
    (package / "targets" / "skeleton.py").write_text(MODULE, "utf-8")
    for path, text in (
        (copy / "templates" / "skeleton" / "configmap.yaml", TEMPLATE),
        (copy / "tests" / "render" / "cases" / "skeleton-one" / "models.yaml", CASE),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    targets = package / "targets" / "__init__.py"
    line = '    "skeleton": "modelyard.targets.skeleton",\n'
    mark = '    "sagemaker-proxy": "modelyard.targets.sagemaker_proxy",\n'
    text = targets.read_text("utf-8")
    assert text.count(mark) == 1
    targets.write_text(text.replace(mark, mark + line), "utf-8")
    _run(copy, "-m", "modelyard.modelsfile.schema")
    for page in ("fields_pages", "commands_page", "target_lists", "rules_page"):
        _run(copy, "-m", f"tests.support.{page}")
    _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/render/test_cases.py", "--update")
    expected = copy / "tests" / "render" / "cases" / "skeleton-one" / "expected"
    assert "image: " in "".join(path.read_text("utf-8") for path in expected.rglob("churn*.yaml"))
    for tool in (("mypy", "generator"), ("ruff", "check", "generator")):
        _run(copy, "-m", *tool)
    _run(copy, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not cluster and not node", *SUITE)


def _run(folder: Path, *command: str) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "generator"), str(folder)])}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
