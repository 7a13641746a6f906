"""The kustomization of a deployment and all that it lists, read with places before anything is built.

Source of what each field takes: kustomize 5.8.1, api/internal/target/kusttarget.go, api/types/kustomization.go.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from modelyard.files import regular
from modelyard.files.yaml.marked import MarkedDict, derived
from modelyard.kustomize.kustomization import NAMES
from modelyard.kustomize.simulate.read import Reading, first_mark, key_of, shown
from modelyard.manifests.names import nearest

_FIELDS: Final = (
    "apiVersion", "kind", "metadata", "openapi", "namePrefix", "nameSuffix", "namespace", "commonLabels",
    "labels", "commonAnnotations", "patchesStrategicMerge", "patchesJson6902", "patches", "images", "imageTags",
    "replacements", "replicas", "vars", "sortOptions", "resources", "components", "crds", "bases",
    "configMapGenerator", "secretGenerator", "helmGlobals", "helmCharts", "helmChartInflationGenerator",
    "generatorOptions", "configurations", "generators", "transformers", "validators", "buildMetadata",
)  # fmt: skip
_BY_LOWER: Final = {name.lower(): name for name in _FIELDS}  # encoding/json minds no case
_REMOTE: Final = re.compile(r"(https?|ssh|file|s3|git)://|git@|git::|gh:|github\.com|.*[?&](ref|timeout|version)=")


@dataclass(slots=True)
class Configured:
    """A transformer or generator: its configuration, and the entry of the kustomization that brings it."""

    config: dict[str, Any]
    entry: str
    is_vendors: bool

    @property
    def name(self) -> str:
        """Its metadata.name."""
        metadata = self.config.get("metadata")
        return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


@dataclass(slots=True)
class Kustomization:
    """One kustomization file: data (keys as kustomize spells them), what its lists hold; None stands for our own."""

    file: Path
    data: dict[str, Any]
    configurations: list[dict[str, Any]] = field(default_factory=list)
    generators: list[Configured] = field(default_factory=list)
    components: list["Kustomization | None"] = field(default_factory=list)
    transformers: list[Configured] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder that its paths start from."""
        return self.file.parent


