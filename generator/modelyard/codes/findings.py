"""MY3: findings on rendered objects."""

from typing import Final

from modelyard.codes.code import Code

FINDINGS: Final[dict[str, Code]] = {
    "MY301": Code(
        "A field behind a feature flag",
        "Knative refuses this field unless the cluster's ConfigMap config-features enables its flag. If it "
        "does, name the "
        "flag under spec.knative.features; some fields have no flag and are never allowed.",
    ),
    "MY302": Code("The same mount path twice", "Kubernetes refuses a container that mounts two volumes at one path."),
}
