"""TensorFlow Serving: what a model says of its server. Names are those of its flags and configuration files.

Source: tensorflow/serving, tensorflow_serving/model_servers/main.cc and server.cc;
tensorflow_serving/config/model_server_config.proto; servables/tensorflow/session_bundle_config.proto.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import MountPath, Shape, checked
from modelyard.problems.patterns import pattern

# Part of an address, /v1/models/NAME:predict, and of a folder.
_NAME: Final = pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def _servable(text: str) -> str | None:
    if _NAME.fullmatch(text):
        return None
    return "must be letters, digits, _, . and -, at most 128, and begin with a letter or digit"


ServableName = Annotated[str, checked(_servable)]
Version = Annotated[int, Field(ge=1, le=2**63 - 1)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Batching(Shape):
    """How calls are put together before they are scored."""

    maxBatchSize: Number | None = Field(None, description="Rows of a batch, at most.")
    batchTimeout: Annotated[str, checked(names.short_duration)] | None = Field(
        None, description="How long a batch waits for more rows, such as 5ms."
    )
    maxEnqueuedBatches: Number | None = Field(None, description="Batches that wait at most; more are refused.")
    numBatchThreads: Number | None = Field(None, description="Batches that are scored at once.")


class ServedModel(Shape):
    """One of several models of a server."""

    name: ServableName = Field(description="Name in addresses, as in /v1/models/NAME.")
    basePath: MountPath | None = Field(
        None, description="Folder of its versions; basePath of the server and its name if absent."
    )
    versions: Annotated[list[Version], Field(min_length=1)] | None = Field(
        None, description="Versions to serve; the highest if absent."
    )


class TensorFlow(Shape):
    """How TensorFlow Serving is started."""

    modelName: ServableName | None = Field(
        None, description="Name inside the image, and in addresses; the model's own if absent."
    )
    basePath: MountPath = Field("/models", description="Folder that holds NAME/VERSION/saved_model.pb.")
    protocol: Literal["rest", "grpc", "both"] = Field(
        "rest", description="What its Services offer: REST at port 8501, gRPC at 8500."
    )
    batching: Batching | None = Field(None, description="Put calls together; off if absent.")
    models: Annotated[list[ServedModel], Field(min_length=1)] | None = Field(
        None, description="Several models in one server; modelName is one of them."
    )
