"""Credentials in plain values of objects that no models file stands behind."""

from collections.abc import Iterator, Sequence
from typing import Final

from modelyard.check.finding import Cluster, Finding, items, mapping, text
from modelyard.check.pod_templates import all_pod_templates, containers
from modelyard.credentials import is_credential_name, is_credential_value
from modelyard.manifest import Manifest

_HINT: Final = "keep it in a Secret, and refer to it"


def plain_credentials(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find variables, ConfigMaps and annotations that hold what looks like a credential; never shows it."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in containers(template.spec_path, template.spec):
            for i, variable in items(container.get("env")):
                name, value = text(variable.get("name")), text(variable.get("value"))
                named = is_credential_name(name) and value and not value.startswith("$(")
                if named or is_credential_value(value):
                    message = f"{name} holds a credential in plain text"
                    yield Finding("MY208", message, _HINT, index, (*path, "env", i, "value"))
    for index, manifest in enumerate(manifests):
        annotations = mapping(mapping(manifest.body.get("metadata")).get("annotations"))
        for key, value in annotations.items():
            if is_credential_value(text(value)):
                message = f"the annotation {key} holds a credential in plain text"
                yield Finding("MY208", message, _HINT, index, ("metadata", "annotations", key))
        if manifest.kind == "ConfigMap" and not manifest.group:
            for key, value in mapping(manifest.body.get("data")).items():
                alone = is_credential_name(str(key)) and text(value) and "\n" not in text(value)
                if alone or is_credential_value(text(value)):
                    message = f"{key} holds a credential in plain text"
                    yield Finding("MY208", message, _HINT, index, ("data", key))
