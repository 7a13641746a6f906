"""One model without a models file, or added to one.

from modelyard.api.deploy import Deployment, deploy

outcome = deploy(Deployment("credit-risk", "credit_risk:1.4.0", fields={"minScale": 1}))
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from modelyard.api import edits
from modelyard.api.commands import HERE, PLAINLY, Applying, Outcome, apply_rendered
from modelyard.api.pipeline import Rendering, models_file, render_loaded
from modelyard.cluster import Connection
from modelyard.files import disk, regular
from modelyard.files.yaml import write
from modelyard.modelsfile.load import load_text
from modelyard.problems import Problem, unique

__all__ = ["Deployment", "deploy"]

_SHOWN: Final = "the command line"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model as a command line declares it: target with its fields, and other fields of a model."""

    name: str
    image: str
    target: str = "knative"
    fields: Mapping[str, object] = field(default_factory=dict)
    model: Mapping[str, object] = field(default_factory=dict)

    def data(self) -> dict[str, object]:
        """Return it as the models file has it."""
        own = {"name": self.name, "image": self.image, **self.model}
        return {**own, "targets": {self.target: dict(self.fields)}}

    def text(self) -> str:
        """Return a whole models file with this model alone; the set has its name."""
        head = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet", "metadata": {"name": self.name}}
        return write({**head, "spec": {"models": [self.data()]}})


def deploy(
    deployment: Deployment,
    *,
    save: Path | None = None,
    where: Connection = HERE,
    how: Applying = PLAINLY,
) -> Outcome:
    """Apply one model. save: a models file that is made, or that the model is added to, when the server takes it.

    Of a set that is there only this model and what all share are applied.
    """
    if save is None:
        rendering = _rendered(deployment, _SHOWN, Path())
        # Nobody can look up a line of it.
        rendering.problems = unique(replace(each, place=None) for each in rendering.problems)
        return apply_rendered(rendering, _SHOWN, where=where, how=how)
    path = models_file(save)
    rendering, keep = _added(deployment, path) if regular.exists(path) else _new(deployment, path)
    rendering.objects = [each for each in rendering.objects if each.model in (None, deployment.name)]
    return apply_rendered(rendering, str(path), where=where, how=how, before=keep, writes=path)


def _rendered(deployment: Deployment, shown: str, folder: Path) -> Rendering:
    return render_loaded(load_text(deployment.text().encode(), shown, folder), folder)


def _new(deployment: Deployment, path: Path) -> tuple[Rendering, Callable[[], list[Problem]]]:
    rendering = _rendered(deployment, str(path), path.parent)
    return rendering, lambda: disk.write(path, deployment.text().encode())


def _added(deployment: Deployment, path: Path) -> tuple[Rendering, Callable[[], list[Problem]]]:
    edit, problems = edits.added(path, write(deployment.data()).splitlines())
    if edit is None:
        return Rendering(None, problems), lambda: problems
    return render_loaded(edit.loaded, path.parent), lambda: edits.write(edit)
