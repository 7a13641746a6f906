"""JSON Patches: on what a model renders, and on objects that others wrote."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from modelyard.models.base import Shape, checked


def _pointer(text: str) -> str | None:
    if text and not text.startswith("/"):
        return "is not a JSON pointer: it starts with / (RFC 6901)"
    return None


Pointer = Annotated[str, checked(_pointer)]


class PatchTarget(Shape):
    """Which of the model's objects a patch is for. All keys that are given must match."""

    kind: str | None = Field(None, description="Kind, such as Service.")
    group: str | None = Field(None, description="API group, such as serving.knative.dev; empty for the core group.")
    version: str | None = Field(None, description="API version, such as v1.")
    name: str | None = Field(None, description="Name as declared, without content hash.")
    variant: str | None = Field(None, description="Objects of this variant only.")


class Operation(Shape):
    """One operation of a JSON Patch (RFC 6902)."""

    op: Literal["add", "remove", "replace", "move", "copy", "test"] = Field(description="What to do.")
    path: Pointer = Field(description="JSON pointer to where.")
    value: JsonValue = Field(None, description="Value, for add, replace and test.")
    from_: Pointer | None = Field(None, alias="from", description="JSON pointer to what is moved or copied.")


class Patch(Shape):
    """A JSON Patch on what this model renders; a target that matches nothing is an error."""

    target: PatchTarget = Field(description="Objects to patch.")
    ops: Annotated[list[Operation], Field(min_length=1)] = Field(description="Operations, in order.")


class ForeignTarget(Shape):
    """Which objects of others a patch is for. All keys that are given must match."""

    kind: str | None = Field(None, description="Kind, such as Deployment.")
    name: str | None = Field(None, description="Name.")
    group: str | None = Field(None, description="API group, such as apps; empty for the core group.")


class ForeignPatch(Shape):
    """A JSON Patch on objects that others wrote; a target that matches nothing is an error."""

    target: ForeignTarget = Field(description="Objects to patch.")
    ops: Annotated[list[Operation], Field(min_length=1)] = Field(description="Operations, in order.")
