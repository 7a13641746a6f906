"""TensorFlow Serving in a pod: its command, its files, its ports, and what asks whether it can score.

The status of a model answers 200 in every state; its metadata only when the version can score (tensorflow/serving,
servables/tensorflow/get_model_metadata_impl.cc). The server has no handler of SIGTERM (tensorflow/serving#1853), and as
process 1 ignores it: calls in flight are answered until SIGKILL. A call of REST ends after 30 s, unless a flag says
otherwise (model_servers/main.cc).
"""

from typing import Final

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.models.beside import FurtherPort
from modelyard.models.model import Model
from modelyard.models.tensorflow import Batching, TensorFlow
from modelyard.targets.workloads.objects import METRICS_PATHS, TENSORFLOW_PORT

RUNTIME: Final = "tensorflow"
REST: Final = TENSORFLOW_PORT
GRPC: Final = FurtherPort(name="grpc", port=8500, appProtocol="kubernetes.io/h2c")
FOLDER: Final = "/etc/tensorflow-serving"
VOLUME: Final = "serving-config"
PROGRAM: Final = "tensorflow_model_server"


def own(model: Model) -> TensorFlow:
    """Return what a model says of its server, with what holds where it says nothing."""
    return model.tensorflow or TensorFlow()


def version_of(model: Model) -> int | None:
    """Return the version that is served: the model's own, else the one of its source in MLflow."""
    mlflow = model.source.mlflow if model.source else None
    return model.version or (mlflow.version if mlflow else None)


def name_of(model: Model) -> str:
    """Return the name in the server."""
    return own(model).modelName or model.name


def path_of(model: Model) -> str:
    """Return where the model is called, without the verb."""
    name = name_of(model)
    return derived(f"{names.TENSORFLOW_PATH}{name}", name)


def asked(model: Model) -> str:
    """Return the path that answers 200 only when the wanted version can score."""
    version = version_of(model) or 1  # `check` has refused a model without one
    return derived(f"{names.TENSORFLOW_PATH}{name_of(model)}/versions/{version}/metadata", version)


def speaks(model: Model) -> str:
    """Return which protocol the Services of a model offer: rest, grpc or both."""
    return own(model).protocol if model.runtime == RUNTIME else "rest"


def command(model: Model, seconds: int | None) -> list[str]:
    """Return the program and its flags. seconds: what a call may take; None: the server decides."""
    serving = own(model)
    flags = [f"--port={GRPC.port}", f"--rest_api_port={REST}", f"--monitoring_config_file={FOLDER}/monitoring.config"]
    if serving.models:
        flags.append(f"--model_config_file={FOLDER}/models.config")
    else:
        name = name_of(model)
        flags += [
            derived(f"--model_name={name}", name),
            derived(f"--model_base_path={serving.basePath}/{name}", serving.basePath),
        ]
    if serving.batching:
        flags += ["--enable_batching", f"--batching_parameters_file={FOLDER}/batching.config"]
    if seconds is not None:
        flags.append(derived(f"--rest_api_timeout_in_ms={seconds * 1000}", seconds))
    if speaks(model) != "rest":
        flags.append("--enable_grpc_healthcheck_service")
    return [PROGRAM, *flags]


def files(model: Model) -> dict[str, str]:
    """Return the server's files: name -> text, in protobuf's text format."""
    serving = own(model)
    found = {"monitoring.config": f'prometheus_config {{ enable: true, path: "{METRICS_PATHS[RUNTIME]}" }}\n'}
    if serving.models:
        found["models.config"] = derived(_models(serving), serving.models)
    if serving.batching:
        found["batching.config"] = derived(_batching(serving.batching), serving.batching)
    return found


def _models(serving: TensorFlow) -> str:
    lines = ["model_config_list {"]
    for each in serving.models or ():
        lines += [
            "  config {",
            f'    name: "{each.name}"',
            f'    base_path: "{_escaped(each.basePath or f"{serving.basePath}/{each.name}")}"',
            '    model_platform: "tensorflow"',
        ]
        if each.versions:
            wanted = " ".join(f"versions: {version}" for version in each.versions)
            lines.append(f"    model_version_policy {{ specific {{ {wanted} }} }}")
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def _escaped(text: str) -> str:
    """Return a text as it stands between the quotes of protobuf's text format."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _batching(batching: Batching) -> str:
    timeout = batching.batchTimeout
    values = {
        "max_batch_size": batching.maxBatchSize,
        "batch_timeout_micros": None if timeout is None else names.milliseconds(timeout) * 1000,
        "max_enqueued_batches": batching.maxEnqueuedBatches,
        "num_batch_threads": batching.numBatchThreads,
    }
    return "".join(f"{key} {{ value: {value} }}\n" for key, value in values.items() if value is not None)


def ports(model: Model) -> list[FurtherPort]:
    """Return the ports besides the first."""
    return [GRPC] if model.runtime == RUNTIME and speaks(model) != "rest" else []


def files_name(name: str) -> str:
    """Return the name of the ConfigMap with the server's files, before it gets its hash."""
    return derived(f"{name}-serving", name)
