"""What targets that run a Deployment let a model say: replicas, and how it is reached from outside."""

from typing import Annotated, Literal

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import (
    Annotations,
    Host,
    JsonObject,
    MountPath,
    Name,
    ObjectName,
    Port,
    Quantity,
    Shape,
    checked,
)


class Service(Shape):
    """The Service of a model. With variants, each has one besides: of the same port, inside the cluster alone."""

    port: Port | None = Field(None, description="Port; 80 on deployment and 8080 on sagemaker-proxy if absent.")
    type: Literal["ClusterIP", "LoadBalancer", "NodePort"] | None = Field(None, description="ClusterIP if absent.")
    annotations: Annotations | None = Field(None, description="Annotations, such as those of a cloud's load balancer.")


class IngressTls(Shape):
    """The certificate of an Ingress."""

    secretName: ObjectName = Field(description="Secret of type kubernetes.io/tls.")


class Ingress(Shape):
    """An Ingress to the model."""

    host: Host | None = Field(None, description="Full host name; any if absent.")
    path: str | None = Field(None, description="Path; the model's own if absent. Not on sagemaker-proxy.")
    pathType: Literal["Exact", "ImplementationSpecific", "Prefix"] | None = Field(
        None, description="How the path is compared; Prefix if absent. Not on sagemaker-proxy."
    )
    ingressClassName: ObjectName | None = Field(None, description="Class; the cluster's default if absent.")
    tls: IngressTls | None = Field(None, description="Its certificate.")
    annotations: Annotations | None = Field(None, description="Annotations for the ingress controller.")


class Gateway(Shape):
    """An HTTPRoute to the model through a Gateway."""

    name: ObjectName = Field(description="Name of the Gateway.")
    namespace: ObjectName | None = Field(None, description="Its namespace; the model's own if absent.")
    sectionName: ObjectName | None = Field(None, description="Listener of the Gateway; all if absent.")
    host: Host = Field(description="Full host name.")


class Autoscale(Shape):
    """A HorizontalPodAutoscaler."""

    min: Annotated[int, Field(ge=1)] = Field(1, description="Pods at least.")
    max: Annotated[int, Field(ge=1)] = Field(description="Pods at most.")
    cpu: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Percent of the CPU request that it aims at; 70 if absent and there are no metrics."
    )
    metrics: Annotated[list[JsonObject], Field(min_length=1)] | None = Field(
        None, description="Kubernetes' metrics; the one that asks for most pods counts."
    )
    behavior: JsonObject | None = Field(None, description="Kubernetes' behavior: how fast it scales up and down.")


class VolumeClaim(Shape):
    """A volume that each pod has for itself and keeps."""

    name: Annotated[str, checked(names.dns_1123_label)] = Field(
        description="Name; the claim of a pod is called NAME-POD, and stays when the pod goes."
    )
    mountPath: MountPath = Field(description="Absolute path in the container.")
    storage: Quantity = Field(description="Size, such as 20Gi. Kubernetes lets nobody change it here later.")
    storageClassName: ObjectName | None = Field(None, description="Storage class; the cluster's default if absent.")
    accessModes: Annotated[
        list[Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"]], Field(min_length=1)
    ] = Field(["ReadWriteOnce"], description="How it can be mounted; [ReadWriteOnce] if absent.")
    subPath: str | None = Field(None, description="Path inside the volume to mount instead of its root.")


class Replicated(Shape):
    """What all targets have in common that keep a number of pods running behind a Service."""

    name: Name | None = Field(None, description="Object name when the model's own name is taken by another target.")
    replicas: Annotated[int, Field(ge=0)] | None = Field(None, description="Pods; 1 if absent. Not with autoscale.")
    service: Service | None = Field(None, description="Port and type of the Service.")
    autoscale: Autoscale | None = Field(None, description="Replicas by load.")
    volumeClaims: Annotated[list[VolumeClaim], Field(min_length=1)] | None = Field(
        None, description="A volume of its own for each pod: a StatefulSet in place of the Deployment."
    )


class Deployed(Replicated):
    """What those of them have besides that are reached through an Ingress or a Gateway."""

    ingress: Ingress | None = Field(None, description="Reach it from outside through an Ingress.")
    gateway: Gateway | None = Field(None, description="Reach it from outside through a Gateway; needed for variants.")
