"""What load hands on: the set and its models, merged and checked, with the places of all values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from modelyard.files.yaml import MapMarks, Sources
from modelyard.files.yaml.marked import MarkedInt, MarkedText, derived, find, marked, with_mark
from modelyard.models.base import Shape
from modelyard.models.model import Model
from modelyard.models.model_set import Metadata, Spec
from modelyard.problems import Place

if TYPE_CHECKING:
    from modelyard.models.contract import PinnedContract

CHAMPION: Final = "champion"  # name of the variant that others are held against, while it takes calls


class Served(NamedTuple):
    """A model without variants, or one variant: what runs in pods of its own.

    specs: the fields of each target that it names. data and marks: the merged mapping it was made from. shadow: it gets
    copies of calls, and has 0 percent of them.
    """

    model: Model
    specs: Mapping[str, Shape]
    data: dict[str, object]
    marks: MapMarks
    variant: str | None = None
    percent: int | None = None
    variant_mark: int | None = None
    percent_mark: int | None = None
    shadow: bool = False

    @property
    def name_mark(self) -> int:
        """Mark of the variant's name, or of the model's."""
        return self.find("name") if self.variant_mark is None else self.variant_mark

    def find(self, *path: str | int) -> int:
        """Return the mark of the value at a path, or of the nearest that exists above it."""
        return find(self.marks, *path)[1]

    def find_key(self, *path: str | int) -> int:
        """Return the mark of the key at a path, or of the nearest that exists above it."""
        return find(self.marks, *path)[0]

    def with_marks(self) -> "Served":
        """Return the same with marks on all values (see places)."""
        specs = {name: marked(spec, find_marks(self.marks, "targets", name)) for name, spec in self.specs.items()}
        variant = self.variant
        if variant is not None and self.variant_mark is not None:
            variant = with_mark(MarkedText(variant), self.variant_mark)
        percent = self.percent
        if percent is not None and self.percent_mark is not None:
            percent = with_mark(MarkedInt(percent), self.percent_mark)
        return self._replace(model=marked(self.model, self.marks), specs=specs, variant=variant, percent=percent)


class DeclaredModel(NamedTuple):
    """One model. With variants, `whole` holds what they share, and `variants` what runs; sorted by name."""

    name: str
    whole: Served
    variants: tuple[Served, ...] = ()

    @property
    def served(self) -> tuple[Served, ...]:
        """What runs in pods: the variants, or the model itself."""
        return self.variants or (self.whole,)

    @property
    def champion(self) -> Served:
        """The variant of that name while it takes calls, else the one with the most percent; a model without variants.

        A challenger that all calls were given to is the champion: what answers nobody has nothing to be measured.
        """
        return max(self.served, key=_rank)

    def champion_beside(self, variant: str | None) -> Served | None:
        """Return who is the champion without a variant: who gives it calls, and gets them back. None if it is alone."""
        return max((each for each in self.split if each.variant != variant), key=_rank, default=None)

    @property
    def split(self) -> tuple[Served, ...]:
        """The variants that calls are split between: all but shadows."""
        return tuple(each for each in self.variants if not each.shadow)

    @property
    def shadows(self) -> tuple[Served, ...]:
        """The variants that get copies of calls."""
        return tuple(each for each in self.variants if each.shadow)

    @property
    def targets(self) -> list[str]:
        """The targets whose fields are sound in the model and in all its variants, sorted."""
        return [name for name in sorted(self.whole.specs) if all(name in each.specs for each in self.served)]

    def with_marks(self) -> "DeclaredModel":
        """Return the same with marks on all values."""
        return DeclaredModel(self.name, self.whole.with_marks(), tuple(each.with_marks() for each in self.variants))


def _rank(served: Served) -> tuple[object, ...]:
    """Return a key by which the champion of variants is the largest."""
    is_named, percent = served.variant == CHAMPION, served.percent or 0
    return not served.shadow, is_named and percent > 0, percent, is_named


class DeclaredSet(NamedTuple):
    """The set: its head, and the models that are sound enough to be rendered, sorted by name.

    digests: what the lock says, image -> digest; None where there is no lock. contracts: likewise, model -> what it
    takes and gives.
    """

    metadata: Metadata
    spec: Spec
    marks: MapMarks
    sources: Sources
    models: tuple[DeclaredModel, ...] = ()
    files: tuple[str, ...] = ()
    digests: Mapping[str, str] | None = None
    contracts: "Mapping[str, PinnedContract] | None" = None

    def place(self, mark: int) -> Place:
        """Return the place of a mark."""
        return self.sources.place(mark)

    def names(self, key: str) -> bool:
        """Tell whether the file has a key under spec, whatever its value."""
        return key in find_marks(self.marks, "spec").entries

    def with_marks(self, models: tuple[DeclaredModel, ...]) -> "DeclaredSet":
        """Return the set with these models alone, and marks on all values."""
        spec = marked(self.spec, find_marks(self.marks, "spec"))
        metadata = marked(self.metadata, find_marks(self.marks, "metadata"))
        return self._replace(metadata=metadata, spec=spec, models=tuple(each.with_marks() for each in models))

    def locked(self, image: str) -> str:
        """Return an image with the digest that the lock has of it; as it is where the lock has none."""
        digest = (self.digests or {}).get(image)
        return derived(f"{image}@{digest}", image) if digest else image

    def digest(self, image: str) -> str:
        """Return the digest that an image names, or that the lock has of it; empty where neither does."""
        return image.partition("@")[2] or (self.digests or {}).get(image, "")


def find_marks(marks: MapMarks, *path: str) -> MapMarks:
    """Return the marks of the mapping at a path; an empty one at the nearest place if there is none."""
    current = marks
    for part in path:
        _, below = current.entries.get(part, (0, MapMarks(current.at)))
        current = below if isinstance(below, MapMarks) else MapMarks(current.at)
    return current
