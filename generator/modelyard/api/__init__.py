"""The public Python API, and the only composer of the pipeline: the command line, the plugin and notebooks call it.

from modelyard import api

result = api.render("overlays/dev")
for each in result.problems:
    print(each.place, each.message, each.hint)

`api.score` is there too, and loads with its first use, as all in `_LATER` does. What goes beyond is imported by name:
`modelyard.api.scoring` (options of a run that scores), `modelyard.api.cluster` (what a cluster serves),
`modelyard.api.built` (what a kustomization made of a models file), `modelyard.api.streams` (objects that others wrote),
`modelyard.api.site_config` (the SAS Viya deployment that it is for), `modelyard.api.sagemaker` and
`modelyard.api.image` (what SageMaker needs besides).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

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
    "score",
    "show",
    "starter",
    "write",
]

# Functions of rooms with heavy packages, which the exec plugin must not load: name -> module.
_LATER: Final = {
    "score": "modelyard.api.scoring",
}

if TYPE_CHECKING:
    from modelyard.api.scoring import score
else:

    def __getattr__(name: str) -> object:
        """Return a function of `_LATER` (PEP 562)."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_LATER[name]), name)
