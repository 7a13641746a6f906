"""The lock of a models file: which digest each tag named when it was asked for."""

from typing import Annotated, Final, Literal

from pydantic import Field

from modelyard.models.base import Image, Shape, checked
from modelyard.problems.patterns import pattern

KIND: Final = "ImageLock"
# opencontainers/image-spec v1.1.1, descriptor.md: the algorithm that implementations must have.
_DIGEST: Final = pattern("sha256:[0-9a-f]{64}")


def digest(text: str) -> str | None:
    """Check a digest of an image."""
    return None if _DIGEST.fullmatch(text) else "is not a digest: sha256: and 64 digits from 0 to f"


class ImageLock(Shape):
    """A lock file, beside the models file."""

    apiVersion: Literal["modelyard.dev/v1alpha1"] = Field(description="Version of the format.")
    kind: Literal["ImageLock"] = Field(description="ImageLock.")
    images: dict[Image, Annotated[str, checked(digest)]] = Field(description="Image, as it is rendered -> its digest.")