class Tree:
    """Reads kustomizations. is_complete: all that a build needs is there; is_whole: all that makes objects is known."""

    def __init__(self, deploy: Path, reading: Reading, ours: str | None) -> None:
        """Start with nothing read; ours: the path of our own component below deploy, as `components:` lists it."""
        self.deploy = deploy
        self.reading = reading
        self.ours = None if ours is None else os.path.normpath(deploy / ours)
        self.is_complete = True
        self.is_whole = True
        self.open: list[str] = []

    def read(self) -> Kustomization | None:
        """Return the deployment's own kustomization; None, and a problem, if there is none."""
        found = self.kustomization(self.deploy, None, is_component=False)
        if found is not None and self.ours is not None and None not in found.components:
            found.components.append(None)
        return found

    def kustomization(self, folder: Path, listed: object, *, is_component: bool) -> Kustomization | None:
        """Read the kustomization of a folder, and all that it lists."""
        path = self._file(folder, listed)
        if path is None or (data := self._data(path, listed)) is None:
            self.is_complete = False
            return None
        kind = data.get("kind") or "Kustomization"
        if (kind == "Component") is not is_component:
            wanted = "kind: Component; list it under resources" if is_component else "a component; list it there"
            message = f"{shown(path)} is {'no component' if is_component else 'a component'}"
            self.reading.report("MY601", message, listed, hint=f"components: takes folders with {wanted}"
                                if is_component else "move the entry to components:")  # fmt: skip
            self.is_complete = False
            return None
        found = Kustomization(path, data)
        self.open.append(os.path.realpath(folder))
        self._lists(found)
        self.open.pop()
        return found

    def _file(self, folder: Path, listed: object) -> Path | None:
        files = [folder / name for name in NAMES if regular.is_file(folder / name)]
        if os.path.realpath(folder) in self.open:
            self.reading.report("MY601", f"{shown(folder)} lists itself", listed, hint="take the entry out")
        elif len(files) == 1:
            return files[0]
        elif files:
            message = f"{shown(folder)} has {' and '.join(each.name for each in files)}"
            self.reading.report("MY601", message, listed, hint="keep one of them")
        elif regular.is_folder(folder):
            hint = "list the folder that has one, or the files themselves"
            self.reading.report("MY601", f"there is no kustomization.yaml in {shown(folder)}", listed, hint=hint)
        elif self.reading.content(folder, listed) is not None:
            hint = "list the folder that it is in"
            self.reading.report("MY601", f"{shown(folder)} is a file, not a folder", listed, hint=hint)
        return None

    def _data(self, path: Path, listed: object) -> dict[str, Any] | None:
        before = len(self.reading.problems)
        documents = self.reading.documents(path, listed, yaml_1_1=True)
        for i, each in enumerate(self.reading.problems[before:], before):
            if each.code == "MY004":
                message = f"{each.message}: kustomize drops what the first one holds"
                self.reading.problems[i] = replace(each, code="MY606", message=message, hint="join the two")
        if documents and isinstance(documents[0], dict):
            return self._known(documents[0], path)
        if len(self.reading.problems) == before:
            self.reading.report("MY601", f"{shown(path)} is not a kustomization", listed, hint="write a mapping")
        return None

    def _known(self, data: dict[str, Any], path: Path) -> dict[str, Any]:
        known = MarkedDict()
        for key, value in data.items():
            name = _BY_LOWER.get(key.lower())
            if name is None:
                meant = nearest(key, _FIELDS)
                hint = f"did you mean {meant}?" if meant else "take it out"
                self.reading.report("MY601", f"kustomize does not know the field {key} in {path.name}", key, hint=hint)
                continue
            known[derived(name, key)] = value
        return known

    def _lists(self, found: Kustomization) -> None:
        for entry in [*self.texts(found, "resources"), *self.texts(found, "bases")]:
            self._resource(found, entry)
        for entry in self.texts(found, "configurations"):
            read = self.reading.documents(found.folder / entry, entry, yaml_1_1=True)
            found.configurations += [each for each in read if isinstance(each, dict)]
        listed: set[str] = set()
        for entry in self.texts(found, "components"):
            path = found.folder / entry
            if os.path.normpath(path) in listed:
                self.reading.report("MY601", f"{entry} is listed twice", entry, hint="take one of the two out")
                continue
            listed.add(os.path.normpath(path))
            if self.ours is not None and os.path.normpath(path) == self.ours:
                found.components.append(None)
            elif self.is_remote(path, entry):
                self.is_whole = False
                self.note(f"the component {entry}, which is remote", entry)
            else:
                complete = self.is_complete
                found.components += [each] if (each := self.kustomization(path, entry, is_component=True)) else []
                self.is_complete = complete  # the base can be built without a component
        found.generators = self._configured(found, "generators")
        found.transformers = self._configured(found, "transformers")

    def texts(self, found: Kustomization, key: str) -> list[str]:
        """Return the texts of a list in a kustomization; a problem for everything else."""
        value = found.data.get(key)
        if value is None:
            return []
        entries = value if isinstance(value, list) else []
        wrong = [each for each in entries if not isinstance(each, str) or not each]
        if wrong or not isinstance(value, list):
            place = wrong[0] if wrong and first_mark(wrong[0]) is not None else key_of(found.data, key)
            self.reading.report("MY601", f"{key} takes a list of paths", place, hint=f"write {key}: and a line - PATH")
        return [each for each in entries if isinstance(each, str) and each]

    def _resource(self, found: Kustomization, entry: str) -> None:
        path = found.folder / entry
        if self.is_remote(path, entry) or self.reading.is_vendors(path):
            if not regular.exists(path) and not self.is_remote(path, entry):
                self.reading.content(path, entry)
                self.is_complete = False
        elif regular.is_folder(path):
            self.kustomization(path, entry, is_component=False)
        else:
            before = len(self.reading.problems)
            self.reading.documents(path, entry)
            self.is_complete &= len(self.reading.problems) == before or shown(path) in self.reading.unfilled

    def _configured(self, found: Kustomization, key: str) -> list[Configured]:
        """Read what `transformers:` or `generators:` lists."""
        result: list[Configured] = []
        ids: dict[tuple[str, ...], dict[str, Any]] = {}
        for entry in self.texts(found, key):
            for config, is_vendors in self._configurations(found.folder, entry, entry):
                identity = self._identity(config, entry)
                if identity is None:
                    continue
                first = ids.setdefault(identity, config)
                if first is config:
                    result.append(Configured(config, entry, is_vendors))
                else:
                    self._registered(config, first)
        return result

    def _configurations(self, folder: Path, entry: str, listed: str) -> Iterator[tuple[Any, bool]]:
        path = folder / entry
        if "\n" in entry or entry.lstrip().startswith("{"):
            yield from ((each, False) for each in self.reading.inner(entry))
        elif self.is_remote(path, entry):
            self.note(f"{entry}, which is remote", listed)
        elif regular.is_folder(path):
            nested = self.kustomization(path, listed, is_component=False)
            if nested is not None:
                for key in sorted(nested.data.keys() - {"apiVersion", "kind", "metadata", "resources", "bases"}):
                    self.note(f"what {key} does to the transformers of this folder", key_of(nested.data, key))
                for each in [*self.texts(nested, "resources"), *self.texts(nested, "bases")]:
                    yield from self._configurations(nested.folder, each, listed)
        else:
            vendors = self.reading.is_vendors(path)
            yield from ((each, vendors) for each in self.reading.documents(path, listed))

    def _identity(self, config: Any, listed: str) -> tuple[str, ...] | None:
        metadata = config.get("metadata") if isinstance(config, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if not isinstance(config, dict) or not config.get("kind") or not name:
            place = config if getattr(config, "mark", None) is not None else listed
            hint = "write apiVersion: builtin, kind: PatchTransformer and metadata: {name: …}"
            self.reading.report("MY603", "this is not a transformer or generator", place, hint=hint)
            return None
        namespace = str(metadata.get("namespace") or "") if isinstance(metadata, dict) else ""
        return str(config.get("apiVersion", "")), str(config["kind"]), str(name), namespace

    def _registered(self, config: dict[str, Any], first: dict[str, Any]) -> None:
        name = config["metadata"]["name"]
        message = f"a second {config['kind']} is named {name}; kustomize stops: already registered id"
        related = ((first["metadata"]["name"], "the first one"),)
        self.reading.report("MY612", message, name, hint="give it a name of its own, or take it out", related=related)

    def note(self, what: str, place: object) -> None:
        """Say that something was not looked into."""
        hint = "what it does to the objects is not proven here"
        self.reading.report("MY605", f"not checked: {what}", place, hint=hint)

    @staticmethod
    def is_remote(path: Path, entry: str) -> bool:
        """Tell whether an entry names something elsewhere."""
        return _REMOTE.match(entry) is not None and not regular.exists(path)
