"""What goes wrong between here and a registry, as Problems."""

from typing import Final

from modelyard.problems import Problem, printable, problem

_TOO_MANY: Final = 429


class RegistryProblem(Exception):  # noqa: N818 - the vehicle of a Problem, not an error of the program
    """What a registry refuses, or does not do."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.message)
        self.problem = found


def unreachable(host: str, why: str, hint: str = "") -> RegistryProblem:
    """Return why there is no answer."""
    hint = hint or "check the name of the registry, the network, and HTTPS_PROXY"
    return RegistryProblem(problem("MY751", f"{printable(host)} {why}", hint=hint))


def refused(status: int, what: str, host: str, *, known: bool) -> RegistryProblem:
    """Return what an answer with an error says. known: whether credentials were sent."""
    if status in (401, 403):
        hint = "ask for access to it" if known else f"log in first: docker login {host}"
        who = "these credentials" if known else "anybody"
        return RegistryProblem(problem("MY752", f"{host} does not let {who} at {what}", hint=hint))
    if status == 404:
        hint = "check name and tag; some registries say the same to those who may not see it: docker login"
        return RegistryProblem(problem("MY753", f"{host} has no {what}", hint=hint))
    hint = "wait, or log in: registries give more to those they know" if status == _TOO_MANY else "try again later"
    return RegistryProblem(problem("MY754", f"{host} answers with HTTP {status} for {what}", hint=hint))


def unusable(host: str, why: str, hint: str = "try again later, or ask who runs the registry") -> RegistryProblem:
    """Return why an answer is of no use."""
    return RegistryProblem(problem("MY754", f"{printable(host)} {why}", hint=hint))
