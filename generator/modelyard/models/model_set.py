"""The set: what all models of one file have in common."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Discriminator, Field, Tag

from modelyard.manifests import names
from modelyard.models.base import (
    Annotations,
    Image,
    JsonObject,
    Labels,
    Name,
    ObjectName,
    Shape,
    checked,
    is_mapping,
    later,
)

if TYPE_CHECKING:
    from modelyard.models.notify import Notify
    from modelyard.models.patches import ForeignPatch
    from modelyard.models.viya import Viya
else:
    ForeignPatch = later("modelyard.models.patches", "ForeignPatch")
    Notify = later("modelyard.models.notify", "Notify")
    Viya = later("modelyard.models.viya", "Viya")  # few sets have it

API_VERSION = "modelyard.dev/v1alpha1"

Namespace = Annotated[str, checked(names.dns_1123_label)]
# knative/serving v0.50.0, pkg/apis/config/features.go; the prefix `kubernetes.`, where there is one, is left out.
Feature = Literal[
    "containerspec-addcapabilities",
    "multi-container-probing",
    "podspec-affinity",
    "podspec-dnsconfig",
    "podspec-dnspolicy",
    "podspec-fieldref",
    "podspec-hostaliases",
    "podspec-hostipc",
    "podspec-hostnetwork",
    "podspec-hostpid",
    "podspec-init-containers",
    "podspec-nodeselector",
    "podspec-persistent-volume-claim",
    "podspec-persistent-volume-write",
    "podspec-priorityclassname",
    "podspec-runtimeclassname",
    "podspec-schedulername",
    "podspec-securitycontext",
    "podspec-shareprocessnamespace",
    "podspec-tolerations",
    "podspec-topologyspreadconstraints",
    "podspec-volumes-csi",
    "podspec-volumes-ephemeral",
    "podspec-volumes-hostpath",
    "podspec-volumes-image",
    "podspec-volumes-mount-propagation",
]


class Metadata(Shape):
    """The set's own name, and what a kustomize plugin's document carries besides."""

    name: Name = Field(description="DNS label; the app.kubernetes.io/part-of of all that is rendered.")
    labels: dict[str, str] | None = Field(None, description="Labels of this document itself; not rendered.")
    annotations: dict[str, str] | None = Field(None, description="Annotations of this document itself; not rendered.")
    namespace: Namespace | None = Field(None, description="Namespace of this document itself; not rendered.")


class ServiceAccount(Shape):
    """The ServiceAccount of all pods of the set; its token is not mounted."""

    name: ObjectName | None = Field(None, description="Name; the set's own name if absent.")
    create: bool = Field(True, description="Render it; false uses an existing one.")
    annotations: Annotations | None = Field(None, description="Its annotations, such as a cloud role.")


class Peer(Shape):
    """A namespace that traffic may come from."""

    namespace: Namespace = Field(description="Name of the namespace.")


class NetworkPolicy(Shape):
    """Who may call the pods. Without `ingressFrom`, the serving port is open to every namespace."""

    ingressFrom: list[Peer] | None = Field(None, description="Namespaces that may call: the gateway's, a client's.")
    monitoringFrom: list[Peer] | None = Field(None, description="Namespaces that may read metrics.")


PolicyOrFalse = Annotated[
    Annotated[NetworkPolicy, Tag("mapping")] | Annotated[Literal[False], Tag("scalar")], Discriminator(is_mapping)
]


class KnativeCluster(Shape):
    """What the cluster's Knative Serving is set up for."""

    features: list[Feature] | None = Field(None, description="Feature flags of config-features that are on.")


class Spec(Shape):
    """The set without its models and defaults, which are merged and checked one by one."""

    platform: Literal["kubernetes", "openshift"] = Field(
        "kubernetes", description="openshift: no user id is set in any object."
    )
    delivery: Literal["kustomize", "flux", "argocd"] = Field(
        "kustomize",
        description="Who applies what is rendered, and what is written for it. flux: objects that hold ${ say that "
        "Flux must put no variables there. argocd: objects say after what they come, and after what they go, where "
        "that matters.",
    )
    namespace: Namespace | None = Field(
        None, description="Written into the objects; when absent, the kustomization decides."
    )
    registry: Annotated[str, checked(names.registry)] | None = Field(
        None, description="Put before images that name no registry host."
    )
    imagePullSecrets: list[ObjectName] | None = Field(None, description="Names of Secrets for pulling images.")
    toolImage: Image | None = Field(
        None,
        description="Image with modelyard, for what runs beside models: on sagemaker-proxy, what reads CSV for "
        "TensorFlow Serving; in the Jobs of score --engine jobs, what scores; with requestLog, what logs calls.",
    )
    labels: Labels | None = Field(None, description="On every object and every pod.")
    annotations: Annotations | None = Field(None, description="On every object.")
    serviceAccount: ServiceAccount = Field(
        default_factory=ServiceAccount, description="ServiceAccount of the set; tokens are not mounted."
    )
    networkPolicy: PolicyOrFalse = Field(
        default_factory=NetworkPolicy, description="NetworkPolicy: who may call the pods; false renders none."
    )
    knative: KnativeCluster = Field(
        default_factory=KnativeCluster, description="What this cluster's Knative is set up for."
    )
    notify: Notify | None = Field(None, description="Who hears of changes, of commands with --notify.")
    viya: Viya | None = Field(None, description="Content of a SAS Viya deployment's site-config.")
    patches: list[ForeignPatch] | None = Field(
        None,
        description="JSON Patches on objects that others wrote: with `helm modelyard`, as a post-renderer, as a KRM "
        "transformer. What renders the set alone refuses them.",
    )
    allowEmpty: bool = Field(False, description="Permit a set that renders nothing.")


class ModelSet(Shape):
    """The head of a models file."""

    apiVersion: Literal["modelyard.dev/v1alpha1"] = Field(description="Version of the format.")
    kind: Literal["ModelSet"] = Field(description="ModelSet.")
    metadata: Metadata = Field(description="Name of the set.")
    spec: Spec = Field(description="The set.")


class Source(Shape):
    """Where a ModelGenerator finds its models file, and what it emits."""

    models: str = Field(description="Path of the models file, relative to the kustomization.")
    emit: Literal["resources", "transformers"] = Field(
        "resources", description="Objects and ConfigMaps, or the transformers that patch a base."
    )


class ModelGenerator(Shape):
    """A pointer to a models file: the configuration of the kustomize plugin."""

    apiVersion: Literal["modelyard.dev/v1alpha1"] = Field(description="Version of the format.")
    kind: Literal["ModelGenerator"] = Field(description="ModelGenerator.")
    metadata: JsonObject = Field(description="Name, and for the KRM plugin the annotation that names modelyard-fn.")
    spec: Source = Field(description="What to generate.")
