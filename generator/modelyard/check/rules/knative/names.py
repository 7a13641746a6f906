"""Names that Knative Serving refuses, and metadata that only its webhook writes.

Source: knative/serving v0.50.0, pkg/apis/serving/v1/*_validation.go, v1beta1/domainmapping_validation.go;
knative.dev/pkg, apis/metadata_validation.go, apis/duck/v1/knative_reference.go.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, at, items, mapping, text
from modelyard.check.pods import KNATIVE
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import dns_1035_label, host

_LABELLED: Final = frozenset(["Service", "Configuration", "Route", "Revision"])
_TEMPLATED: Final = frozenset(["Service", "Configuration"])
# Label -> kind of the owner that it names: the controllers set both, nobody else may.
_OWNED: Final = {
    "Configuration": ("serving.knative.dev/service", "Service"),
    "Route": ("serving.knative.dev/service", "Service"),
    "Revision": ("serving.knative.dev/configuration", "Configuration"),
}
_WRITTEN: Final = ("serving.knative.dev/creator", "serving.knative.dev/lastModifier")
# apimachinery, pkg/apis/meta/v1/types.go, ObjectMeta.
_METADATA: Final = frozenset(
    [
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    ]
)
_OLD_VISIBILITY: Final = "serving.knative.dev/visibility"  # networking/v1alpha1 has had it since 0.18
_CLUSTER_DOMAIN: Final = ".svc.cluster.local"


def knative_names(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find names of Services, Configurations, Routes and Revisions that are no DNS-1035 labels."""
    for index, manifest in enumerate(manifests):
        if manifest.group == KNATIVE and manifest.kind in _LABELLED:
            metadata = mapping(manifest.body.get("metadata"))
            for key in ("name", "generateName"):
                name = text(metadata.get(key))
                if name and (wrong := _label(name, prefix=key == "generateName")):
                    hint = "write a name such as credit-risk"
                    yield Finding("MY304", f"the name {name} {wrong}", hint, index, ("metadata", key))


def revision_names(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find names of revisions that are no labels, or do not begin with their Service's."""
    for index, manifest in enumerate(manifests):
        if manifest.group == KNATIVE and manifest.kind in _TEMPLATED:
            for found in _revision_name(manifest.body):
                yield found.on("MY305", index)


def _revision_name(body: dict[str, Any]) -> Iterator[Found]:
    own = mapping(body.get("metadata"))
    template = at(body, "spec", "template", "metadata")
    path: Path = ("spec", "template", "metadata")
    generated, name = text(template.get("generateName")), text(template.get("name"))
    if generated and (wrong := _label(generated, prefix=True)):
        yield Found(f"the revisions' generateName {generated} {wrong}", "take it out", (*path, "generateName"))
    if not name:
        return
    start = f"{text(own.get('name'))}-"
    hint = f"begin it with {start}, and give each change of the template another name"
    if wrong := dns_1035_label(name):
        yield Found(f"the revision's name {name} {wrong}", hint, (*path, "name"))
    elif start == "-" and text(own.get("generateName")):
        yield Found("a revision has a name, and its Service has none", "take it out", (*path, "name"))
    elif not name.startswith(start):
        hint += "; namePrefix and nameSuffix of a kustomization do not change it"
        yield Found(f"the revision's name {name} does not begin with {start}", hint, (*path, "name"))


def template_metadata(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find fields in the metadata of a template that no metadata has; the schema of Knative leaves it open."""
    for index, manifest in enumerate(manifests):
        if manifest.group == KNATIVE and manifest.kind in _TEMPLATED:
            for key in at(manifest.body, "spec", "template", "metadata"):
                if key not in _METADATA:
                    path = ("spec", "template", "metadata", key)
                    yield Finding("MY301", f"metadata has no field {key}", "take it out", index, path)


def written_by_knative(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find annotations that Knative's webhook makes immutable, and labels of objects that controllers own."""
    for index, manifest in enumerate(manifests):
        if manifest.group != KNATIVE:
            continue
        metadata = mapping(manifest.body.get("metadata"))
        for key in _WRITTEN:
            if key in mapping(metadata.get("annotations")):
                hint = "take it out: it comes from an exported object, and is refused anywhere else"
                yield Finding("MY316", f"Knative itself writes {key}", hint, index, ("metadata", "annotations", key))
        label, owner = _OWNED.get(manifest.kind, ("", ""))
        name = mapping(metadata.get("labels")).get(label)
        owners = [(each.get("kind"), each.get("name")) for _, each in items(metadata.get("ownerReferences"))]
        if isinstance(name, str) and (owner, name) not in owners:
            hint = f"take it out: Knative sets it on what a {owner} owns"
            yield Finding("MY316", f"Knative itself writes {label}", hint, index, ("metadata", "labels", label))


def visibility(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find the older label of visibility, which leaves a Service reachable from everywhere."""
    for index, manifest in enumerate(manifests):
        if manifest.group == KNATIVE and _OLD_VISIBILITY in mapping(at(manifest.body, "metadata").get("labels")):
            message = f"Knative reads the label {_OLD_VISIBILITY} no longer, so the Service is public"
            hint = "write networking.knative.dev/visibility"
            yield Finding("MY318", message, hint, index, ("metadata", "labels", _OLD_VISIBILITY))


def domain_mappings(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find DomainMappings that map no public host, or to nothing."""
    for index, manifest in enumerate(manifests):
        if manifest.group == KNATIVE and manifest.kind == "DomainMapping":
            for found in _domain_mapping(manifest.body):
                yield found.on("MY315", index)


def _domain_mapping(body: dict[str, Any]) -> Iterator[Found]:
    metadata = mapping(body.get("metadata"))
    name = text(metadata.get("name"))
    if metadata.get("generateName"):
        yield Found("a DomainMapping has no generateName", "its name is the host", ("metadata", "generateName"))
    if name.endswith(_CLUSTER_DOMAIN):
        hint = "map a host outside the cluster's own domain"
        yield Found(f"the host {name} is inside the cluster", hint, ("metadata", "name"))
    elif wrong := host(name.removesuffix(".")):
        yield Found(f"the host {name} {wrong}", "the name of a DomainMapping is its host", ("metadata", "name"))
    ref = at(body, "spec", "ref")
    for key in ("apiVersion", "kind", "name"):
        if not ref.get(key):
            hint = "ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: …}"
            yield Found(f"the reference has no {key}", hint, ("spec", "ref", key))
    if ref.get("group"):
        yield Found("the reference has a group", "apiVersion says it", ("spec", "ref", "group"))
    namespace, other = text(metadata.get("namespace")), text(ref.get("namespace"))
    if namespace and other and namespace != other:
        message = f"the mapping is in {namespace}, and what it refers to in {other}"
        yield Found(message, "keep both in one namespace", ("spec", "ref", "namespace"))


def _label(name: str, *, prefix: bool) -> str | None:
    """Check a label, or what a label begins with (apimachinery, pkg/api/validation, NameIsDNS1035Label)."""
    return dns_1035_label(f"{name[:-1]}a" if prefix and name.endswith("-") else name)
