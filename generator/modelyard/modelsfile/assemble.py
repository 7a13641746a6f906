"""From the merged tree to the declared set: head, defaults, models, variants, each checked for itself."""

from typing import Any, Final

from modelyard.files.yaml import ListMarks, MapMarks, Marks, Sources
from modelyard.files.yaml.marked import find
from modelyard.manifests.names import nearest, one_of
from modelyard.models.base import Shape
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.model import Model, Variant
from modelyard.models.model_set import Metadata, ModelSet, Spec
from modelyard.modelsfile.merge import Tree, leftovers, merge, settled
from modelyard.modelsfile.model_rules import check_model
from modelyard.modelsfile.set_rules import check_empty, check_set
from modelyard.modelsfile.shapes import validate
from modelyard.problems import Problem, problem
from modelyard.targets import TARGETS, target

APART = ("base", "defaults", "include", "models")  # of spec: merged and checked model by model


def assemble(
    tree: Tree, sources: Sources, files: tuple[str, ...], published: frozenset[str] = frozenset()
) -> tuple[DeclaredSet | None, list[Problem]]:
    """Return the set with the models that are sound enough to be looked at further, and all problems.

    published: the names of models that fragments give.
    """
    return _Assembly(tree, sources, files, published).run()


_OF_VARIANT: Final = ("name", "percent", "shadow")  # fields that no model has


