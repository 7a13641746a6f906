"""What comes before the first row: a model is asked what it takes, and a table whether it has that."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from modelyard.problems import Problem, problem
from modelyard.problems.credentials import hide
from modelyard.score import contract as contracts
from modelyard.score.addresses import secrets
from modelyard.score.calls import Calls, Failed
from modelyard.score.cells import Column, columns
from modelyard.score.concurrency import Pace
from modelyard.score.contract import Contract, NotUnderstood
from modelyard.score.health import PATIENCE, Health
from modelyard.score.http import Address, Client, Fault
from modelyard.score.options import Options, Route, Stopped
from modelyard.score.statistics import Measures

MAX_NAMED: Final = 20  # rows, or columns, that one run names


async def asked(server: Address, route: Route, options: Options, ca_data: str) -> bytes:
    """Return the description of a model, by a connection for this alone. Raises Stopped."""
    health = Health(options.concurrency, min(PATIENCE, options.total / 2))
    calls = Calls(Pace(1), health, options, Measures(), partial(hide, secrets=secrets(server)))
    try:
        async with Client(server, limits=options.limits, ca_data=ca_data) as client:
            return await _described(client, calls)
    except Fault:
        raise Stopped(unusable(route)) from None


def unusable(route: Route) -> Problem:
    """Return what is said of a CA file that is not there, or is none."""
    return problem("MY802", f"the CA file {route.ca_file} cannot be used", hint="name a PEM file")


async def learned(client: Client, calls: Calls, step: str, signature: str) -> Contract:
    """Return what a model says about itself. Raises Stopped, also for a step or signature that it cannot have."""
    return understood(await _described(client, calls), client.server, step, signature)


async def _described(client: Client, calls: Calls) -> bytes:
    path = contracts.document_path(client.server.path)
    try:
        return (await calls.answer(lambda: client.get(path))).body
    except Failed as failed:
        message = f"GET {client.server.at(path).url}: {calls.hide(str(failed))}"
        raise Stopped(problem("MY802", message, hint="check the path, and that the model runs")) from failed


def understood(description: bytes, server: Address, step: str, signature: str) -> Contract:
    """Return what a description says. Raises Stopped, also for a step or signature that the model cannot have."""
    try:
        found = contracts.read(description, signature)
    except NotUnderstood as wrong:
        where = server.at(contracts.document_path(server.path)).url
        raise Stopped(problem("MY803", f"the description at {where} is not understood: {wrong}")) from wrong
    is_saved_model = found.runtime == "tensorflow"
    if given := step if is_saved_model else signature:
        words = ("steps", "--step") if is_saved_model else ("signatures", "--signature")
        raise Stopped(problem("MY801", f"the model has no {words[0]}, so no {given}", hint=f"leave out {words[1]}"))
    return found


def matched(contract: Contract, header: Sequence[str], shown: str, options: Options) -> list[Column]:
    """Return where the inputs of a model are in a table. Raises Stopped MY804 for those that it lacks."""
    found, lacking = columns(contract, header, options.missing, options.decimal)
    if lacking:
        hint = "add them to the input; an empty cell is a missing value"
        said = [f"{shown} has no column {each}" for each in lacking[:MAX_NAMED]]
        said += [f"{len(lacking) - MAX_NAMED} more columns are missing"] if len(lacking) > MAX_NAMED else []
        raise Stopped(*(problem("MY804", each, hint=hint) for each in said))
    return found


def check_names(names: Sequence[str]) -> None:
    """Raise Stopped MY805 for names of columns of which two would be the same."""
    if taken := ", ".join(names):
        raise Stopped(problem("MY805", f"columns of the output would have the same name: {taken}", hint="rename one"))
