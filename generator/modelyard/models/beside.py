"""What stands beside a model in its pods: further ports, and containers that are not the model's.

Names and forms are Kubernetes' own: whole containers are copied from the documentation of what they run.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import Image, JsonObject, Port, Shape, checked, later

if TYPE_CHECKING:
    from modelyard.models.pod import Expand

    Word = str | Expand
else:
    Word = later("modelyard.models.pod", "Expand", or_text=True)

EnvName = Annotated[str, checked(names.env_name)]
PortName = Annotated[str, checked(names.port_name)]
ContainerName = Annotated[str, checked(names.dns_1123_label)]


class FurtherPort(Shape):
    """A port besides `port`, of the container and of its Services."""

    name: PortName = Field(description="Name, of at most 15 characters; mesh and gateways may read a protocol from it.")
    port: Port = Field(description="Port that the container listens on, and that the Services have.")
    protocol: Literal["TCP", "UDP", "SCTP"] | None = Field(None, description="TCP if absent.")
    appProtocol: Annotated[str, checked(names.label_key)] | None = Field(
        None, description="What is spoken there, such as kubernetes.io/h2c for gRPC without TLS."
    )


class Variable(Shape):
    """A variable of a container: a text that reaches it as it stands, or a reference."""

    name: EnvName = Field(description="Name of the variable.")
    value: Word | None = Field(None, description="Its value; text as it is, or expand: with $(NAME) of variables.")
    valueFrom: JsonObject | None = Field(None, description="Kubernetes' reference, such as secretKeyRef.")


class InitContainer(Shape):
    """A container that ends before the model's starts. It can mount the model's volumes by their names."""

    name: ContainerName = Field(description="Name; the model's own container is called model.")
    image: Image = Field(description="Image reference. Without a registry's host, spec.registry is put before it.")
    imagePullPolicy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="Kubernetes decides if absent."
    )
    command: list[Word] | None = Field(None, description="Replaces the image's entry point.")
    args: list[Word] | None = Field(None, description="Replaces the image's arguments.")
    workingDir: str | None = Field(None, description="Folder in which it starts; the image's own if absent.")
    env: list[Variable] | None = Field(None, description="Kubernetes' list of variables, with name and value.")
    envFrom: list[JsonObject] | None = Field(None, description="Kubernetes' list of sources of variables.")
    ports: list[JsonObject] | None = Field(None, description="Kubernetes' list of ports; not on Knative.")
    resources: JsonObject | None = Field(None, description="Requests and limits of the container.")
    volumeMounts: list[JsonObject] | None = Field(
        None, description="Which of the model's volumes it mounts, and where."
    )
    securityContext: JsonObject | None = Field(None, description="Merged over the restricted security context.")


class Sidecar(InitContainer):
    """A container that runs as long as the model's: a native sidecar, and on Knative one more container."""

    startupProbe: JsonObject | None = Field(
        None, description="Kubernetes' startup probe: containers that start later wait for it. None on Knative."
    )
    readinessProbe: JsonObject | None = Field(None, description="Kubernetes' readiness probe. None on Knative.")
    livenessProbe: JsonObject | None = Field(None, description="Kubernetes' liveness probe. None on Knative.")
    lifecycle: JsonObject | None = Field(None, description="Kubernetes' hooks, such as preStop. None on Knative.")