class _Assembly:
    def __init__(self, tree: Tree, sources: Sources, files: tuple[str, ...], published: frozenset[str]) -> None:
        self.layered = tree  # with the removals of what may stand in the defaults
        self.tree = settled(tree)
        self.sources = sources
        self.files = files
        self.published = published
        self.problems: list[Problem] = []

    def run(self) -> tuple[DeclaredSet | None, list[Problem]]:
        head = self.head()
        spec = _below(self.layered, "spec")
        defaults = self.defaults(spec)
        models = self.models(spec, defaults)
        metadata = head.metadata if head else Metadata.model_construct(name="unnamed")
        declared = DeclaredSet(
            metadata, head.spec if head else Spec(), self.tree.marks, self.sources, tuple(models), self.files
        )
        self.problems += check_set(declared, self.tree)
        if head:
            self.problems += check_empty(declared, self.tree)
        return (declared if head else None), self.problems

    def report(self, code: str, message: str, mark: int, hint: str = "") -> None:
        self.problems.append(problem(code, message, hint=hint, place=self.sources.place(mark)))

    def head(self) -> ModelSet | None:
        """Check everything but the models and their defaults."""
        data, marks = dict(self.layered.data), self.layered.marks
        if isinstance(spec := data.get("spec"), dict):
            data["spec"] = {key: value for key, value in spec.items() if key not in APART}
            for key, wanted in (("defaults", dict), ("models", list), ("base", str)):
                if spec.get(key) is not None and not isinstance(spec[key], wanted):
                    kind = {dict: "a mapping", list: "a list", str: "the path of a models file"}[wanted]
                    self.report("MY103", f"{key} wants {kind}", find(marks, "spec", key)[1])
            if spec.get("include") is not None:  # a list of texts has been taken out as it was read
                self.report("MY103", "include wants a list of paths", find(marks, "spec", "include")[1])
        head, problems = validate(ModelSet, Tree(data, marks), self.sources)
        self.problems += problems
        return head

    def defaults(self, spec: Tree) -> Tree:
        """Return the defaults, after checking them as a model of their own."""
        own = settled(layered := _below(spec, "defaults"))
        if own.data:
            for key in ("name", "variants"):
                if key in own.data:
                    self.report("MY101", f"{key} has no default", own.marks.entries[key][0], "give it to each model")
        if layered.data:
            alone = {key: value for key, value in layered.data.items() if key not in ("name", "variants")}
            _, problems = self.serve(_named(Tree(alone, layered.marks), "defaults"), defaults=True)
            self.problems += problems
        return own

    def models(self, spec: Tree, defaults: Tree) -> list[DeclaredModel]:
        items, marks = self.kept(*_items(spec, "models"))
        declared = []
        named = zip(items, marks, strict=True)
        of_base = [str(item["name"]) for item, mark in named if isinstance(item, dict) and self.is_of_base(item, mark)]
        for item, item_marks in zip(items, marks, strict=True):
            if isinstance(item, dict) and isinstance(item_marks, MapMarks):
                own = Tree(item, item_marks)
                model = None if self.is_misnamed(own, defaults, of_base) else self.model(own, defaults)
                if model is not None:
                    declared.append(model)
            else:
                self.report("MY103", "a model is a mapping", find(item_marks)[1], "write name: and image:")
        return sorted(declared, key=lambda model: model.name)

    def is_of_base(self, item: dict[str, object], marks: Marks) -> bool:
        """Tell whether a model stands in a base alone: a file that names it too has it at its own place."""
        return isinstance(item.get("name"), str) and self.sources.place(find(marks)[1]).file != self.files[0]

    def is_misnamed(self, own: Tree, defaults: Tree, of_base: list[str]) -> bool:
        """Report a model that lacks its image because its name is not that of the base's model it is to change."""
        name = own.data.get("name")
        has_image = any("image" in each for each in (own.data, defaults.data)) or "variants" in own.data
        if has_image or not isinstance(name, str) or self.is_of_base(own.data, own.marks):
            return False
        meant = nearest(name, of_base)
        if meant is not None:
            message = f"{name} has no image, and the base has no model of this name"
            self.report("MY102", message, find(own.marks, "name")[1], f"did you mean {meant}?")
        return meant is not None

    def model(self, own: Tree, defaults: Tree) -> DeclaredModel | None:
        variants, variant_marks = self.kept(*_items(own, "variants"))
        named = _named_targets(own, variants)
        name = own.data.get("name")
        if isinstance(name, str) and name in self.published and not named and "targets" not in own.data:
            named = set(_below(defaults, "targets").data)  # where it was published, nobody knows of targets
        merged = merge(_for_targets(defaults, named), own)
        own = settled(own)
        shared = Tree({k: v for k, v in merged.data.items() if k != "variants"}, merged.marks)
        whole, problems = self.serve(shared)
        if "variants" in own.data and not (isinstance(own.data["variants"], list) and variants):
            self.report("MY103", "variants wants a list with at least one variant", own.marks.entries["variants"][0])
        served = []
        for item, item_marks in zip(variants, variant_marks, strict=True):
            if isinstance(item, dict) and isinstance(item_marks, MapMarks):
                each = self.variant(shared, Tree(item, item_marks), whole)
                served += [each] if each else []
            else:
                self.report("MY103", "a variant is a mapping", find(item_marks)[1], "write name:, image: and percent:")
        self.problems += problems
        own_calls = [each for each in served if not each.shadow]
        if len(own_calls) == 1 and own_calls[0].percent is None:
            served = [each if each.shadow else each._replace(percent=100) for each in served]
        if whole is None:
            return None
        model = DeclaredModel(whole.model.name, whole, tuple(sorted(served, key=lambda each: each.variant or "")))
        found = check_model(model, own, self.sources)
        self.problems += found
        return model if len(served) == len(variants) else None

    def variant(self, shared: Tree, own: Tree, whole: Served | None) -> Served | None:
        for key in ("path", "variants"):
            if key in own.data:
                self.report("MY210", f"{key} belongs to the model", own.marks.entries[key][0], "move it to the model")
        head: dict[str, object] = {key: own.data[key] for key in _OF_VARIANT if key in own.data}
        variant, problems = validate(Variant, Tree(head, own.marks), self.sources)
        self.problems += problems
        rest = {k: v for k, v in own.data.items() if k not in (*_OF_VARIANT, "path", "variants")}
        self.shared_fields(Tree(rest, own.marks), whole)
        merged = merge(shared, Tree(rest, own.marks))
        # A model without a name is reported once, and not with each of its variants.
        served, problems = self.serve(merged if "name" in merged.data else _named(merged, "unnamed"))
        self.problems += problems
        if variant is None or served is None:
            return None
        name, percent = find(own.marks, "name")[1], find(own.marks, "percent")[1]
        return served._replace(
            variant=variant.name,
            percent=0 if variant.shadow else variant.percent,
            variant_mark=name,
            percent_mark=None if variant.shadow else percent,
            shadow=variant.shadow,
        )

    def shared_fields(self, own: Tree, whole: Served | None) -> None:
        """Refuse what all variants of a model share: the Route, the host, the name, the list of targets."""
        targets = _below(own, "targets")
        for name, value in targets.data.items():
            declared = whole.data.get("targets", {}) if whole else None
            if isinstance(declared, dict) and (name in declared) == (value is None) and name in TARGETS:
                mark = targets.marks.entries[name][0]
                hint = "take it out there" if value is None else "name it under the model's targets"
                self.report("MY210", f"target {name} belongs to the model", mark, hint)
            fields = target(name).SHARED_FIELDS if name in TARGETS else frozenset()
            own_fields = _below(targets, name)
            for key in sorted(fields.intersection(own_fields.data)):
                mark = own_fields.marks.entries[key][0]
                self.report("MY210", f"{key} belongs to the model", mark, "move it to the model's own targets")

    def serve(self, tree: Tree, *, defaults: bool = False) -> tuple[Served | None, list[Problem]]:
        """Check a model or a merged variant against its shape, and its targets against theirs."""
        self.kept(*_items(tree, "volumes"))
        model, problems = validate(Model, tree, self.sources)
        named = _below(tree, "targets").data
        specs: dict[str, Shape] = {}
        for name in sorted([*(model.targets if model else ()), *(key for key in named if named[key] is None)]):
            spec = self.spec(name, tree, problems)
            if spec is not None and named[name] is not None:
                specs[name] = spec
        if defaults:
            # Defaults are not complete, and need not be.
            problems = [each for each in problems if each.code != "MY102"]
        return (Served(model, specs, *settled(tree)) if model else None), problems

    def kept(self, items: list[object], marks: list[Marks]) -> tuple[list[object], list[Marks]]:
        """Return the items without those that were to be removed and were not there."""
        stay, stay_marks, gone = leftovers(items, marks)
        known = [item["name"] for item in stay if isinstance(item, dict) and isinstance(item.get("name"), str)]
        for mark, name in gone:
            meant = nearest(name, known)
            hint = f"did you mean {meant}?" if meant else "there is nothing to remove it from"
            self.report("MY109", f"{name or 'this item'} is not in the base", mark, hint)
        return stay, stay_marks

    def spec(self, name: str, tree: Tree, problems: list[Problem]) -> Shape | None:
        targets = _below(tree, "targets")
        mark = targets.marks.entries[name][0] if name in targets.marks.entries else tree.marks.at
        place = self.sources.place(mark)
        if name not in TARGETS:
            from modelyard.modelsfile.keys import already

            absent = TARGETS.keys() - targets.data.keys()
            meant = nearest(name, absent)
            hint = f"did you mean {meant}?" if meant else f"there are {one_of(TARGETS)}"
            hint = already(name, absent, TARGETS.keys() & targets.data.keys()) or hint
            problems.append(problem("MY106", f"unknown target {name}", hint=hint, place=place))
            return None
        spec, found = validate(target(name).Spec, _below(targets, name), self.sources)
        problems += found
        return spec


