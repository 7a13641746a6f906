"""Strategic merge of a patch into an object, as kustomize does it.

Lists of built-in kinds merge by their key, and what a patch adds comes first; all others are replaced whole.
Source: kustomize 5.8.1, kyaml/yaml/merge2/merge2.go and kyaml/yaml/walk; keys: x-kubernetes-patch-merge-key and
x-kubernetes-list-map-keys of kubernetes' api/openapi-spec/swagger.json.
"""

from typing import Any, Final, NamedTuple

from modelyard.kustomize.simulate.keyed_lists import merged
from modelyard.kustomize.simulate.read import fresh

DIRECTIVE: Final = "$patch"


class Schema(NamedTuple):
    """What is known of a value: the schemas of a mapping's keys; keys: those that tell a list's items apart.

    keys ("",): a list of texts that is joined. None: a list that is replaced.
    """

    fields: dict[str, "Schema"] = {}  # noqa: RUF012 - never changed
    keys: tuple[str, ...] | None = None


NO_SCHEMA: Final = Schema()
_CONTAINERS: Final = Schema(
    {
        "env": Schema(keys=("name",)),
        "ports": Schema(keys=("containerPort", "protocol")),
        "volumeDevices": Schema(keys=("devicePath",)),
        "volumeMounts": Schema(keys=("mountPath",)),
    },
    ("name",),
)
_POD: Final = Schema(
    {
        "containers": _CONTAINERS,
        "ephemeralContainers": _CONTAINERS,
        "hostAliases": Schema(keys=("ip",)),
        "imagePullSecrets": Schema(keys=("name",)),
        "initContainers": _CONTAINERS,
        "resourceClaims": Schema(keys=("name",)),
        "schedulingGates": Schema(keys=("name",)),
        "topologySpreadConstraints": Schema(keys=("topologyKey", "whenUnsatisfiable")),
        "volumes": Schema(keys=("name",)),
    }
)
_METADATA: Final = Schema({"finalizers": Schema(keys=("",)), "ownerReferences": Schema(keys=("uid",))})
_TEMPLATE: Final = Schema({"metadata": _METADATA, "spec": _POD})
_WORKLOAD: Final = Schema({"spec": Schema({"template": _TEMPLATE})})
_WEBHOOKS: Final = Schema({"webhooks": Schema(keys=("name",))})
_KINDS: Final = {
    ("apps/v1", "DaemonSet"): _WORKLOAD,
    ("apps/v1", "Deployment"): _WORKLOAD,
    ("apps/v1", "ReplicaSet"): _WORKLOAD,
    ("apps/v1", "StatefulSet"): _WORKLOAD,
    ("batch/v1", "Job"): _WORKLOAD,
    ("batch/v1", "CronJob"): Schema({"spec": Schema({"jobTemplate": _WORKLOAD})}),
    ("v1", "Pod"): Schema({"spec": _POD}),
    ("v1", "PodTemplate"): Schema({"template": _TEMPLATE}),
    ("v1", "ReplicationController"): _WORKLOAD,
    ("v1", "Service"): Schema({"spec": Schema({"ports": Schema(keys=("port", "protocol"))})}),
    ("v1", "ServiceAccount"): Schema({"secrets": Schema(keys=("name",))}),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"): _WEBHOOKS,
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"): _WEBHOOKS,
}


def schema_of(body: dict[str, Any]) -> Schema:
    """Return what is known of an object's kind: nothing of a custom one but its metadata."""
    known = _KINDS.get((str(body.get("apiVersion")), str(body.get("kind"))))
    return NO_SCHEMA if known is None else Schema({"metadata": _METADATA, **known.fields})


def merge(body: dict[str, Any], patch: dict[str, Any]) -> bool:
    """Merge a patch into an object; return False if the patch deletes the object."""
    directive = patch.get(DIRECTIVE)
    if directive == "delete":
        return False
    if directive != "replace":  # which kustomize drops where it is for the whole object
        rest = {key: value for key, value in patch.items() if key != DIRECTIVE}
        _merge_mapping(body, rest, schema_of(body))
    return True


def _merge_mapping(body: dict[str, Any], patch: dict[str, Any], schema: Schema) -> None:
    for key, value in patch.items():
        result = _merged(body.get(key), value, schema.fields.get(key, NO_SCHEMA))
        body.pop(key, None)  # so that the key carries the patch's place
        if result is not None:
            body[key] = result


def _merged(old: Any, new: Any, schema: Schema) -> Any:
    """Return what a value becomes; None: it is deleted."""
    if isinstance(new, dict):
        directive = new.get(DIRECTIVE)
        if directive == "delete":
            return None
        rest = fresh(new)
        rest.pop(DIRECTIVE, None)
        if not isinstance(old, dict) or directive == "replace":
            return _cleaned(rest, schema)
        _merge_mapping(old, rest, schema)
        return old
    if isinstance(new, list) and schema.keys is not None:
        return _merged_list(old if isinstance(old, list) else [], new, schema)
    return fresh(new)


def _cleaned(new: Any, schema: Schema) -> Any:
    """Return what a patch adds, without nulls and directives."""
    result = fresh(new)
    for key in list(result):
        value = _merged(None, result[key], schema.fields.get(key, NO_SCHEMA))
        if value is None:
            del result[key]
        else:
            result[key] = value
    return result


def _merged_list(old: list[Any], new: list[Any], schema: Schema) -> list[Any] | None:
    whole = next((each for each in new if isinstance(each, dict) and len(each) == 1 and DIRECTIVE in each), None)
    if whole is not None and whole[DIRECTIVE] == "delete":
        return None
    if whole is not None and whole[DIRECTIVE] == "replace":
        return [fresh(each) for each in new if each is not whole]
    items = [each for each in new if each is not whole]
    if schema.keys == ("",):
        return [*fresh(items), *(each for each in old if each not in items)]
    return merged(old, items, schema.keys or (), lambda own, item: _item(own, item, Schema(schema.fields)))


def _item(own: dict[str, Any] | None, item: dict[str, Any] | None, schema: Schema) -> dict[str, Any] | None:
    found: dict[str, Any] | None = own if item is None else _merged(own, item, schema)
    return found
