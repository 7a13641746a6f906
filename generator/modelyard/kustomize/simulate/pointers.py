"""What is wrong with a JSON pointer that fails, in words of the object it is for; and what an `add` takes away."""

from typing import Any, Final

from modelyard.kustomize.simulate.objects import Object
from modelyard.kustomize.simulate.state import Run, also
from modelyard.manifests.json_patch import PatchFailed, lookup
from modelyard.manifests.manifest import POD_SPECS

_ROOTS: Final = tuple(sorted(set(POD_SPECS.values()), key=len, reverse=True))
_OF_A_POD: Final = ("containers", "volumes", "initContainers", "imagePullSecrets", "serviceAccountName")


def explained(each: Object, operation: dict[str, Any], failed: PatchFailed) -> tuple[bool, str]:
    """Return whether a failed operation is wrong whatever stands before it, and how to mend it."""
    pointer = str(operation.get("path", ""))
    right = right_pointer(each, pointer)
    if right:
        return True, f"that is the pointer of another kind; in a {each.kind} it is {right}"
    parent, _, last = pointer.rpartition("/")
    above, _, name = parent.rpartition("/")
    if last == "-" and isinstance(lookup(each.body, above), dict) and lookup(each.body, parent) is None:
        return False, f"{each} has no {name} there: add {parent} first, with a list as its value"
    return False, failed.hint


def right_pointer(each: Object, pointer: str) -> str | None:
    """Return a pointer with the pod of the object's own kind, if it has that of another one and then holds."""
    own = POD_SPECS.get(each.kind)
    for root in _ROOTS:
        rest = pointer.removeprefix(f"{root}/")
        if rest != pointer and rest.split("/")[0] in _OF_A_POD and own not in (None, root):
            parent = f"{own}/{rest}".rpartition("/")[0]
            return f"{own}/{rest}" if isinstance(lookup(each.body, parent), dict | list) else None
    return None


def lost(run: Run, operation: dict[str, Any], pairs: list[tuple[Object, int]]) -> None:
    """Report an `add` that puts something in the place of a list or mapping with entries."""
    each, count = pairs[0]
    name = str(operation["path"]).rpartition("/")[2]
    entries = "its 1 entry is lost" if count == 1 else f"its {count} entries are lost"
    message = f"this add replaces {name} of {also(str(each), len(pairs) - 1, 'of ')}, and {entries}"
    hint = f"append with {operation['path']}/-" if isinstance(operation.get("value"), list) else "use op: replace"
    run.reading.report("MY623", message, operation["path"], hint=hint)
