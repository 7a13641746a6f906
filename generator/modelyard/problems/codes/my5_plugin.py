"""MY5: the plugins of kustomize, Argo CD and Helm."""

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
    "MY503": Code(
        "Objects that the set no longer gives",
        "The host sent objects that this set rendered before: their labels managed-by and part-of say so. The models "
        "file gives them no longer, as after a model was renamed or removed, so they are not passed on, and the host "
        "deletes their files.",
        "note",
    ),
    "MY504": Code(
        "A package of kpt that lacks a line",
        "kpt rewrites and applies each file that .krmignore does not name, and calls the functions that Kptfile lists. "
        "`modelyard init --kpt` writes both files where they are missing, and leaves them alone where they are not.",
        "warning",
    ),
    "MY505": Code(
        "A parameter that the plugin of Argo CD does not take",
        "It takes `environment`, a string, and `images`, a map. A misspelt one would change nothing, and an "
        "Application would look as if it did.",
    ),
    "MY506": Code(
        "No Helm that can be used",
        "The plugin is laid where the Helm on PATH looks for plugins, which `helm env HELM_PLUGINS` says. "
        "`modelyard plugin status` says which there are.",
    ),
    "MY507": Code(
        "A plugin that would break Helm 3",
        "A post-renderer of Helm 4 has a plugin.yaml of apiVersion v1. Helm 3 loads no plugin at all from a "
        "folder that holds one. `helm modelyard` has the older form, which both load.",
    ),
}
