"""What a model says about its container and pod: variables, volumes, probes, resources.

Names are Kubernetes' own. Durations carry their unit, so `initialDelaySeconds: 5` is `initialDelay: 5s`.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from modelyard.manifests import names
from modelyard.models.base import (
    ConfigKey,
    Duration,
    JsonObject,
    MountPath,
    ObjectName,
    Port,
    PositiveDuration,
    Quantity,
    Shape,
    checked,
    is_mapping,
)


class KeyRef(Shape):
    """One key of a Secret or ConfigMap."""

    name: ObjectName = Field(description="Name of the Secret or ConfigMap.")
    key: ConfigKey = Field(description="Key in its data.")
    optional: bool | None = Field(None, description="Start the container although the object or key is missing.")


class FieldRef(Shape):
    """A field of the pod itself."""

    fieldPath: str = Field(description="Path of the field, such as metadata.name.")
    apiVersion: str | None = Field(None, description="Version of the schema that fieldPath is written in.")


class ResourceFieldRef(Shape):
    """A resource of the container itself."""

    resource: str = Field(description="Resource, such as limits.memory.")
    containerName: str | None = Field(None, description="Container; this one if absent.")
    divisor: Quantity | None = Field(None, description="Unit of the result, such as 1Mi.")


class Expand(Shape):
    """A text in which $(NAME) is the value of a variable; $$ is a dollar."""

    expand: str = Field(description="Text with $(NAME), such as http://$(HOST)/x.")


class EnvReference(Shape):
    """Where a variable's value comes from; exactly one of the keys."""

    expand: str | None = Field(
        None, description="Text in which $(NAME) is the value of another variable, such as http://$(HOST)/x."
    )
    secretKeyRef: KeyRef | None = Field(None, description="A key of a Secret.")
    configMapKeyRef: KeyRef | None = Field(None, description="A key of a ConfigMap.")
    fieldRef: FieldRef | None = Field(None, description="A field of the pod; on Knative behind podspec-fieldref.")
    resourceFieldRef: ResourceFieldRef | None = Field(
        None, description="A resource of the container; on Knative behind podspec-fieldref."
    )


class SourceRef(Shape):
    """A whole Secret or ConfigMap."""

    name: ObjectName = Field(description="Name of the Secret or ConfigMap.")
    optional: bool | None = Field(None, description="Start the container although the object is missing.")


class EnvFrom(Shape):
    """All keys of a Secret or ConfigMap as variables; exactly one of the references."""

    prefix: str | None = Field(None, description="Put before each name.")
    secretRef: SourceRef | None = Field(None, description="A Secret.")
    configMapRef: SourceRef | None = Field(None, description="A ConfigMap.")


class VolumeSource(Shape):
    """A Kubernetes volume source; exactly one of the keys."""

    SOURCES: ClassVar = (
        "azureDisk",
        "azureFile",
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "fc",
        "hostPath",
        "image",
        "iscsi",
        "nfs",
        "persistentVolumeClaim",
        "projected",
        "secret",
    )

    azureDisk: JsonObject | None = Field(None, description="Kubernetes' azureDisk volume source.")
    azureFile: JsonObject | None = Field(None, description="Kubernetes' azureFile volume source.")
    configMap: JsonObject | None = Field(None, description="Kubernetes' configMap volume source.")
    csi: JsonObject | None = Field(None, description="Kubernetes' csi volume source.")
    downwardAPI: JsonObject | None = Field(None, description="Kubernetes' downwardAPI volume source.")
    emptyDir: JsonObject | None = Field(None, description="Kubernetes' emptyDir volume source.")
    ephemeral: JsonObject | None = Field(None, description="Kubernetes' ephemeral volume source.")
    fc: JsonObject | None = Field(None, description="Kubernetes' fc volume source.")
    hostPath: JsonObject | None = Field(
        None, description="Kubernetes' hostPath volume source; never passes restricted."
    )
    image: JsonObject | None = Field(None, description="Kubernetes' image volume source.")
    iscsi: JsonObject | None = Field(None, description="Kubernetes' iscsi volume source.")
    nfs: JsonObject | None = Field(None, description="Kubernetes' nfs volume source.")
    persistentVolumeClaim: JsonObject | None = Field(
        None, description="Kubernetes' persistentVolumeClaim volume source."
    )
    projected: JsonObject | None = Field(None, description="Kubernetes' projected volume source.")
    secret: JsonObject | None = Field(None, description="Kubernetes' secret volume source.")


class Volume(VolumeSource):
    """A Kubernetes volume source, with where it is mounted."""

    name: Annotated[str, checked(names.dns_1123_label)] = Field(
        description="Name; base and variant merge volumes by it."
    )
    mountPath: MountPath = Field(description="Absolute path in the container.")
    readOnly: bool | None = Field(None, description="Mount it read-only.")
    subPath: str | None = Field(None, description="Path inside the volume to mount instead of its root.")


class HttpHeader(Shape):
    """A header that a probe sends."""

    name: str = Field(description="Header.")
    value: str = Field(description="Its value.")


