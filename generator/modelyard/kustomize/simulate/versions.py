"""Where versions of kustomize differ in what a kustomization does to objects, and which of them is followed.

Source: the modules sigs.k8s.io/kustomize/api 0.13.2 (kustomize 5.0.1) to 0.21.3 (5.8.3), compared with one another:
internal/target, internal/konfig/builtinpluginconsts, internal/image; and builds by 5.0.1, 5.5.0, 5.8.1 and 5.8.2.
"""

from typing import Final, NamedTuple

from modelyard.kustomize.build import Program, Version
from modelyard.problems import Problem, problem

OLDEST: Final[Version] = (5, 0, 1)
NEWEST: Final[Version] = (5, 8, 3)


class Followed(NamedTuple):
    """The version whose steps are taken."""

    version: Version

    def __str__(self) -> str:
        """Return it as kustomize writes it."""
        return ".".join(map(str, self.version))

    @property
    def has_components_last(self) -> bool:
        """Tell whether components come after the configurations and generators of what lists them."""
        return self.version >= (5, 1, 0)

    @property
    def reads_labels_of_configurations(self) -> bool:
        """Tell whether `labels` of a configuration file adds to where labels: puts its pairs."""
        return self.version >= (5, 4, 2)

    @property
    def renames_image_volumes(self) -> bool:
        """Tell whether images: reaches the reference of an image volume in pods and pod templates."""
        return self.version >= (5, 7, 0)

    @property
    def renames_image_volumes_of_jobs(self) -> bool:
        """Tell whether it reaches those of a CronJob too."""
        return self.version >= (5, 8, 2)

    @property
    def labels_claims_with_templates(self) -> bool:
        """Tell whether includeTemplates also labels a StatefulSet's claims; since 5.8.2 a field of its own does."""
        return self.version < (5, 8, 2)

    @property
    def takes_any_digest(self) -> bool:
        """Tell whether images: knows an image with another digest than sha256 by its name."""
        return self.version >= (5, 8, 2)


def followed(asked: Program | None) -> tuple[Followed, str, list[Problem]]:
    """Return which version to follow, what is said of it, and MY627 where it is not that of the program.

    asked: the program that builds, None if there is none on PATH.
    """
    if asked is None:
        return Followed(NEWEST), f"kustomize is not on PATH: steps are simulated as in {Followed(NEWEST)}", []
    if asked.version is None:
        nearest, why = Followed(NEWEST), f"{asked.name} does not say its version"
    elif not OLDEST <= asked.version <= NEWEST:
        nearest = Followed(OLDEST if asked.version < OLDEST else NEWEST)
        why = f"{asked} is {'older' if asked.version < OLDEST else 'newer'} than what is known here"
    else:
        return Followed(asked.version), f"steps are simulated as in {asked}", []
    hint = f"other differences are not predicted; kustomize {Followed(OLDEST)} to {Followed(NEWEST)} are known"
    message = f"{why}: steps are simulated as in {nearest}"
    return nearest, message, [problem("MY627", message, hint=hint)]
