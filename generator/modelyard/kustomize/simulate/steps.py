"""What a kustomization does to the objects, step by step in kustomize's order.

Source of the order: kustomize 5.8.1, api/internal/target/kusttarget.go accumulateTarget and
kusttarget_configplugin.go configureBuiltinTransformers.
"""

from collections.abc import Callable
from typing import Any, Final

from modelyard.files import regular
from modelyard.kustomize.simulate import field_specs, field_steps
from modelyard.kustomize.simulate.field_specs import FieldSpec
from modelyard.kustomize.simulate.field_steps import Images
from modelyard.kustomize.simulate.generators import generate, without_values
from modelyard.kustomize.simulate.objects import Object
from modelyard.kustomize.simulate.our_component import Ours, apply_ours
from modelyard.kustomize.simulate.patches import Patch, json6902, merge_by_name, merges_of, patch
from modelyard.kustomize.simulate.read import key_of, mappings, shown
from modelyard.kustomize.simulate.state import Run
from modelyard.kustomize.simulate.tree import Configured, Kustomization, Tree
from modelyard.manifests.names import nearest

_NOT_EMULATED: Final = ("ReplacementTransformer", "ValueAddTransformer", "HashTransformer")
_NOT_IN_KUSTOMIZATION: Final = ("replacements", "vars", "validators", "helmCharts", "helmChartInflationGenerator")
_SPEC_KEYS: Final = (
    "namespace", "namePrefix", "nameSuffix", "commonLabels", "labels", "templateLabels", "volumeClaimTemplateLabels",
    "commonAnnotations",
    "replicas", "images",
)  # fmt: skip


