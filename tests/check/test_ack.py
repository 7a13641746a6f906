"""The schemas of SageMaker's kinds have the fields that the controller's own definitions have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.check.schemas.kinds import SHIPPED

KINDS: Final = ("endpointconfigs", "endpoints", "inferencecomponents", "models", "transformjobs")


def fields(node: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, each in node.get("properties", {}).items():
        required = "*" if key in node.get("required", ()) else ""
        yield f"{path}/{key}{required}"
        yield from fields(each, f"{path}/{key}")
    if isinstance(node.get("items"), dict):
        yield from fields(node["items"], f"{path}/*")


@pytest.mark.parametrize("plural", KINDS)
def test_each_field_is_there_and_no_other(shared: Path, plural: str) -> None:
    text = (shared / "data" / "crds" / f"{plural}.sagemaker.services.k8s.aws.yaml").read_text("utf-8")
    (crd,) = [each for each in yaml.safe_load_all(text) if each]
    spec = crd["spec"]
    for version in spec["versions"]:
        definition = SHIPPED.find(f"{spec['group']}/{version['name']}", spec["names"]["kind"])
        assert definition is not None
        own = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        assert set(fields(definition.schema["properties"]["spec"])) == set(fields(own))
