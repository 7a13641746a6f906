"""Argo CD as far as models need it: health by its rules in Lua, and what it would find different.

Sources: argo-cd v3.6.1, util/lua/lua.go (which libraries there are), util/argo/normalizers (what is taken out, and what
is read as a type of Kubernetes), gitops-engine/pkg/diff/diff.go (of kinds that are not Kubernetes' own, mappings are
compared key by key as far as Git has them, and lists as a whole).
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import yaml
from lupa import lua51

from modelyard.check.quantities import amount
from modelyard.render import argocd

Data = dict[str, Any]

STATES: Final = {"Healthy", "Progressing", "Degraded", "Suspended"}
# Names of Lua that Argo CD's sandbox has not: of its libraries, base and table alone.
_CLOSED: Final = ("string", "math", "io", "debug", "os", "python", "package", "require", "coroutine")


class Health(NamedTuple):
    """What a rule says of an object."""

    status: str
    message: str


def settings() -> Mapping[str, str]:
    """Return the entries of argocd-cm that modelyard writes."""
    data: dict[str, str] = yaml.safe_load(argocd.settings())["data"]
    return data


def health(body: Data) -> Health:
    """Return the health of an object by the rule of its kind."""
    group = body["apiVersion"].partition("/")[0]
    runtime = lua51.LuaRuntime(register_eval=False, register_builtins=False)
    names = runtime.globals()
    for name in _CLOSED:
        names[name] = None
    names["obj"] = _table(runtime, body)
    found = runtime.execute(settings()[f"resource.customizations.health.{group}_{body['kind']}"])
    assert found["status"] in STATES
    return Health(found["status"], found["message"] or "")


def _table(runtime: Any, node: Any) -> Any:
    if isinstance(node, dict):
        return runtime.table_from({key: _table(runtime, each) for key, each in node.items()})
    return runtime.table_from([_table(runtime, each) for each in node]) if isinstance(node, list) else node


def without_ignored(bodies: Sequence[Data], ignored: Sequence[Data]) -> list[Data]:
    """Return objects without what `ignoreDifferences` takes out of them, by jq."""
    program = "."
    for each in ignored:
        taken = " | ".join(f"del({expression})" for expression in each["jqPathExpressions"])
        ours = (
            f"(.kind == {json.dumps(each['kind'])}) and (.apiVersion | startswith({json.dumps(each['group'] + '/')}))"
        )
        program += f" | if {ours} then {taken} else . end"
    done = subprocess.run(
        ["jq", "-c", program], input="\n".join(map(json.dumps, bodies)), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def different(config: Data, live: Data) -> list[str]:
    """Return the paths at which an object of Git differs from the live one; `[]` stands for the items of a list."""
    key = f"resource.customizations.knownTypeFields.{config['apiVersion'].partition('/')[0]}_{config['kind']}"
    typed = tuple(f".{each['field']}[]" for each in yaml.safe_load(settings().get(key, "[]")))
    found = list(_of_mapping(config, live, ""))
    return [path for path, old, new in found if not (path.startswith(typed) and _same(path, old, new))]


def _same(path: str, old: Any, new: Any) -> bool:
    """Tell whether values of one field are the same when they are read as Kubernetes' type, and written again."""
    if ".resources." in path and old is not None and new is not None:
        return amount(str(old)) == amount(str(new))
    return old is None and new == {} and path.endswith((".resources", ".metadata"))


def _of_mapping(config: Any, live: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(config, dict) and isinstance(live, dict):
        for key in config:
            yield from _of_mapping(config[key], live.get(key), f"{path}.{key}")
    else:
        yield from _whole(config, live, path)


def _whole(config: Any, live: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(config, dict) and isinstance(live, dict):
        for key in {**config, **live}:
            yield from _whole(config.get(key), live.get(key), f"{path}.{key}")
    elif isinstance(config, list) and isinstance(live, list) and len(config) == len(live):
        for old, new in zip(config, live, strict=True):
            yield from _whole(old, new, f"{path}[]")
    elif config != live:
        yield path, config, live
