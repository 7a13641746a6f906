"""The content of `generated/`: a kustomize Component with one file per model."""

from collections.abc import Mapping
from typing import Final

from modelyard.template import folder
from modelyard.yamlio import write

HEADER: Final = (
    '# Written by modelyard from models.yaml: change that file and run "modelyard render". Edits here are lost.'
)
KUSTOMIZECONFIG: Final = "kustomizeconfig.yaml"


def kustomizeconfig() -> str:
    """Return the `configurations:` file that lets names and hashes reach into custom kinds."""
    return (folder() / "overlay" / KUSTOMIZECONFIG).read_text("utf-8")


def compose(texts: Mapping[str | None, str]) -> dict[str, str]:
    """Return path -> text of each file. `texts`: the stream of each model, and under None that of the set itself.

    A Component, because only that carries resources and, later, patches of a base in one line of the user's
    kustomization, and works the same from kustomize 4.5 to 5.8 and in kubectl.
    """
    files = {f"models/{name}.yaml" if name else "shared.yaml": text for name, text in texts.items()}
    component = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": sorted(files),
        "configurations": [KUSTOMIZECONFIG],
    }
    files |= {"kustomization.yaml": write(component), KUSTOMIZECONFIG: kustomizeconfig()}
    return {path: f"{HEADER}\n{files[path]}" for path in sorted(files)}
