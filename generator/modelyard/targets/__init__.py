"""The targets: where a model can run. A module each; what they share is `workload`.

A new target is a module here, a folder of templates, a case folder, and a line in TARGETS.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Final, NamedTuple, Protocol, cast

from modelyard.manifest import Rendered
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.models.shape import Shape
from modelyard.problem import Problem
from modelyard.template import Templates

TARGETS: Final[Mapping[str, str]] = {
    "deployment": "modelyard.targets.deployment",
    "knative": "modelyard.targets.knative",
    "sagemaker": "modelyard.targets.sagemaker",
}

# Sections of spec that are rendered once for the set.
SECTIONS: Final[Mapping[str, str]] = {
    "viya": "modelyard.targets.viya",
}

# Targets that the models file knows and this version does not have.
PLANNED: Final = frozenset(["sagemaker-proxy", "openshift", "dataproc", "spark-operator"])


class Claim(NamedTuple):
    """A name that a target gives to an object, and the mark of what the name comes from."""

    kind: str
    name: str
    mark: int


class Target(Protocol):
    """What a target's module holds."""

    @property
    def SUMMARY(self) -> str:  # noqa: N802 - constants of the module
        """One line for `modelyard targets`."""

    @property
    def SHARED_FIELDS(self) -> frozenset[str]:  # noqa: N802
        """Fields that all variants of a model share, so that a variant cannot hold them."""

    @property
    def Spec(self) -> type[Shape]:  # noqa: N802
        """Shape of the target's fields."""

    def claims(self, model: DeclaredModel) -> Iterable[Claim]:
        """Yield the names of the objects that a model will have."""

    def check(self, models: DeclaredSet, model: DeclaredModel) -> Iterable[Problem]:
        """Yield what is wrong between several fields."""

    def render(self, models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
        """Return the objects of a model."""


class Section(Protocol):
    """What a section's module holds."""

    @property
    def SUMMARY(self) -> str:  # noqa: N802 - constants of the module
        """One line for `modelyard targets`."""

    def render(self, models: DeclaredSet, templates: Templates) -> Rendered:
        """Return what the section gives; nothing where the set does not have it."""


def section(name: str) -> Section:
    """Return a section by name; its module is imported when it is asked for."""
    return cast("Section", import_module(SECTIONS[name]))


def target(name: str) -> Target:
    """Return a target by name; its module is imported when it is asked for."""
    return cast("Target", import_module(TARGETS[name]))
