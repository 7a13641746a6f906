"""The gate of a model: what it demands of a challenger, held against what was measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelyard.manifests import names
from modelyard.models.base import share
from modelyard.models.declared import DeclaredSet, Served
from modelyard.models.gate import Gate
from modelyard.models.request_log import Monitor
from modelyard.problems import Problem, problem

_HINTS: Final = {
    "agreement": "the list of --differences has the rows",
    "psi": "its scores are of another population than the champion's",
    "p95": "give it more resources, or set another limit",
    "errors": "look at its log, and at the list of --differences",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a gate. value: what was measured, a share, an index or milliseconds; None if it was not."""

    name: str
    demanded: str
    value: float | None
    met: bool
    detail: str = ""

    @property
    def shown(self) -> str:
        """The value in the limit's unit."""
        return figure(self.name, self.value)

    @property
    def text(self) -> str:
        """The limit in words."""
        side = "at least" if self.name == "agreement" else "at most"
        return f"{self.name}{f' of {self.detail}' if self.detail else ''}: {self.shown}, {side} {self.demanded}"


def figure(name: str, value: float | None) -> str:
    """Return a measured value in the unit of its limit."""
    if value is None:
        return "not measured"
    if name == "p95":
        return f"{value:.1f} ms"
    return f"{value:.4g}" if name == "psi" else percent(value, up=name == "errors")


def percent(part: float, *, up: bool = False) -> str:
    """Return a share in percent, never rounded to a better one. up: whether more is worse."""
    exact = round(part * 100, 9)
    steps = -(-exact * 1000 // 1) if up else exact * 1000 // 1
    return f"{steps / 1000:.3f}".rstrip("0").rstrip(".") + " %"


def limits(
    gate: Gate, *, errors: float | None, p95: float | None, agreement: float | None, psi: dict[str, float | None]
) -> Iterator[Limit]:
    """Yield what a gate demands, with what was measured: errors and agreement are shares, p95 milliseconds."""
    yield _limit("errors", gate.errors, errors, share(gate.errors))
    if gate.p95 is not None:
        yield _limit("p95", gate.p95, p95, float(names.milliseconds(gate.p95)))
    if gate.agreement is not None:
        value = share(gate.agreement)
        yield Limit("agreement", gate.agreement, agreement, agreement is not None and agreement >= value)
    if gate.psi is not None:
        for name, found in psi.items() or [("", None)]:
            yield _limit("psi", f"{gate.psi:g}", found, gate.psi, name)


def _limit(name: str, demanded: str, value: float | None, most: float, detail: str = "") -> Limit:
    return Limit(name, demanded, value, value is not None and value <= most, detail)


def unmet(models: DeclaredSet, served: Served, called: str, found: list[Limit]) -> Iterator[Problem]:
    """Yield MY840 for each limit that is not met, at its line. called: the challenger."""
    for each in found:
        if not each.met:
            place = models.place(served.find("gate", each.name))
            message = f"{called} does not pass the gate: {each.text}"
            yield problem("MY840", message, hint=_HINTS[each.name], place=place)


def enough(served: Served) -> int:
    """Return how many rows a gate needs."""
    return (served.model.monitor or Monitor()).minRows


def too_few(models: DeclaredSet, served: Served, called: str, rows: int) -> Problem:
    """Return what is said where a gate cannot be told."""
    place = models.place(served.find_key("gate"))
    message = f"{called} cannot be judged: {rows} rows, fewer than {enough(served)}"
    return problem("MY843", message, hint="take a longer window; monitor.minRows says how many are needed", place=place)
