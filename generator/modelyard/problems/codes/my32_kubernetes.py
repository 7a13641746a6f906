"""MY320 to MY339, and MY356 to MY359: findings on objects of core Kubernetes, and on pods of whatever kind."""

from typing import Final

from modelyard.problems.codes.code import Code

OBJECTS: Final[dict[str, Code]] = {
    "MY320": Code(
        "A name that Kubernetes refuses",
        "Most objects are named with DNS subdomains, Services with DNS labels that begin with a letter; namespaces are "
        "DNS labels.",
    ),
    "MY321": Code(
        "A label or annotation that Kubernetes refuses",
        "Keys are qualified names. A label's value is a string of at most 63 letters, digits, -, _ and .",
    ),
    "MY322": Code(
        "Not a port", "Ports are from 1 to 65535; their names have at most 15 lower-case letters, digits and -."
    ),
    "MY323": Code(
        "An amount that Kubernetes refuses",
        "An amount is a quantity such as 500m, 2 or 1Gi, and what is requested is at most the limit.",
    ),
    "MY324": Code(
        "A selector that does not match",
        "A workload selects the pods of its own template by their labels; the API server refuses any other selector.",
    ),
    "MY325": Code("A mount without its volume", "Every mount names a volume of the same pod."),
    "MY326": Code(
        "A duplicate entry",
        "If two variables have the same name, the container gets the last one, and server-side apply refuses the "
        "object. It also refuses two pull Secrets of the same name.",
    ),
    "MY327": Code("An unknown word", "The API server accepts only certain words in this field."),
    "MY328": Code(
        "An incomplete container or volume",
        "Each container needs an image and its own name, each volume its own name. In a kind that kustomize does not "
        "know, a strategic merge patch replaces the whole list, and the old entries are lost.",
    ),
    "MY329": Code(
        "A port that no pod has",
        "A Service sends its calls to a port of the pods that it selects. No selected pod in the set has a port of "
        "this name.",
    ),
    "MY330": Code(
        "A reference that leads nowhere",
        "The referenced object has a hash in its name here, or does not have the key. The pod would not start.",
    ),
    "MY331": Code(
        "A reference to an object outside the set",
        "The referenced object is not among the checked ones, so it must already be in the cluster.",
        "note",
    ),
    "MY332": Code(
        "A file of a volume that Kubernetes refuses",
        "A file mode is a number from 0 to 511, which is 0777 in octal: 0644 is 420. JSON has no octal numbers, and "
        "YAML readers disagree about them. The path of a file is relative and stays in the volume.",
    ),
    "MY333": Code(
        "A scheduling field that Kubernetes refuses",
        "A toleration without a key needs the operator Exists, which takes no value. tolerationSeconds needs the "
        "effect NoExecute. Node labels must be valid labels, and class names valid names.",
    ),
    "MY334": Code(
        "A volume or mount that Kubernetes refuses",
        "A source needs its required fields, within their limits. A subPath is relative and stays in the volume. A "
        "claim needs a size and an access mode.",
    ),
    "MY335": Code(
        "A variable without a valid source",
        "A variable has a value or one reference. fieldRef knows a few fields of the pod, resourceFieldRef the limits "
        "and requests of cpu, memory and ephemeral-storage.",
    ),
    "MY336": Code(
        "An autoscaler whose metrics are not valid",
        "A metric needs the field of its type, and one value in its target. Windows and periods of behavior have "
        "limits.",
    ),
    "MY337": Code(
        "An affinity that the API server refuses",
        "In and NotIn need values, Exists and DoesNotExist take none, Gt and Lt take one number; a weight is 1 to 100.",
    ),
    "MY338": Code(
        "A toleration behind a feature gate",
        "The operators Lt and Gt are alpha in Kubernetes 1.35 and 1.36: the API server refuses them unless the feature "
        "gate TaintTolerationComparisonOperators is on.",
        ignorable=True,
    ),
    "MY339": Code(
        "A probe or hook that Kubernetes refuses",
        "It needs exactly one kind of check or action. A command has at least one word, and a header has a name. "
        "Numbers are not negative, and only a readiness probe may need more than one success.",
    ),
    "MY356": Code(
        "A security context that contradicts itself",
        "privileged and CAP_SYS_ADMIN exclude allowPrivilegeEscalation: false, which modelyard sets unless the model "
        "says otherwise. A profile of the type Localhost needs localhostProfile; other types cannot have it.",
    ),
    "MY357": Code(
        "An Ingress or HTTPRoute that is refused",
        "ingressClassName and the older annotation kubernetes.io/ingress.class must agree. Paths are absolute, "
        "without //, /./ and /../, and hosts are names. A path of an HTTPRoute has only characters that URLs allow.",
    ),
    "MY358": Code(
        "A value that the API server refuses",
        "The API server looks further than its schema: at numbers and texts that have a range or a form, at fields "
        "that exclude or need each other, and at what must not be empty. The rules are those of Kubernetes' own "
        "validation, by kind.",
    ),
    "MY359": Code(
        "An API version that is gone",
        "Clusters of this version serve the kind in other versions alone, so nothing can be applied. Fields may have "
        "other names there. `--kubernetes` says which cluster the objects are for; without it, it is the newest.",
    ),
}
