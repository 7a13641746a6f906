"""A published model: the fragment of a models file that SAS Model Manager leaves in Git for each model it publishes."""

import re
from typing import Final, Literal

from pydantic import Field

from modelyard.models.base import Shape

KIND: Final = "PublishedModel"
# What a Git destination replaces in each copy of its folder, and what SAS' own template has besides.
# Source: sassoftware/model-management-resources, samples/Container_Tools/Container Promotion Template, README.md.
PLACEHOLDER: Final = re.compile(r"\$\{(?:sas|custom)-scr-[a-z-]+\}")


class PublishedMetadata(Shape):
    """What the model is called where it was published."""

    name: str = Field(description="Published name, as SAS Model Manager writes it.")
    labels: dict[str, str] | None = Field(None, description="Labels of this document itself; not rendered.")
    annotations: dict[str, str] | None = Field(None, description="Annotations of this document itself; not rendered.")


class PublishedModel(Shape):
    """The head of a fragment; its `spec` holds the fields of a model, and is merged and checked with the models."""

    apiVersion: Literal["modelyard.dev/v1alpha1"] = Field(description="Version of the format.")
    kind: Literal["PublishedModel"] = Field(description=f"{KIND}.")
    metadata: PublishedMetadata = Field(description="Name of the model where it was published.")
