"""The lock of a models file: which digest each tag named when it was asked for, and what each model takes and gives."""

from typing import Final, Literal

from pydantic import Field

from modelyard.models.base import Image, Name, Shape
from modelyard.models.contract import Digest, PinnedContract, digest

__all__ = ["KIND", "ImageLock", "digest"]

KIND: Final = "ImageLock"


class ImageLock(Shape):
    """A lock file, beside the models file."""

    apiVersion: Literal["modelyard.dev/v1alpha1"] = Field(description="Version of the format.")
    kind: Literal["ImageLock"] = Field(description="ImageLock.")
    images: dict[Image, Digest] = Field(description="Image, as it is rendered -> its digest.")
    contracts: dict[Name, PinnedContract] | None = Field(None, description="Model -> what it takes and gives.")
