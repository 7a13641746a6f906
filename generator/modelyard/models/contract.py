"""What a model takes and gives, as a lock pins it: names and types of inputs and outputs.

The words are those of JSON Schema draft 2020-12 (type, maxLength, items, properties) and of the OpenAPI Format Registry
(format); `shape` is that of a tensor, as TensorFlow and MLflow write it.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from modelyard.models.base import Shape, checked
from modelyard.problems.patterns import pattern

# opencontainers/image-spec v1.1.1, descriptor.md: the algorithm that implementations must have.
_DIGEST = pattern("sha256:[0-9a-f]{64}")
ColumnType = Literal["number", "integer", "boolean", "string", "array", "object", "any"]
Size = Annotated[int, Field(ge=-1)]


def digest(text: str) -> str | None:
    """Check a digest of an image."""
    return None if _DIGEST.fullmatch(text) else "is not a digest: sha256: and 64 digits from 0 to f"


Digest = Annotated[str, checked(digest)]


class Column(Shape):
    """One input or output. Without `format` or `maxLength` nothing is known of these."""

    type: ColumnType = Field(description="Type of JSON; any if it may be each of them. Of a tensor, of its values.")
    format: str | None = Field(None, description="Closer: int32, int64, float, double, byte (base64), date-time-local.")
    required: bool = Field(True, description="Of an input: calls must have it. Of an output: answers always have it.")
    nullable: bool = Field(False, description="null stands for a missing value.")
    maxLength: Annotated[int, Field(ge=1)] | None = Field(None, description="Characters of a text.")
    shape: list[Size] | None = Field(None, description="Sizes of a tensor, rows first; -1 where any will do.")
    items: "Column | None" = Field(None, description="What a list, or an object of any keys, holds.")
    properties: dict[str, "Column"] | None = Field(None, description="Fields of an object.")


class Contract(Shape):
    """What the model in one image takes and gives."""

    model_config = ConfigDict(populate_by_name=True)

    origin: str = Field(alias="from", description="Where it is known from: a file, or the model as it ran.")
    signature: str | None = Field(None, description="Signature of a SavedModel, where it is not serving_default.")
    inputs: dict[str, Column] = Field(description="Name -> input, in the order that the model has.")
    outputs: dict[str, Column] = Field(description="Name -> output, likewise.")


class PinnedContract(Shape):
    """The contract of a model, and those of the images that it runs."""

    pinned: Digest = Field(description="Image whose contract callers rely on.")
    served: Digest = Field(description="Image that had most of the calls when this was written.")
    images: dict[Digest, Contract] = Field(description="Digest -> what the model in that image takes and gives.")

    @property
    def relied_on(self) -> Contract | None:
        """What callers rely on; None if a person has taken it out of the file."""
        return self.images.get(self.pinned)
