"""A chart that others wrote, a person with Helm, and models files that change what the chart gives."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from modelyard.models.viya_names import JAVA_POLICY_MAP
from tests.support.forks import FORKS

BIN: Final = Path(sys.executable).parent
HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: site}\nspec:\n"
PATCHES: Final = """\
  patches:
    - target: {kind: Deployment, name: shop-web, group: apps}
      ops:
        - {op: replace, path: /spec/replicas, value: 3}
        - {op: add, path: /metadata/annotations, value: {patched: "yes"}}
"""
POLICY_MAP: Final = f"""\
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {JAVA_POLICY_MAP}}}
data: {{KEPT: "1"}}
"""
VIYA: Final = """\
  viya:
    python:
      volume: {nfs: {server: nfs.example.com, path: /vol/python}}
      mountPath: /python
      services: [SERVICES]
      config: {PROC_PYPATH: /python/bin/python3, DM_PYPATH: /python/bin/python3}
"""
# Each mistake, where it stands, and words of its message.
MISTAKES: Final[dict[str, tuple[str, str, str]]] = {
    "an unknown key": (PATCHES.replace("target: {kind", "target: {knd"), "6:16", "unknown key knd"),
    "a pointer without a slash": (PATCHES.replace("/spec/replicas", "spec/replicas"), "8:31", "is not a JSON pointer"),
    "an operation without its value": (PATCHES.replace(", value: 3", ""), "8:11", "value is missing"),
    "a target that matches nothing": (PATCHES.replace("shop-web", "shop-wep"), "6:7", "matches no object"),
    "an operation that fails": (PATCHES.replace("/spec/replicas", "/spec/replcas"), "8:11", "there is no replcas"),
    "a patch that takes the name": (
        PATCHES.replace("{op: replace, path: /spec/replicas, value: 3}", "{op: remove, path: /metadata/name}"),
        "6:7", "removes apiVersion, kind or name",
    ),
}  # fmt: skip
_CHART: Final = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "values.yaml": 'replicas: 1\ntext: "1.10"\n',
    "templates/web.yaml": """\
# The front.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web   # after the release
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1
        env:
        - {name: TEXT, value: {{ .Values.text | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-web}
data: {mode: "0644", answer: 'yes', text: {{ .Values.text | quote }}}
""",
    "templates/secret.yaml": """\
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}-login}
stringData: {password: hunter2}
""",
    "templates/hook.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-before
  annotations: {helm.sh/hook: "pre-install,pre-upgrade"}
data: {step: first}
""",
}


@dataclass(frozen=True)
class Person:
    """Somebody with a home folder, a chart, and Helm on PATH. helm: the one that is called."""

    folder: Path
    helm: str
    env: dict[str, str]

    @property
    def plugins(self) -> Path:
        """The folder that both majors look into."""
        return Path(self.env["HOME"], ".local", "share", "helm", "plugins")

    def write(self, text: str) -> Path:
        """Write the models file, and return it."""
        path = self.folder / "models.yaml"
        path.write_text(HEAD + text, "utf-8")
        return path

    def run(self, *words: str | Path, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder. more: variables of the environment."""
        return subprocess.run(
            [str(word) for word in words], input=stdin, capture_output=True, text=True, cwd=self.folder, timeout=120,
            env={**self.env, **more}, check=False,
        )  # fmt: skip

    def template(self, *words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `helm modelyard template` on the chart."""
        return self.run(self.helm, "modelyard", "template", "shop", "chart", *words, stdin=stdin)


def person(folder: Path, called: Path, *others: Path) -> Person:
    """Return somebody who has these Helms, as helm and as helm3 and helm4."""
    home, path = folder / "home", folder / "bin"
    home.mkdir()
    path.mkdir()
    (path / "helm").symlink_to(called)
    for other in others:
        (path / f"helm{other.parent.name.removeprefix('helm-v')[0]}").symlink_to(other)
    for name, text in _CHART.items():
        file = folder / "chart" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    env = {
        "HOME": str(home),
        "PATH": os.pathsep.join(map(str, (path, FORKS.programs(), BIN, "/usr/bin", "/bin"))),
        "LANG": "C.UTF-8",
    }
    return Person(folder, str(path / "helm"), env)


def objects(stream: str) -> dict[tuple[str, str], Any]:
    """Return the objects of a stream by kind and name."""
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(stream) if each}
