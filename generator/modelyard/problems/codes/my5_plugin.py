"""MY5: the kustomize plugin."""

from typing import Final

from modelyard.problems.codes.code import Code

PLUGIN: Final[dict[str, Code]] = {
    "MY501": Code(
        "A plugin configuration that is not understood",
        "The kinds are ModelGenerator and ModelSet of modelyard.dev/v1alpha1.",
    ),
    "MY502": Code(
        "Nothing emits transformers",
        "emit: transformers is for sections that patch objects of a base, such as viya; the set has none.",
    ),
}
