"""Rules over the sources of models: one place each, and something in it that can be followed or fetched."""

from collections.abc import Iterator

from modelyard.manifests.names import one_of
from modelyard.models.declared import DeclaredSet, Served
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.model_rules import accepting
from modelyard.problems import Problem, problem

_PLACES = ("mlflow", "modelManager", "path")
# Of a place, keys of which one must be there, for each of these.
_NEEDED = {"mlflow": (("model",), ("alias", "version")), "modelManager": (("project", "model"),)}


def sources(models: DeclaredSet, tree: Tree) -> Iterator[Problem]:
    """Yield what is wrong with the sources of models and of their variants."""
    for model in models.models:
        for served in (model.whole, *model.variants):
            raw = served.data.get("source")
            if isinstance(raw, dict):
                yield from accepting(model, _check(models, served, raw))


def _check(models: DeclaredSet, served: Served, raw: dict[str, object]) -> Iterator[Problem]:
    # From the data as written: what was taken out of the shape as wrong is there all the same.
    given = [each for each in _PLACES if each in raw]
    if len(given) != 1:
        message = f"{' and '.join(given)} exclude each other" if given else "the place of a source is missing"
        place = served.find_key("source", given[1]) if given else served.find("source")
        yield problem("MY211", message, hint=f"give exactly one of {one_of(_PLACES)}", place=models.place(place))
        return
    own = raw[given[0]]
    for keys in _NEEDED.get(given[0], ()):
        if isinstance(own, dict) and not any(key in own for key in keys):
            where = models.place(served.find("source", given[0]))
            hint = f"add {' or '.join(f'{each}:' for each in keys)}"
            yield problem("MY102", f"{' or '.join(keys)} is missing", hint=hint, place=where)
