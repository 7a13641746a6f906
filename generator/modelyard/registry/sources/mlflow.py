"""MLflow, by mlflow-skinny: the version that an alias names, its image and metrics, and its files.

Address and login are MLflow's own: MLFLOW_TRACKING_URI or MLFLOW_REGISTRY_URI, MLFLOW_TRACKING_USERNAME, _PASSWORD,
_TOKEN and the rest. What a process here needs otherwise than a notebook is a default that users may set themselves.

MLflow keeps no image: by convention the tag `image` of a version has it, set by who builds it.
"""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

from modelyard.models.source import MLflow, ModelSource, address
from modelyard.registry.sources import wrong
from modelyard.registry.sources.version import Version

IMAGE_TAG: Final = "image"
_NOTE: Final = "registered_model_meta"  # added to what is fetched (mlflow 3.17, models_artifact_repo.py)
_CODE: Final = re.compile(r"failed with error code ([0-9]{3}) != 200")  # mlflow 3.17, utils/rest_utils.py
_LOGIN: Final = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
_ADDRESSES: Final = ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI")
# mlflow 3.17, mlflow/environment_variables.py: a server that is down would hold up a command for four minutes, a
# redirect would be followed anywhere, and bars and notes of usage belong to nobody who runs a command.
_DEFAULTS: Final = {
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
_STATUS: Final[Mapping[str, int]] = {
    "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "RESOURCE_DOES_NOT_EXIST": 404, "ENDPOINT_NOT_FOUND": 404,
    "NOT_FOUND": 404,
}  # fmt: skip


def latest(source: ModelSource) -> Version:
    """Return the version that the alias names now, else the one that is named. Raises SourceProblem."""
    wanted = _wanted(source)
    name = wanted.model or ""
    what = f"model {name} with the alias {wanted.alias}" if wanted.alias else f"version {wanted.version} of {name}"
    with _asking(what) as library:
        client = library.MlflowClient()
        try:
            if wanted.alias:
                found = client.get_model_version_by_alias(name, wanted.alias)
            else:
                found = client.get_model_version(name, str(wanted.version))
        except library.exceptions.MlflowException as error:
            if error.error_code == "INVALID_PARAMETER_VALUE" and wanted.alias:  # mlflow 3.17 says so of an alias
                hint = f"set it in MLflow, or name another one in source: {{mlflow: {{model: {name}, alias: …}}}}"
                raise wrong.absent(f"no version of {name} has the alias {wanted.alias}", hint) from None
            raise
        tags = {str(key): str(value) for key, value in (found.tags or {}).items()}
        details = _details(found, _metrics(library, client, found))
        return Version(address(source), str(found.version), image=tags.get(IMAGE_TAG, ""), details=details)


def fetch(source: ModelSource, version: str, folder: Path) -> None:
    """Write the files of a version into an empty folder. Raises SourceProblem."""
    name = _wanted(source).model or ""
    with _asking(f"artefact of version {version} of {name}") as library:
        found = Path(library.artifacts.download_artifacts(artifact_uri=f"models:/{name}/{version}", dst_path=folder))
    if not found.samefile(folder) and found.is_dir():  # some stores make a folder in it
        for each in list(found.iterdir()):
            each.rename(folder / each.name)
        found.rmdir()
    (folder / _NOTE).unlink(missing_ok=True)


def _wanted(source: ModelSource) -> MLflow:
    if source.mlflow is None:
        raise TypeError(address(source))
    return source.mlflow


@contextmanager
def _asking(what: str) -> Iterator[Any]:
    """Give the library; what it raises becomes a SourceProblem, whose text is ours."""
    library, host = _library(), _host()
    try:
        yield library
    except library.exceptions.MlflowException as error:
        if known := wrong.of_connection(error, host):
            raise known from None
        raise wrong.of_status(_status(error), host, what, _LOGIN) from None
    except OSError as error:
        raise wrong.of_connection(error, host) or wrong.unusable(f"{host} gives no {what}") from None


def _status(error: Any) -> int:
    """Return the status of HTTP that an error of mlflow stands for; its code says more than its number."""
    said = _CODE.search(str(error))
    return _STATUS.get(str(error.error_code)) or int(said[1] if said else error.get_http_status_code())


def _library() -> ModuleType:
    address_of = next((os.environ[each] for each in _ADDRESSES if os.environ.get(each)), "")
    if not address_of:
        raise wrong.not_configured("MLFLOW_TRACKING_URI", "the address of the MLflow server")
    for key, value in _DEFAULTS.items():
        os.environ.setdefault(key, value)
    try:
        import mlflow
        import mlflow.artifacts
    except ImportError:
        raise wrong.missing_extra("mlflow", "a source of MLflow") from None
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # what it logs may hold addresses with a login
    return mlflow


def _host() -> str:
    """Return the host of the server, without a login."""
    text = next((os.environ[each] for each in _ADDRESSES if os.environ.get(each)), "")
    parts = urlsplit(text)
    return parts.netloc.rpartition("@")[2] or "MLflow"


def _metrics(library: ModuleType, client: Any, found: Any) -> Mapping[str, float]:
    """Return the metrics of the run that made a version; none where it is gone, or not ours to see."""
    if not found.run_id:
        return {}
    try:
        metrics: Mapping[str, float] = client.get_run(found.run_id).data.metrics
    except library.exceptions.MlflowException:
        return {}
    return metrics


def _details(found: Any, metrics: Mapping[str, float]) -> dict[str, str]:
    created = datetime.fromtimestamp(int(found.creation_timestamp) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"modeler": found.user_id, "created": created, "run": found.run_id, "description": found.description}
    numbers = {f"metric {name}": f"{value:g}" for name, value in sorted(metrics.items())}
    return {key: str(value) for key, value in {**said, **numbers}.items() if value}
