"""Variables that are not expanded where somebody may count on it."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final, NamedTuple

from modelyard.files.yaml import Sources
from modelyard.manifests import names
from modelyard.manifests.expansion import references
from modelyard.models.declared import DeclaredModel, Served
from modelyard.modelsfile.merge import Tree
from modelyard.problems import Place, Problem, problem
from modelyard.targets.workloads.pods import APP_PATH, used_by

if TYPE_CHECKING:
    from modelyard.models.beside import InitContainer
    from modelyard.models.pod import EnvReference, Expand

Path = tuple[str | int, ...]
# With enableServiceLinks: false the kubelet still gives those of the API server (kubelet_pods.go, getServiceEnvVarMap).
_OF_KUBERNETES: Final = "KUBERNETES_"


def expansions(model: DeclaredModel, _: Tree, sources: Sources) -> Iterator[Problem]:
    """Find $(NAME) that is not expanded, and variables that wait for each other."""
    for served in model.served:
        known = {*(served.model.env or {}), *(served.model.config or {})}
        known |= {APP_PATH} if served.model.runtime == "scr" else set()
        for path, value in _values(served):
            what, besides = str(path[-1] if path[0] == "env" else path[0]), _set_by(model, path)
            found = _wrong(what, value, known, None if served.model.envFrom else known | besides)
            yield from (each.at(sources.place(served.find(*path))) for each in found)
        yield from _circles(served, sources)
        yield from _beside(served, sources)


class _Found(NamedTuple):
    message: str
    hint: str

    def at(self, place: Place) -> Problem:
        return problem("MY238", self.message, hint=self.hint, place=place)


def _wrong(
    what: str, value: "str | EnvReference | Expand", known: set[str], defined: set[str] | None
) -> Iterator[_Found]:
    """Yield what is wrong with one value. known: declared names; defined: all that there are, None if more may be."""
    if isinstance(value, str):
        # Of variables that are declared: $(HOSTNAME) in a text for a shell is meant as it stands.
        for name in sorted(known.intersection(references(value)))[:1]:
            hint = f"write the text as {{expand: …}} to get the value of {name}"
            yield _Found(f"$({name}) in {what} is not expanded", hint)
    elif defined is not None:
        for name in sorted(used_by(value) - defined):
            if not name.startswith(_OF_KUBERNETES):
                meant = names.nearest(name, known)
                hint = f"did you mean $({meant})?" if meant else "declare it under env or config"
                yield _Found(f"there is no variable {name} to expand", hint)


def _beside(served: Served, sources: Sources) -> Iterator[Problem]:
    """Look at the containers beside the model's: there the kubelet knows what stands above a variable."""
    for field in ("initContainers", "sidecars"):
        for i, each in enumerate(getattr(served.model, field) or []):
            for path, what, value, above in _values_beside(each):
                every = {variable.name for variable in each.env or []}
                found = _wrong(what, value, every, None if each.envFrom else above)
                yield from (one.at(sources.place(served.find(field, i, *path))) for one in found)


def _values_beside(container: "InitContainer") -> "Iterator[tuple[Path, str, str | Expand, set[str]]]":
    """Yield path, name and value of each text, and the names of the variables that it can use."""
    above: set[str] = set()
    for i, each in enumerate(container.env or []):
        if each.value is not None:
            yield ("env", i, "value"), each.name, each.value, set(above)
        above.add(each.name)
    for key, words in (("command", container.command), ("args", container.args)):
        for i, word in enumerate(words or []):
            yield (key, i), key, word, above


def _values(served: Served) -> "Iterator[tuple[Path, str | EnvReference | Expand]]":
    for name, value in (served.model.env or {}).items():
        yield ("env", name), value
    for key, words in (("command", served.model.command), ("args", served.model.args)):
        for i, word in enumerate(words or []):
            yield (key, i), word


def _set_by(model: DeclaredModel, path: Path) -> set[str]:
    """Return the names that are defined besides: Knative appends its own behind those of env."""
    if path[0] == "env" or "knative" not in model.whole.specs:
        return set()
    from modelyard.targets.knative import RESERVED_ENV  # only where it is needed

    return set(RESERVED_ENV)


def _circles(served: Served, sources: Sources) -> Iterator[Problem]:
    env, config = served.model.env or {}, served.model.config or {}
    uses = {name: used_by(value) & env.keys() for name, value in env.items()}
    own = sorted(name for name, used in uses.items() if name in used and name not in config)
    try:
        TopologicalSorter({name: used - {name} for name, used in uses.items()}).prepare()
    except CycleError as error:
        own = sorted({*own, *error.args[1]})
    if own and not served.model.envFrom:
        place = sources.place(served.find("env", own[0]))
        what = f"{own[0]} uses itself" if len(own) == 1 else f"{' and '.join(own)} use each other"
        yield problem("MY238", what, hint="write one of them as text", place=place)
