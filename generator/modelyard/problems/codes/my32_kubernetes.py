"""MY320 to MY339, MY356 and MY357: findings on objects of core Kubernetes, and on pods of whatever kind."""

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
        "Keys are qualified names. A label's value has at most 63 letters, digits, -, _ and ., and is a text.",
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
        "An entry that stands twice",
        "Of two variables of one name the last one counts in the container, and server-side apply refuses the "
        "object. So it does for two pull Secrets of one name.",
    ),
    "MY327": Code("An unknown word", "The API server knows a few words in this field, and refuses any other."),
    "MY328": Code(
        "A container or volume that lacks something",
        "Each container has an image and a name of its own, each volume a name of its own. A strategic merge patch of "
        "kustomize replaces lists of kinds that it does not know, and what stood there is gone.",
    ),
    "MY329": Code(
        "A port that no pod has",
        "A Service sends its calls to a port of the pods that it selects; none of those in the set has a port of this "
        "name.",
    ),
    "MY330": Code(
        "A reference that leads nowhere",
        "The object that is named stands in the set under a name with a hash, or does not have the key. The pod would "
        "not start.",
    ),
    "MY331": Code(
        "A reference out of the set",
        "The object that is named is not among those that were checked, so the cluster must have it already.",
        "note",
    ),
    "MY332": Code(
        "A file of a volume that Kubernetes refuses",
        "A file mode is a number from 0 to 511, which is 0777 in octal: 0644 is 420. JSON has no octal numbers, and "
        "YAML readers disagree about them. The path of a file is relative and stays in the volume.",
    ),
    "MY333": Code(
        "A place to run that Kubernetes refuses",
        "A toleration without a key is of the operator Exists, which takes no value; tolerationSeconds is of the "
        "effect NoExecute. Labels of nodes have the form of labels, and classes that of names.",
    ),
    "MY334": Code(
        "A volume or mount that Kubernetes refuses",
        "Each source names what it is of, and stays in its limits. A subPath is relative and stays in the volume. A "
        "claim has a size and a mode of access.",
    ),
    "MY335": Code(
        "A variable from nowhere",
        "A variable has a value or one reference. fieldRef knows a few fields of the pod, resourceFieldRef the limits "
        "and requests of cpu, memory and ephemeral-storage.",
    ),
    "MY336": Code(
        "An autoscaler that cannot count",
        "A metric has the field of its type and in its target one value; windows and periods of behavior have limits.",
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
        "It asks in exactly one way; a command has at least one word, and a header a name. Numbers are not negative, "
        "and only a readiness probe wants more than one success.",
    ),
    "MY356": Code(
        "A security context that contradicts itself",
        "privileged and CAP_SYS_ADMIN exclude allowPrivilegeEscalation: false, which modelyard sets unless the model "
        "says otherwise. localhostProfile is of profiles of the type Localhost, and those have one.",
    ),
    "MY357": Code(
        "An Ingress or HTTPRoute that is refused",
        "ingressClassName and the older annotation kubernetes.io/ingress.class do not differ. Paths are absolute, "
        "without //, /./ and /../, and hosts are names. An HTTPRoute takes only characters of URLs.",
    ),
}
