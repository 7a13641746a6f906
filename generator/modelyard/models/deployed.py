"""What targets that run a Deployment let a model say: replicas, and how it is reached from outside."""

from typing import Annotated

from pydantic import Field

from modelyard.models.shape import Annotations, Host, Name, ObjectName, Shape


class IngressTls(Shape):
    """The certificate of an Ingress."""

    secretName: ObjectName = Field(description="Secret of type kubernetes.io/tls.")


class Ingress(Shape):
    """An Ingress to the model."""

    host: Host = Field(description="Full host name.")
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
    cpu: Annotated[int, Field(ge=1)] = Field(70, description="Percent of the CPU request that it aims at.")


class Deployed(Shape):
    """What all targets with a Deployment have in common."""

    name: Name | None = Field(None, description="Object name when the model's own name is taken by another target.")
    replicas: Annotated[int, Field(ge=0)] | None = Field(None, description="Pods; 1 if absent. Not with autoscale.")
    ingress: Ingress | None = Field(None, description="Reach it from outside through an Ingress.")
    gateway: Gateway | None = Field(None, description="Reach it from outside through a Gateway; needed for variants.")
    autoscale: Autoscale | None = Field(None, description="Replicas by load.")
