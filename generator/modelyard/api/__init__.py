"""The public Python API, and the only composer of the pipeline: the command line, the plugin and notebooks call it.

from modelyard import api

result = api.render("overlays/dev")
for each in result.problems:
    print(each.place, each.message, each.hint)

A models file leads to no file outside of its Git working tree, else of its folder, but `with
api.allowing_outside(folder)`.

`api.apply`, `diff`, `list`, `delete`, `traffic`, `promote`, `rollback` and `score` load with their first use, as all in
`_LATER` does. What goes beyond is imported by name: `modelyard.api.scoring` (options of a run that scores),
`modelyard.api.cluster` (several calls with one connection), `modelyard.api.deploy` (a model without a file),
`modelyard.api.history` and `modelyard.api.edits` (a models file under git, changed in place), `modelyard.api.register`
and `modelyard.api.commits` (what was served when, by git), `modelyard.api.notices` (who hears of a change),
`modelyard.api.build` (what a kustomization made of a models file), `modelyard.api.objects` (objects that others wrote),
`modelyard.api.site_config` (the SAS Viya deployment that it is for), `modelyard.api.sagemaker` (what SageMaker needs
besides), `modelyard.api.chart` (a Helm chart of a models file), `modelyard.api.post_render` (what it does to a chart of
others), `modelyard.api.locking` (digests of images), `modelyard.api.artifacts` (what is rendered, in a registry),
`modelyard.api.image` (build contexts of images), `modelyard.api.sources` (registries of models),
`modelyard.api.challenger` and `modelyard.api.proposals` (a version of them beside what serves, as an edit and as a
branch), `modelyard.api.containers` (programs that build and run them), `modelyard.api.spark_migration` (a pyspark
project, and writing what it gives) and `modelyard.api.attempt` (a model without a cluster).
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
    overlay_in_part,
    render,
    render_loaded,
    show,
    write,
    write_several,
    writer,
)
from modelyard.modelsfile.load import allowing_outside

__all__ = [
    "GENERATED",
    "MODELS_FILE",
    "Applying",
    "Connection",
    "Rendering",
    "allowing_outside",
    "apply",
    "check",
    "delete",
    "diff",
    "drift",
    "generated",
    "list",
    "load",
    "load_shown",
    "migrate_spark",
    "models_file",
    "overlay",
    "overlay_in_part",
    "promote",
    "render",
    "render_loaded",
    "rollback",
    "score",
    "show",
    "starter",
    "traffic",
    "write",
    "write_several",
    "writer",
]

# What the exec plugin must not load: name -> module and name there.
_LATER: Final = {
    "Applying": ("commands", "Applying"),
    "Connection": ("cluster", "Connection"),
    "apply": ("commands", "apply"),
    "delete": ("commands", "delete"),
    "diff": ("commands", "diff"),
    "list": ("commands", "list_models"),
    "migrate_spark": ("spark_migration", "migrate_spark"),
    "promote": ("commands", "promote"),
    "rollback": ("commands", "rollback"),
    "score": ("scoring", "score"),
    "starter": ("starters", "starter"),
    "traffic": ("commands", "traffic"),
}

if TYPE_CHECKING:
    from modelyard.api.cluster import Connection
    from modelyard.api.commands import Applying, apply, delete, diff, promote, rollback, traffic
    from modelyard.api.commands import list_models as list  # noqa: A004 - the name of the command
    from modelyard.api.scoring import score
    from modelyard.api.spark_migration import migrate_spark
    from modelyard.api.starters import starter
else:

    def __getattr__(name: str) -> object:
        """Return what `_LATER` names (PEP 562)."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, own = _LATER[name]
        return getattr(import_module(f"modelyard.api.{module}"), own)
