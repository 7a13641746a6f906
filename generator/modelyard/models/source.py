"""Where a model's artefact comes from: a registry of models, or a folder; and which version of it is served."""

from typing import Annotated, Final

from pydantic import Field

from modelyard.models.base import Shape, checked
from modelyard.problems.patterns import pattern

SCHEMES: Final = ("s3", "gs", "az")
_CHECKSUM: Final = pattern("sha256:[0-9a-f]{64}")
_NO_LINES: Final = pattern(r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f]")
_TEXT: Final = pattern(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*")


def _text(text: str) -> str | None:
    is_line = _TEXT.fullmatch(text) and _NO_LINES.fullmatch(text)
    return None if is_line else "must be one line that neither begins nor ends with a blank"


def _checksum(text: str) -> str | None:
    return None if _CHECKSUM.fullmatch(text) else "is not a checksum: sha256: and 64 digits from 0 to f"


def _path(text: str) -> str | None:
    scheme, mark, rest = text.partition("://")
    if not mark:
        return _text(text)
    if scheme not in SCHEMES:
        return f"must be a folder, or begin with {', '.join(f'{each}://' for each in SCHEMES)}"
    bucket, _, key = rest.partition("/")
    if "@" in bucket or "?" in text or "#" in text:
        return "must hold no credentials and no parameters: they come from the environment"
    return _text(text) if bucket and key.strip("/") else "must name a bucket and a folder in it"


Text = Annotated[str, checked(_text)]


class MLflow(Shape):
    """A registered model of MLflow. Its server and login are MLflow's own: MLFLOW_TRACKING_URI and the like."""

    model: Text | None = Field(None, description="Name of the registered model.")
    alias: Text | None = Field(None, description="Alias that is followed, such as champion.")
    version: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Version that is served; `modelyard challenger` writes it."
    )


class ModelManager(Shape):
    """A model of SAS Model Manager. Server and login are sasctl's own: SASCTL_SERVER_NAME and the like."""

    project: Text | None = Field(None, description="Name of the project whose champion is followed.")
    model: Text | None = Field(None, description="Name of the model that is served, or followed without a project.")
    version: Text | None = Field(None, description="Version that is served; `modelyard challenger` writes it.")
    destination: Text | None = Field(None, description="Publishing destination that holds the images.")


class ModelSource(Shape):
    """Where the artefact comes from: exactly one of mlflow, modelManager and path."""

    mlflow: MLflow | None = Field(None, description="A registered model of MLflow.")
    modelManager: ModelManager | None = Field(None, description="A project or model of SAS Model Manager.")
    path: Annotated[str, checked(_path)] | None = Field(
        None, description="A folder, relative to this file, or s3://, gs:// or az:// with bucket and folder."
    )
    checksum: Annotated[str, checked(_checksum)] | None = Field(
        None, description="sha256 over names and contents of its files; `modelyard fetch` compares it."
    )


def address(source: ModelSource) -> str:
    """Return what a source is, without its version: mlflow:churn, modelManager:Churn/QS_Reg1, path:./export."""
    if source.mlflow is not None:
        return f"mlflow:{source.mlflow.model or ''}"
    if source.modelManager is not None:
        names = (source.modelManager.project, source.modelManager.model)
        return f"modelManager:{'/'.join(each for each in names if each)}"
    return f"path:{source.path}"


def pinned(source: ModelSource) -> str:
    """Return the version that a source says is served; of a path its checksum. Empty where it says none."""
    if source.mlflow is not None:
        return str(source.mlflow.version or "")
    if source.modelManager is not None:
        return source.modelManager.version or ""
    return source.checksum or ""