def _below(tree: Tree, key: str) -> Tree:
    """Return the mapping under a key; an empty one if there is none."""
    data = tree.data.get(key)
    _, marks = tree.marks.entries.get(key, (0, tree.marks.at))
    if isinstance(data, dict) and isinstance(marks, MapMarks):
        return Tree(data, marks)
    return Tree({}, MapMarks(find(tree.marks, key)[0]))


def _named(tree: Tree, name: str) -> Tree:
    """Return a model that has a name, which stands nowhere in the file."""
    marks = MapMarks(tree.marks.at, over=tree.marks.over)
    marks.entries = {**tree.marks.entries, "name": (tree.marks.at, tree.marks.at)}
    return Tree({**tree.data, "name": name}, marks)


def _items(tree: Tree, key: str) -> tuple[list[object], list[Marks]]:
    data = tree.data.get(key)
    _, marks = tree.marks.entries.get(key, (0, tree.marks.at))
    return (data, marks.items) if isinstance(data, list) and isinstance(marks, ListMarks) else ([], [])


def _named_targets(own: Tree, variants: list[object]) -> set[str]:
    named = set(_below(own, "targets").data)
    for variant in variants:
        if isinstance(variant, dict) and isinstance(variant.get("targets"), dict):
            named |= set(variant["targets"])
    return named


def _for_targets(defaults: Tree, named: set[str]) -> Tree:
    """Return the defaults without those for targets that the model does not name."""
    targets = defaults.data.get("targets")
    if not isinstance(targets, dict) or set(targets) <= named:
        return defaults
    data: dict[str, Any] = {**defaults.data, "targets": {k: v for k, v in targets.items() if k in named}}
    return Tree(data, defaults.marks)