class Steps:
    """Applies kustomizations to the objects of a run; ours: our own component, where a kustomization has None."""

    def __init__(self, run: Run, tree: Tree, ours: Ours | None) -> None:
        """Start with no images known."""
        self.run = run
        self.tree = tree
        self.ours = ours
        self.images: Images | None = None
        self.kinds: dict[str, Callable[[Configured, Kustomization], None]] = {
            "PatchTransformer": self._patch_transformer,
            "PatchJson6902Transformer": self._patch_transformer,
            "PatchStrategicMergeTransformer": self._merge_transformer,
            "ImageTagTransformer": self._image_transformer,
            "LabelTransformer": self._pairs_transformer,
            "AnnotationsTransformer": self._pairs_transformer,
            "NamespaceTransformer": self._namespace_transformer,
            "PrefixTransformer": self._name_transformer,
            "SuffixTransformer": self._name_transformer,
            "PrefixSuffixTransformer": self._name_transformer,
            "ReplicaCountTransformer": self._replica_transformer,
        }

    def apply(self, found: Kustomization) -> None:
        """Do all that a kustomization does once its resources are there."""
        if not self.run.followed.has_components_last:
            self._components(found)
        self._configure(found)
        self._generate(found)
        if self.run.followed.has_components_last:
            self._components(found)
        for key in _NOT_IN_KUSTOMIZATION:
            if found.data.get(key):
                self.run.is_whole &= not key.startswith("helm")
                self.tree.note(f"what {key} does", key_of(found.data, key))
        self._fields(found)
        self._transformers(found)

    def _components(self, found: Kustomization) -> None:
        for each in found.components:
            if each is not None:
                self._resources(each)
                self.apply(each)
            elif self.ours is not None:
                apply_ours(self.run, self.ours)
            self.images = None

    def _configure(self, found: Kustomization) -> None:
        for each in found.configurations:
            for key in _SPEC_KEYS:
                self.run.configurations.setdefault(key, []).extend(field_specs.read(each.get(key)))

    def _resources(self, found: Kustomization) -> None:
        """Add the objects that a component's files hold; those of its folders are in the base."""
        for key in ("resources", "bases"):
            for entry in self.tree.texts(found, key):
                path = found.folder / entry
                if regular.is_file(path):
                    for body in self.run.reading.documents(path, entry):
                        if isinstance(body, dict) and body.get("kind"):
                            if body["kind"] == "Secret":
                                without_values(body)
                            self.run.objects.add(Object(body))

    def _generate(self, found: Kustomization) -> None:
        options = found.data.get("generatorOptions")
        for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for entry in mappings(found.data.get(key)):
                generate(self.run, kind, entry, found.folder, options)
        for each in found.generators:
            kind = str(each.config["kind"])
            if each.config.get("apiVersion") == "builtin" and kind in ("ConfigMapGenerator", "SecretGenerator"):
                config = {"name": each.config["metadata"]["name"], **each.config}
                generate(self.run, kind.removesuffix("Generator"), config, found.folder, None)
            else:
                self.run.is_whole = False
                self.tree.note(f"the generator {each.name}", each.config["metadata"]["name"])

    def _fields(self, found: Kustomization) -> None:
        run, data, folder = self.run, found.data, found.folder
        for text in _texts(data.get("patchesStrategicMerge")):
            merges_of(run, Patch(f"the patch in {shown(found.file)}", {}), folder, text)
        for entry in mappings(data.get("patches")):
            patch(run, _entry(entry, found), folder)
        self._meta_fields(found)
        for entry in mappings(data.get("patchesJson6902")):
            json6902(run, _entry(entry, found), folder)
        for entry in mappings(data.get("replicas")):
            field_steps.set_replicas(run, entry, field_steps.specs(run, "replicas", field_specs.REPLICAS))
        self.images = None
        specs = field_steps.specs(run, "images", field_steps.images(run.followed))
        for entry in [*mappings(data.get("images")), *mappings(data.get("imageTags"))]:
            self._rename_images(entry, specs, entry.get("name"))

    def _meta_fields(self, found: Kustomization) -> None:
        """Do what namespace, namePrefix, nameSuffix, labels, commonLabels and commonAnnotations do."""
        run, data = self.run, found.data
        if namespace := data.get("namespace"):
            field_steps.set_namespace(run, str(namespace), field_steps.specs(run, "namespace", field_specs.NAMESPACES))
        for key, around in (("namePrefix", ("{}", "")), ("nameSuffix", ("", "{}"))):
            if text := data.get(key):
                prefix, suffix = (each.format(text) for each in around)
                field_steps.rename(run, prefix, suffix, field_steps.specs(run, key, field_specs.NAMES))
        common = field_steps.specs(run, "commonLabels", field_specs.COMMON_LABELS)
        for entry in mappings(data.get("labels")):
            field_steps.add_pairs(run, entry.get("pairs"), self._label_specs(entry, common))
        field_steps.add_pairs(run, data.get("commonLabels"), common)
        annotated = field_steps.specs(run, "commonAnnotations", field_specs.COMMON_ANNOTATIONS)
        field_steps.add_pairs(run, data.get("commonAnnotations"), annotated)

    def _label_specs(self, entry: dict[str, Any], common: tuple[FieldSpec, ...]) -> tuple[FieldSpec, ...]:
        """Return where an entry of labels: puts its pairs."""
        run, followed = self.run, self.run.followed
        wanted = [field_specs.read(entry.get("fields"))]
        if followed.reads_labels_of_configurations:
            wanted.append(field_steps.specs(run, "labels", ()))
        claims = entry.get("includeVolumeClaimTemplates") is True
        if claims and followed.labels_claims_with_templates:
            message = f"kustomize {followed} does not know includeVolumeClaimTemplates"
            hint = "take it out, or build with 5.8.2 or newer"
            run.reading.report("MY601", message, key_of(entry, "includeVolumeClaimTemplates"), hint=hint)
        if entry.get("includeSelectors") is True:
            return field_specs.joined(*wanted, common)
        if entry.get("includeTemplates") is True:
            wanted.append(field_steps.specs(run, "templateLabels", field_specs.TEMPLATE_LABELS))
            claims = claims or followed.labels_claims_with_templates
        if claims:
            wanted.append(field_steps.specs(run, "volumeClaimTemplateLabels", field_specs.CLAIM_LABELS))
        return field_specs.joined(*wanted, field_specs.METADATA_LABELS)

    def _transformers(self, found: Kustomization) -> None:
        self.images = None
        matched: dict[str, int] = {}
        for each in found.transformers:
            self._transformer(each, found, matched)
        for entry in dict.fromkeys(each.entry for each in found.transformers if each.is_vendors):
            if matched.get(entry) == 0:
                message = f"nothing in {entry} matches an object, so it does nothing"
                hint = "take it out, or list the file for this release"
                self.run.reading.report("MY608", message, entry, hint=hint)

    def _transformer(self, each: Configured, found: Kustomization, matched: dict[str, int]) -> None:
        kind, name = str(each.config["kind"]), each.config["metadata"]["name"]
        place = each.entry if each.is_vendors else name
        if kind != "ImageTagTransformer":
            self.images = None
        if each.config.get("apiVersion") != "builtin":
            self.tree.note(f"the plugin {kind} {name}", place)
        elif kind in self.kinds:
            self.matched = 1
            self.kinds[kind](each, found)
            if kind == "PatchTransformer":
                matched[each.entry] = matched.get(each.entry, 0) + self.matched
            else:
                matched[each.entry] = matched.get(each.entry, 0) + 1
        elif kind in _NOT_EMULATED:
            self.tree.note(f"the {kind} {name}", place)
        else:
            meant = nearest(kind, [*self.kinds, *_NOT_EMULATED])
            hint = f"did you mean {meant}?" if meant else f"the kinds are {', '.join(sorted(self.kinds))}"
            self.run.reading.report("MY604", f"kustomize has no builtin {kind}", each.config["kind"], hint=hint)

    def _patch_transformer(self, each: Configured, found: Kustomization) -> None:
        who = Patch(f"the patch {each.name}", each.config, each.is_vendors)
        apply = json6902 if each.config["kind"] == "PatchJson6902Transformer" else patch
        self.matched = apply(self.run, who, found.folder)

    def _merge_transformer(self, each: Configured, found: Kustomization) -> None:
        who = Patch(f"the patch {each.name}", each.config, each.is_vendors)
        for entry in _texts(each.config.get("paths")):
            merges_of(self.run, who, found.folder, entry)
        if isinstance(text := each.config.get("patches"), str):
            merge_by_name(self.run, who, [doc for doc in self.run.reading.inner(text) if isinstance(doc, dict)])

    def _image_transformer(self, each: Configured, _: Kustomization) -> None:
        image = each.config.get("imageTag")
        if isinstance(image, dict):
            self._rename_images(image, field_specs.read(each.config.get("fieldSpecs")), each.entry)

    def _rename_images(self, image: dict[str, Any], specs: tuple[FieldSpec, ...], origin: object) -> None:
        if self.images is None:
            self.images = Images(self.run.objects)
        self.images.rename(self.run, image, specs, origin)

    def _pairs_transformer(self, each: Configured, _: Kustomization) -> None:
        key = "labels" if each.config["kind"] == "LabelTransformer" else "annotations"
        field_steps.add_pairs(self.run, each.config.get(key), field_specs.read(each.config.get("fieldSpecs")))

    def _namespace_transformer(self, each: Configured, _: Kustomization) -> None:
        if namespace := each.config["metadata"].get("namespace"):
            specs = field_specs.read(each.config.get("fieldSpecs"))
            only_unset = each.config.get("unsetOnly") is True
            field_steps.set_namespace(self.run, str(namespace), specs, only_unset=only_unset)

    def _name_transformer(self, each: Configured, _: Kustomization) -> None:
        prefix, suffix = (str(each.config.get(key) or "") for key in ("prefix", "suffix"))
        field_steps.rename(self.run, prefix, suffix, field_specs.read(each.config.get("fieldSpecs")))

    def _replica_transformer(self, each: Configured, _: Kustomization) -> None:
        field_steps.set_replicas(self.run, each.config.get("replica"), field_specs.read(each.config.get("fieldSpecs")))


def _entry(entry: dict[str, Any], found: Kustomization) -> Patch:
    path = entry.get("path")
    return Patch(f"the patch in {shown(found.folder / path if isinstance(path, str) else found.file)}", entry)


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
