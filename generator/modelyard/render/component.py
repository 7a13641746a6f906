"""The content of `generated/`: a kustomize Component with one file per model, and beside it one for site-config."""

from collections.abc import Mapping
from typing import Any, Final

from modelyard.files.yaml import write, write_all
from modelyard.manifests.manifest import ConfigMapEntries, Rendered
from modelyard.manifests.template import folder
from modelyard.render.transformers import all_transformers

HEADER: Final = (
    '# Written by modelyard from models.yaml: change that file and run "modelyard render". Edits here are lost.'
)
KUSTOMIZECONFIG: Final = "kustomizeconfig.yaml"
SITE_CONFIG: Final = "site-config"
TRANSFORMERS: Final = "transformers.yaml"
_COMPONENT: Final = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}


def kustomizeconfig() -> str:
    """Return the `configurations:` file that lets names and hashes reach into custom kinds."""
    return (folder() / "overlay" / KUSTOMIZECONFIG).read_text("utf-8")


def path_of(name: str | None) -> str:
    """Return the path of a model's file; that of what belongs to the set for None."""
    return f"models/{name}.yaml" if name else "shared.yaml"


def compose(texts: Mapping[str | None, str], beside: Mapping[str, str]) -> dict[str, str]:
    """Return path -> text of each file. `texts`: the stream of each model, and under None that of the set itself.

    beside: path -> text of files that no kustomization names, because programs of other platforms read them.

    A Component, because only that carries resources and, later, patches of a base in one line of the user's
    kustomization, and works the same from kustomize 5.0 to 5.8 and in kubectl.
    """
    files = {path_of(name): text for name, text in texts.items()}
    component = {**_COMPONENT, "resources": sorted(files), "configurations": [KUSTOMIZECONFIG]}
    files |= {"kustomization.yaml": write(component), KUSTOMIZECONFIG: kustomizeconfig()}
    return _with_header({**files, **beside})


def site_config(set_name: str, rendered: Rendered) -> dict[str, str]:
    """Return path -> text of each file of a Component for SAS Viya's site-config; empty if nothing was rendered.

    One of its own, because its merges and patches need Viya's base. Its transformers are of builtin kinds only, in a
    folder with a kustomization: so viya4-deployment lists it under `components:` (siteconfig_info.py), and they run
    before the parent's transformers, whose image tags reach what they add. They stand in one file, which kustomize
    5.8.1 loads in four fifths of the time that a file each takes.
    """
    files = {each.template.rpartition("/")[2]: write(each.body) for each in rendered.manifests}
    component: dict[str, Any] = {
        **_COMPONENT,
        "resources": sorted(files),
        "configMapGenerator": [_generator(each) for each in sorted(rendered.config_maps)],
        "transformers": [TRANSFORMERS] if rendered.patches else [],
    }
    if rendered.patches:
        files[TRANSFORMERS] = write_all(all_transformers(set_name, rendered))
    if not (files or rendered.config_maps):
        return {}
    return _component(component, files)


def empty_site_config(set_name: str) -> dict[str, str]:
    """Return the Component that changes nothing; it has a name, because kustomize refuses an empty file."""
    return _component({**_COMPONENT, "metadata": {"name": f"modelyard-{set_name}"}}, {})


def _component(component: Mapping[str, Any], files: dict[str, str]) -> dict[str, str]:
    files["kustomization.yaml"] = write({key: value for key, value in component.items() if value})
    return _with_header(files)


def _with_header(files: Mapping[str, str]) -> dict[str, str]:
    return {path: f"{HEADER}\n{files[path]}" for path in sorted(files)}


def _generator(entries: ConfigMapEntries) -> dict[str, Any]:
    behavior = {"behavior": "merge"} if entries.merge else {}
    literals = [f"{key}={_literal(value)}" for key, value in entries.data.items()]
    return {"name": entries.name, **behavior, "literals": literals}


def _literal(value: str) -> str:
    """Return a value as a generator's literal: kustomize takes one pair of quotes off (5.8.1, api/kv/kv.go)."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return f"'{value}'" if quoted else value
