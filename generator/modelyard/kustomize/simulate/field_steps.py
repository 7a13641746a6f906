"""Steps that set fields by path: namespace, names, labels, annotations, replicas, images.

Source: kustomize 5.8.1, api/internal/builtins and api/filters of the same names.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from modelyard.kustomize.simulate import field_specs
from modelyard.kustomize.simulate.expressions import Expression
from modelyard.kustomize.simulate.field_specs import FieldSpec, apply
from modelyard.kustomize.simulate.objects import Object
from modelyard.kustomize.simulate.state import Renamed, Run
from modelyard.kustomize.simulate.versions import Followed

_NOT_PREFIXED: Final = ("CustomResourceDefinition", "APIService", "Namespace")
_POD_LISTS: Final = ("containers", "initContainers")


def specs(run: Run, key: str, built_in: tuple[FieldSpec, ...]) -> tuple[FieldSpec, ...]:
    """Return the built-in field specs of a kind of step, and what `configurations:` adds to them."""
    return field_specs.joined(built_in, run.configurations.get(key, ()))


def set_namespace(run: Run, namespace: str, fields: tuple[FieldSpec, ...], *, only_unset: bool = False) -> None:
    """Put objects into a namespace (NamespaceTransformer)."""

    def change(mapping: dict[str, Any], key: str) -> None:
        if not (only_unset and mapping.get(key)):
            mapping[key] = namespace

    others = [each for each in fields if each.path != "metadata/namespace"]
    for each in run.objects:
        each.remember()
        if not each.is_cluster_scoped and isinstance(each.body.get("metadata"), dict):
            change(each.body["metadata"], "namespace")
        wanted = [spec for spec in others if spec.path != "metadata/name" or each.body.get("apiVersion") == "v1"]
        apply(each, wanted, change)
        if each.kind in ("RoleBinding", "ClusterRoleBinding"):
            subjects = each.body.get("subjects")
            for subject in subjects if isinstance(subjects, list) else ():
                if isinstance(subject, dict) and subject.get("name") == "default":
                    change(subject, "namespace")


def rename(run: Run, prefix: str, suffix: str, fields: tuple[FieldSpec, ...]) -> None:
    """Put a prefix and a suffix around names (PrefixTransformer, SuffixTransformer)."""

    def change(mapping: dict[str, Any], key: str) -> None:
        if key in mapping:
            mapping[key] = f"{prefix}{mapping[key]}{suffix}"

    for each in run.objects:
        kind = each.former[0].kind if each.former else each.kind
        if kind not in _NOT_PREFIXED:
            each.remember()
            apply(each, fields, change, makes=False)


def add_pairs(run: Run, pairs: object, fields: tuple[FieldSpec, ...]) -> None:
    """Set labels or annotations (LabelTransformer, AnnotationsTransformer)."""
    if not isinstance(pairs, dict) or not pairs:
        return

    def change(mapping: dict[str, Any], key: str) -> None:
        found = mapping.get(key)
        if found is None:
            found = mapping[key] = {}
        if isinstance(found, dict):
            for name, value in pairs.items():
                found.pop(name, None)
                found[name] = value if isinstance(value, str) else str(value)

    for each in run.objects:
        apply(each, fields, change)


def set_replicas(run: Run, replica: object, fields: tuple[FieldSpec, ...]) -> None:
    """Set the count of replicas of what has a name (ReplicaCountTransformer)."""
    if not isinstance(replica, dict):
        return
    name, count = str(replica.get("name")), replica.get("count")
    found = [each for each in run.objects if name in {each.name, *(former.name for former in each.former)}]
    wanted = [each for each in found if any(spec.kind in ("", each.kind) for spec in fields)]
    if not wanted:
        hint = "replicas are set by name, of a Deployment, ReplicaSet, StatefulSet or ReplicationController"
        run.reading.report("MY608", f"replicas: nothing is named {name}", replica.get("name"), hint=hint)
    for each in wanted:
        apply(each, fields, lambda mapping, key: mapping.update({key: count}))


def images(version: Followed) -> tuple[FieldSpec, ...]:
    """Return where images stand that images: renames."""
    more = field_specs.IMAGE_VOLUMES if version.renames_image_volumes else ()
    jobs = field_specs.IMAGE_VOLUMES_OF_JOBS if version.renames_image_volumes_of_jobs else ()
    return (*field_specs.IMAGES, *more, *jobs)


class Images:
    """Where images stand; looked for once for many ImageTagTransformers in a row."""

    def __init__(self, objects: Iterable[Object]) -> None:
        """Look through all objects but CustomResourceDefinitions."""
        self.places: dict[str, list[tuple[dict[str, Any], str]]] = {}
        for each in objects:
            if each.kind != "CustomResourceDefinition":
                for mapping in _containers(each.body):
                    self._keep(mapping, "image")

    def _keep(self, mapping: dict[str, Any], key: str) -> None:
        value = mapping.get(key)
        if isinstance(value, str):
            self.places.setdefault(str(value), []).append((mapping, key))

    def rename(self, run: Run, image: dict[str, Any], fields: tuple[FieldSpec, ...], origin: object) -> None:
        """Change all images of one name (ImageTagTransformer)."""
        pattern = matcher(str(image.get("name") or ""), run.followed)
        if pattern is None:
            return
        for each in run.objects if any(not _is_legacy(spec) for spec in fields) else ():
            if each.kind != "CustomResourceDefinition":
                apply(each, fields, self._keep_others, makes=False)
        for value in [each for each in self.places if pattern.fullmatch(each)]:
            new = renamed(value, image)
            found = self.places.pop(value)
            for mapping, key in found:
                mapping[key] = new
            self.places.setdefault(new, []).extend(found)
        new_name = str(image.get("newName") or "")
        if new_name and new_name != image.get("name"):
            run.renamed.append(Renamed(str(image["name"]), new_name, origin))

    def _keep_others(self, mapping: dict[str, Any], key: str) -> None:
        known = self.places.get(str(mapping.get(key)), [])
        if not any(each is mapping and name == key for each, name in known):
            self._keep(mapping, key)


def _is_legacy(spec: FieldSpec) -> bool:
    """Tell whether the walk over all containers finds what a field spec names."""
    return spec.path.endswith(("containers[]/image", "containers/image", "Containers[]/image", "Containers/image"))


def matcher(name: str, version: Followed) -> Expression | None:
    """Return what an image matches if it has this name (api/internal/image/image.go: the name is not escaped)."""
    algorithm = "[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*" if version.takes_any_digest else "sha256"
    try:
        return Expression(rf"{name}(:[a-zA-Z0-9_.{{}}-]*)?(@{algorithm}:[a-zA-Z0-9_.{{}}-]*)?") if name else None
    except ValueError:
        return None


def renamed(value: str, image: dict[str, Any]) -> str:
    """Return an image with the name, tag and digest that an ImageTagTransformer gives it."""
    name, tag, digest = _split(value)
    name = str(image.get("newName") or name)
    new_tag, new_digest = str(image.get("newTag") or ""), str(image.get("digest") or "")
    if new_tag or new_digest:
        tag, digest = new_tag, new_digest
    elif image.get("tagSuffix"):
        tag, digest = tag + str(image["tagSuffix"]), ""
    return f"{name}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"


def _split(value: str) -> tuple[str, str, str]:
    start = max(value.find("/"), 0)
    rest, _, digest = value[start:].partition("@")
    name, _, tag = rest.partition(":")
    return value[:start] + name, tag, digest


def _containers(node: Any) -> Iterator[dict[str, Any]]:
    """Yield the items of all lists under containers and initContainers, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _containers(value)
            if key in _POD_LISTS and isinstance(value, list):
                yield from (each for each in value if isinstance(each, dict))
    elif isinstance(node, list):
        for each in node:
            yield from _containers(each)
