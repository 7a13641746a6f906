"""The public Python API, and the only composer of the pipeline: the command line, the plugin and notebooks call it.

from modelyard import api

result = api.render("overlays/dev")
for each in result.problems:
    print(each.place, each.message, each.hint)

What goes beyond a models file and its folder is imported by name: `modelyard.api.built` (what a kustomization made of
it), `modelyard.api.streams` (objects that others wrote), `modelyard.api.site_config` (the SAS Viya deployment that it
is for), `modelyard.api.sagemaker` and `modelyard.api.image` (what SageMaker needs besides).
"""

from modelyard.api.pipeline import (
    GENERATED,
    MODELS_FILE,
    Rendering,
    check,
    drift,
    generated,
    load,
    load_shown,
    models_file,
    overlay,
    render,
    render_loaded,
    show,
    starter,
    write,
)

__all__ = [
    "GENERATED",
    "MODELS_FILE",
    "Rendering",
    "check",
    "drift",
    "generated",
    "load",
    "load_shown",
    "models_file",
    "overlay",
    "render",
    "render_loaded",
    "show",
    "starter",
    "write",
]
