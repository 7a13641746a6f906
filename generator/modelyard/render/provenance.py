"""Where what runs comes from, as annotations of the objects that run it: source, version and checksum."""

from collections.abc import Iterator
from typing import Final

from modelyard.check.images import places
from modelyard.files.yaml.marked import derived
from modelyard.manifests.manifest import Manifest
from modelyard.models.declared import DeclaredModel, Served
from modelyard.models.source import address
from modelyard.render.delivery import annotated

SOURCE: Final = "modelyard.dev/source"
VERSION: Final = "modelyard.dev/version"
CHECKSUM: Final = "modelyard.dev/checksum"


def with_provenance(model: DeclaredModel, manifests: list[Manifest]) -> list[Manifest]:
    """Return the objects of a model, of which those that name images say what the source of the model says.

    Objects that stand for several variants, and annotations that are there, stay as they are.
    """
    said = {each.variant: dict(_annotations(each)) for each in model.served}
    running = {index for index, _, _ in places(manifests)}
    found = []
    for index, each in enumerate(manifests):
        wanted = said.get(each.variant, {}) if index in running else {}
        own = each.body["metadata"].get("annotations") or {}
        found.append(annotated(each, {key: text for key, text in wanted.items() if key not in own}))
    return found


def _annotations(served: Served) -> Iterator[tuple[str, str]]:
    source = served.model.source
    if source is None:
        return
    yield SOURCE, derived(address(source), source)
    version = source.mlflow.version if source.mlflow else source.modelManager.version if source.modelManager else None
    if version is not None:
        yield VERSION, derived(str(version), version)
    if source.checksum:
        yield CHECKSUM, source.checksum
