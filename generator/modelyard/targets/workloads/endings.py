"""How a pod ends: how long it goes on taking calls, and when it is killed."""

from collections.abc import Iterator
from typing import NamedTuple

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.models.declared import DeclaredSet, Served
from modelyard.models.model import Model
from modelyard.problems import Problem, problem


class Ending(NamedTuple):
    """How a pod ends, in seconds: how long it goes on taking calls, when SIGKILL comes, and what that leaves time for.

    needed: preStop, as far as its time is known, and after it a call.
    """

    stays: int
    grace: int
    needed: int


def ending(own: Model, stays: int, calls: int | None, *, rest: int) -> Ending:
    """Return how a pod ends. The model's own `preStop` and `terminationGrace` stand above what the target says.

    stays: the target's own. calls: what a call may take, None where nothing says it. rest: seconds for what remains.
    """
    hook, text = own.preStop, own.terminationGrace
    if hook and hook.sleep is not None:
        stays = derived(names.seconds(hook.sleep), hook.sleep)
    needed = (0 if hook and hook.sleep is None else stays) + (calls or 0)
    if text is None:
        return Ending(stays, stays + (calls or 0) + rest, needed)
    grace = derived(names.seconds(text), text)
    return Ending(stays if hook else min(stays, grace), grace, needed)


def check_end(models: DeclaredSet, served: Served, ends: Ending) -> Iterator[Problem]:
    """Yield a grace period of the model's own that Kubernetes refuses, or that is shorter than what it is for."""
    hook, text = served.model.preStop, served.model.terminationGrace
    if text is None:
        return
    place = models.place(served.find("terminationGrace"))
    if hook and hook.sleep and ends.stays > ends.grace:
        message = f"preStop sleeps {hook.sleep}, but the pod is killed after {text}"
        yield problem("MY104", message, hint="set a shorter sleep, or a longer terminationGrace", place=place)
    elif ends.needed > ends.grace:
        message = f"a pod is killed after {text}, but preStop and a call may take {ends.needed}s"
        yield problem("MY223", message, hint=f"set terminationGrace: {ends.needed}s, or a shorter timeout", place=place)
