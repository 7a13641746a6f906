"""The targets: where a model can run. A model that was declared for one comes in; its manifests go out.

A target is a module here, a folder of templates, a case folder, and a line in TARGETS. What they share is in
`workloads`.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Final, NamedTuple, Protocol, cast

from modelyard.manifests.manifest import Rendered, TypeMeta, for_removal
from modelyard.manifests.template import Templates
from modelyard.models.base import Shape
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Problem
from modelyard.targets.workloads.objects import ACCOUNT

TARGETS: Final[Mapping[str, str]] = {
    "dataproc": "modelyard.targets.dataproc",
    "deployment": "modelyard.targets.deployment",
    "knative": "modelyard.targets.knative",
    "openshift": "modelyard.targets.openshift",
    "sagemaker": "modelyard.targets.sagemaker",
    "sagemaker-proxy": "modelyard.targets.sagemaker_proxy",
    "spark-operator": "modelyard.targets.spark_operator",
}

# Sections of spec that are rendered once for the set.
SECTIONS: Final[Mapping[str, str]] = {
    "viya": "modelyard.targets.viya",
}

# Targets that run jobs, and serve nothing: those of runtime spark.
BATCH: Final = frozenset(["dataproc", "spark-operator"])

# Kinds whose objects the commands of a cluster leave alone, and why.
KEPT: Final[Mapping[TypeMeta, str]] = {
    TypeMeta("networking.internal.knative.dev/v1alpha1", "ClusterDomainClaim"): (
        "it is cluster-wide, and other namespaces may rest on it: an administrator removes it"
    ),
    TypeMeta("batch/v1", "Job"): "it is part of a site-config, which `apply` never brings into a cluster",
}


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
    def KINDS(self) -> frozenset[TypeMeta]:  # noqa: N802
        """Kinds of the objects that it may render."""

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

    @property
    def KINDS(self) -> frozenset[TypeMeta]:  # noqa: N802
        """Kinds of the objects that it may render."""

    def render(self, models: DeclaredSet, templates: Templates) -> Rendered:
        """Return what the section gives; nothing where the set does not have it."""


def section(name: str) -> Section:
    """Return a section by name; its module is imported when it is asked for."""
    return cast("Section", import_module(SECTIONS[name]))


def target(name: str) -> Target:
    """Return a target by name; its module is imported when it is asked for."""
    return cast("Target", import_module(TARGETS[name]))


def kinds() -> list[TypeMeta]:
    """Return all kinds that a set may have in a cluster, in the order in which they can go; not those of KEPT."""
    of_targets, of_sections = (target(each).KINDS for each in TARGETS), (section(each).KINDS for each in SECTIONS)
    every = {ACCOUNT}.union(*of_targets, *of_sections)
    return for_removal(every - KEPT.keys())
