"""MY3: findings on rendered objects. MY301 to MY319 are Knative's; the files beside this one have the others."""

from typing import Final

from modelyard.problems.codes.code import Code

FINDINGS: Final[dict[str, Code]] = {
    "MY301": Code(
        "A field behind a feature flag",
        "Knative refuses this field unless the cluster's ConfigMap config-features enables its flag. If it "
        "does, name the "
        "flag under spec.knative.features; some fields have no flag and are never allowed.",
    ),
    "MY302": Code("The same mount path twice", "Kubernetes refuses a container that mounts two volumes at one path."),
    "MY303": Code(
        "Not an object",
        "An object of Kubernetes is a mapping with apiVersion, kind, and metadata with a name (or generateName). "
        "Objects in a list of kind List are checked one by one.",
    ),
    "MY304": Code(
        "A name that Knative refuses",
        "Knative Services, Configurations, Routes and Revisions are named with DNS-1035 labels: at most 63 lower-case "
        "letters, digits and -, a letter first.",
    ),
    "MY305": Code(
        "A revision's name that Knative refuses",
        "If a revision has a name, it begins with the name of its Service and a hyphen. A namePrefix of kustomize "
        "changes only one of the two.",
    ),
    "MY306": Code(
        "A port that Knative refuses",
        "A revision has one TCP port, without a name or called h2c or http1, and none of Knative's own.",
    ),
    "MY307": Code(
        "An annotation's value that Knative refuses",
        "Scales, targets, windows and quantities have a form and limits. Annotation values are strings, so quote "
        "numbers.",
    ),
    "MY308": Code(
        "An annotation in the wrong place",
        "Autoscaling annotations belong to the revision, in spec.template.metadata; Knative refuses them on the "
        "Service. It also refuses annotations of networking.knative.dev that it does not know.",
    ),
    "MY309": Code(
        "Traffic that Knative refuses",
        "Percents add up to 100, a tag is used once, and a target names one revision or the latest.",
    ),
    "MY310": Code(
        "A limit of Knative",
        "By default containerConcurrency is at most 1000 and timeoutSeconds at most 600; user and group are "
        "numbers of 31 bits.",
    ),
    "MY311": Code(
        "A container that Knative refuses", "A revision has at least one container, and none is called queue-proxy."
    ),
    "MY312": Code(
        "A variable that Knative sets", "Knative sets PORT, K_SERVICE, K_CONFIGURATION and K_REVISION in the container."
    ),
    "MY313": Code(
        "A volume that Knative refuses",
        "Each volume has one source and is mounted, at an absolute path that is not / or /dev.",
    ),
    "MY314": Code(
        "A probe that Knative refuses",
        "A probe has one kind of check, on the container's own port. Without periodSeconds Knative probes several "
        "times a second, and allows neither timeoutSeconds nor failureThreshold.",
    ),
    "MY315": Code(
        "A DomainMapping that Knative refuses",
        "Its name is a host outside the cluster, and it refers to an object by apiVersion, kind and name.",
    ),
    "MY316": Code(
        "Metadata that Knative writes",
        "Knative makes creator and lastModifier immutable, and sets labels of owners itself. Such metadata comes from "
        "an exported object: take it out.",
    ),
    "MY317": Code(
        "Traffic to a revision of another Service",
        "Knative takes the name of any revision, and the Service then answers with what another Service made. The "
        "revisions of a Service start with its own name.",
        "warning",
        ignorable=True,
    ),
    "MY318": Code(
        "A label of visibility that is not read",
        "Knative reads networking.knative.dev/visibility: cluster-local. With the older label the Service is public.",
        "warning",
        ignorable=True,
    ),
    "MY319": Code(
        "A liveness probe that is asked elsewhere",
        "Knative lets the kubelet ask whether the container with the port lives at that port, whatever port the probe "
        "names, unless the feature multi-container-probing is on. A path that only another port answers restarts the "
        "container again and again.",
        "warning",
        ignorable=True,
    ),
}
