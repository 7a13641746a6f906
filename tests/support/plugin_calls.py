"""Calls of modelyard-fn in this process, with a stdin like that of kustomize, kubectl and kpt."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from modelyard.plugin import call as fn

ROOT: Final = "KUSTOMIZE_PLUGIN_CONFIG_ROOT"
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - {name: churn, image: "registry.example.com/churn:1", runtime: pcr, targets: {knative: {minScale: 1}}}
"""
NOTHING: Final = "spec: {allowEmpty: true, serviceAccount: {create: false}}\n"
API: Final = {"apiVersion": "modelyard.dev/v1alpha1"}
GENERATOR: Final[dict[str, Any]] = {**API, "kind": "ModelGenerator", "metadata": {"name": "models"}}


class Answer(NamedTuple):
    """What a call gives."""

    code: int
    out: str
    err: str

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items of the answer, which must be a ResourceList."""
        assert self.code == 0, self.err
        answer = yaml.safe_load(self.out)
        assert (answer["apiVersion"], answer["kind"]) == ("config.kubernetes.io/v1", "ResourceList")
        return list(answer["items"])


class Terminal(io.BytesIO):
    """A standard input that a person would type into."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def call(stdin: io.BytesIO | None, *arguments: str, env: Mapping[str, str] | None = None) -> Answer:
    """Call the function in this process."""
    out, err = io.BytesIO(), io.StringIO()
    code = fn.run(arguments, env or {}, stdin, out, err)
    return Answer(code, out.getvalue().decode(), err.getvalue())


def function(config: object = None, items: Sequence[object] = ()) -> Answer:
    """Call it as a KRM function, with a ModelGenerator for models.yaml if no configuration is given."""
    config = config or generator("models.yaml")
    stdin = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": list(items)}
    # Through JSON, which knows no aliases: PyYAML would write one for data that stands in two places.
    text = json.dumps({**stdin, "functionConfig": config})
    return call(io.BytesIO(yaml.safe_dump(json.loads(text)).encode()))


def legacy(folder: Path, config: object = None, stdin: bytes = b"") -> Answer:
    """Call it as a legacy plugin."""
    path = folder / "configuration"
    path.write_text(yaml.safe_dump(config or generator("models.yaml")))
    return call(io.BytesIO(stdin), str(path), env={ROOT: str(folder)})


def generator(models: str, **spec: str) -> dict[str, Any]:
    """Return a ModelGenerator."""
    return {**GENERATOR, "spec": {"models": models, **spec}}


def inline(**spec: object) -> dict[str, Any]:
    """Return a ModelSet."""
    return {**API, "kind": "ModelSet", "metadata": {"name": "risk"}, "spec": spec}
