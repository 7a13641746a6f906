"""One model: image, runtime, container, targets, patches."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import (
    Annotations,
    ConfigKey,
    Image,
    JsonObject,
    Labels,
    Name,
    Port,
    PositiveDuration,
    Quantity,
    Shape,
    UrlPath,
    checked,
    later,
)

if TYPE_CHECKING:
    from modelyard.models.beside import FurtherPort, InitContainer, Sidecar
    from modelyard.models.gate import Gate
    from modelyard.models.metrics import Metrics
    from modelyard.models.notify import Notify
    from modelyard.models.patches import Patch
    from modelyard.models.pod import (
        EnvFrom,
        EnvReference,
        Expand,
        PreStop,
        Probes,
        SecurityContext,
        Toleration,
        Volume,
    )
    from modelyard.models.request_log import Monitor, RequestLog
    from modelyard.models.source import ModelSource
    from modelyard.models.spark import Spark
    from modelyard.models.tensorflow import TensorFlow

    EnvValue = str | EnvReference
    Word = str | Expand
else:
    # Few models have all of these, and building them takes as long as rendering a hundred models.
    EnvFrom = later("modelyard.models.pod", "EnvFrom")
    EnvValue = later("modelyard.models.pod", "EnvReference", or_text=True)
    FurtherPort = later("modelyard.models.beside", "FurtherPort")
    Gate = later("modelyard.models.gate", "Gate")
    InitContainer = later("modelyard.models.beside", "InitContainer")
    Metrics = later("modelyard.models.metrics", "Metrics")
    Notify = later("modelyard.models.notify", "Notify")
    Monitor = later("modelyard.models.request_log", "Monitor")
    Patch = later("modelyard.models.patches", "Patch")
    PreStop = later("modelyard.models.pod", "PreStop")
    ModelSource = later("modelyard.models.source", "ModelSource")
    Probes = later("modelyard.models.pod", "Probes")
    RequestLog = later("modelyard.models.request_log", "RequestLog")
    SecurityContext = later("modelyard.models.pod", "SecurityContext")
    Sidecar = later("modelyard.models.beside", "Sidecar")
    Spark = later("modelyard.models.spark", "Spark")
    TensorFlow = later("modelyard.models.tensorflow", "TensorFlow")
    Toleration = later("modelyard.models.pod", "Toleration")
    Volume = later("modelyard.models.pod", "Volume")
    Word = later("modelyard.models.pod", "Expand", or_text=True)

Runtime = Literal["scr", "pcr", "tensorflow", "spark", "custom"]
Percent = Annotated[int, Field(ge=0, le=100)]
EnvName = Annotated[str, checked(names.env_name)]


class Resources(Shape):
    """What the container asks for, and may use at most."""

    requests: dict[str, Quantity] | None = Field(None, description="What is reserved: cpu, memory, ephemeral-storage …")
    limits: dict[str, Quantity] | None = Field(None, description="What may be used at most.")


class Ignore(Shape):
    """A finding that is accepted for this model."""

    code: str = Field(description="Code of the finding, such as MY231.")
    reason: Annotated[str, Field(min_length=1)] = Field(description="Why it is accepted.")


class Model(Shape):
    """A model, or a variant of one, after base and defaults have been merged."""

    name: Name = Field(description="DNS label; objects are named after it.")
    image: Image | None = Field(
        None, description="Image reference. Without a registry's host, spec.registry is put before it."
    )
    runtime: Runtime = Field(
        "scr",
        description="What the image is: SAS Container Runtime, SAS Python Container Runtime, TensorFlow Serving, or "
        "anything else; or jobs of Spark, which need no image.",
    )
    path: UrlPath | None = Field(
        None,
        description='URL path; "/" and the last segment of the image\'s repository if absent. That of tensorflow is '
        "/v1/models/NAME.",
    )
    version: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        None, description="Version of a SavedModel, which must be able to score before a pod is ready."
    )
    source: ModelSource | None = Field(
        None, description="Where the artefact comes from, and which version of it is served."
    )
    tensorflow: TensorFlow | None = Field(None, description="How TensorFlow Serving is started.")
    spark: Spark | None = Field(None, description="Jobs that train and score, and what starts them.")
    scheme: Literal["http", "https"] = Field("http", description="https: the model's own server speaks TLS.")
    port: Port | None = Field(
        None, description="Port that the container listens on; 8080 for scr and pcr, 8501 for tensorflow."
    )
    ports: list[FurtherPort] | None = Field(
        None, description="Further ports, which its Services have too. Not on knative, which has one port."
    )
    command: list[Word] | None = Field(
        None, description="Replaces the image's entry point; text as it is, or expand: with $(NAME) of variables."
    )
    args: list[Word] | None = Field(
        None, description="Replaces the image's arguments; text as it is, or expand: with $(NAME) of variables."
    )
    env: dict[EnvName, EnvValue] | None = Field(
        None,
        description="Environment. Text reaches the container as it stands here, $ included; a mapping refers to a "
        "Secret or ConfigMap, or asks with expand: for the values of other variables.",
    )
    envFrom: list[EnvFrom] | None = Field(None, description="All keys of Secrets or ConfigMaps as environment.")
    config: dict[ConfigKey, str] | None = Field(
        None, description="A ConfigMap with a content hash in its name, read as environment."
    )
    volumes: list[Volume] | None = Field(
        None, description="Volume sources, with where they are mounted; merged by name."
    )
    resources: Resources | None = Field(None, description="Requests and limits of the container.")
    probes: Probes | None = Field(None, description="Replace the runtime's probes.")
    preStop: PreStop | None = Field(
        None, description="What is done before SIGTERM, in place of the target's own hook. Not on knative."
    )
    terminationGrace: PositiveDuration | None = Field(
        None,
        description="Time until SIGKILL, including preStop; derived from preStop and timeout if absent.",
    )
    imagePullPolicy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="Kubernetes decides if absent."
    )
    podLabels: Labels | None = Field(None, description="Further labels of the pods.")
    podAnnotations: Annotations | None = Field(None, description="Annotations of the pods.")
    securityContext: SecurityContext | None = Field(
        None, description="Merged over the container's restricted security context."
    )
    initContainers: list[InitContainer] | None = Field(
        None, description="Containers that run before the model's; on Knative behind podspec-init-containers."
    )
    sidecars: list[Sidecar] | None = Field(
        None, description="Containers that run as long as the model's; they start first, but not on knative."
    )
    affinity: JsonObject | None = Field(
        None, description="Kubernetes' affinity of the pods; on Knative behind podspec-affinity."
    )
    nodeSelector: Labels | None = Field(None, description="Nodes to run on; on Knative behind podspec-nodeselector.")
    tolerations: list[Toleration] | None = Field(
        None, description="Taints to tolerate; on Knative behind podspec-tolerations."
    )
    priorityClassName: str | None = Field(None, description="Priority; on Knative behind podspec-priorityclassname.")
    metrics: Metrics | None = Field(None, description="How Prometheus finds the metrics.")
    allowContractChange: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="Why inputs or outputs may differ from those that callers rely on, which the lock has."
    )
    notify: Notify | None = Field(None, description="Who hears of changes of this model, in place of the set's.")
    requestLog: RequestLog | None = Field(None, description="A row for each scored row, in a database.")
    monitor: Monitor | None = Field(None, description="What is measured in the request log.")
    gate: Gate | None = Field(None, description="What is demanded of a challenger before it gets calls.")
    ignore: list[Ignore] | None = Field(None, description="Findings that are accepted, each with its reason.")
    patches: list[Patch] | None = Field(None, description="JSON Patches on what this model renders.")
    targets: dict[str, JsonObject] = Field(
        default_factory=dict, description="Where the model runs: target and its fields."
    )


class Variant(Shape):
    """What a variant has of its own; all other fields are those of a model."""

    name: Name = Field(description="DNS label; objects are named <model>-<variant>.")
    percent: Percent | None = Field(None, description="Share of the calls. All variants together have 100.")
    shadow: bool = Field(False, description="It gets copies of the calls, and its answers go to the request log alone.")