class HttpGet(Shape):
    """An HTTP GET: 200 to 399 is success."""

    path: str | None = Field(None, description="Path; / if absent.")
    port: Port | None = Field(None, description="Port; the container's own if absent.")
    scheme: Literal["HTTP", "HTTPS"] | None = Field(None, description="HTTP if absent.")
    httpHeaders: list[HttpHeader] | None = Field(None, description="Headers to send.")


class TcpSocket(Shape):
    """A probe by opening a connection."""

    port: Port | None = Field(None, description="Port; the container's own if absent.")


class Exec(Shape):
    """A command in the container: exit code 0 is success."""

    command: Annotated[list[str], Field(min_length=1)] = Field(
        description="Command and its arguments, without a shell."
    )


class Grpc(Shape):
    """A probe by the gRPC health protocol."""

    port: Port | None = Field(None, description="Port; the container's own if absent.")
    service: str | None = Field(None, description="Service named in the request.")


class Probe(Shape):
    """One probe; exactly one of httpGet, tcpSocket, exec and grpc."""

    httpGet: HttpGet | None = Field(None, description="Ask by HTTP GET.")
    tcpSocket: TcpSocket | None = Field(None, description="Open a connection.")
    exec: Exec | None = Field(None, description="Run a command in the container.")
    grpc: Grpc | None = Field(None, description="Ask by gRPC.")
    initialDelay: Duration | None = Field(None, description="Wait before the first probe; 0s if absent.")
    period: PositiveDuration | None = Field(
        None, description="Time between probes; 10s if absent. That of startup is added to each start."
    )
    timeout: PositiveDuration | None = Field(None, description="Time for one answer; 1s if absent.")
    successThreshold: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Successes in a row until it counts as passed."
    )
    failureThreshold: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Failures in a row until it counts as failed."
    )


ProbeOrFalse = Annotated[
    Annotated[Probe, Tag("mapping")] | Annotated[Literal[False], Tag("scalar")], Discriminator(is_mapping)
]


class Probes(Shape):
    """The three probes. Each replaces the runtime's own; false leaves it out."""

    startup: ProbeOrFalse | None = Field(
        None, description="The other probes wait until it succeeds. The same check as readiness if absent."
    )
    readiness: ProbeOrFalse | None = Field(None, description="While it fails the pod gets no calls.")
    liveness: ProbeOrFalse | None = Field(None, description="When it fails the container is restarted.")


class PreStop(Shape):
    """What is done before the container gets SIGTERM; exactly one of sleep, exec and httpGet."""

    sleep: Duration | None = Field(
        None, description="Wait, and go on taking calls; on sagemaker-proxy the proxy does this."
    )
    exec: Exec | None = Field(None, description="Run a command in the container.")
    httpGet: HttpGet | None = Field(None, description="Ask by HTTP GET.")


class Capabilities(Shape):
    """Linux capabilities; all are dropped unless this says otherwise."""

    add: list[str] | None = Field(None, description="To add; restricted pods may add NET_BIND_SERVICE alone.")
    drop: list[str] | None = Field(None, description="To drop; [ALL] if absent.")


class SeccompProfile(Shape):
    """The filter of system calls."""

    type: Literal["RuntimeDefault", "Localhost", "Unconfined"] = Field(description="RuntimeDefault if absent.")
    localhostProfile: str | None = Field(None, description="Profile on the node, for Localhost.")


class SecurityContext(Shape):
    """Kubernetes' security context of a container, merged over the restricted one."""

    allowPrivilegeEscalation: bool | None = Field(None, description="false if absent.")
    appArmorProfile: JsonObject | None = Field(None, description="AppArmor profile; not on Knative.")
    capabilities: Capabilities | None = Field(None, description="Linux capabilities.")
    privileged: bool | None = Field(None, description="Run with all rights of the node; never passes restricted.")
    procMount: Literal["Default", "Unmasked"] | None = Field(None, description="How /proc is mounted; not on Knative.")
    readOnlyRootFilesystem: bool | None = Field(None, description="true if absent; /tmp can be written.")
    runAsGroup: Annotated[int, Field(ge=0)] | None = Field(None, description="Group id.")
    runAsNonRoot: bool | None = Field(None, description="true if absent.")
    runAsUser: Annotated[int, Field(ge=0)] | None = Field(
        None, description="User id; 1001 for scr. Left out on openshift, which assigns one."
    )
    seLinuxOptions: JsonObject | None = Field(None, description="SELinux labels; not on Knative.")
    seccompProfile: SeccompProfile | None = Field(None, description="Filter of system calls.")


class Toleration(Shape):
    """A taint that the pod tolerates."""

    key: str | None = Field(None, description="Key of the taint; all if absent.")
    operator: Literal["Exists", "Equal", "Lt", "Gt"] | None = Field(None, description="Equal if absent.")
    value: str | None = Field(None, description="Value of the taint.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(None, description="All if absent.")
    tolerationSeconds: int | None = Field(None, description="Seconds to stay after NoExecute; for ever if absent.")
