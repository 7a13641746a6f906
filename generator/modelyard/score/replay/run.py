"""One replay: ask the model what it takes, score the rows again, and compare."""

from dataclasses import dataclass, field
from functools import partial

from modelyard.problems import Problem, problem
from modelyard.problems.credentials import hide
from modelyard.score.addresses import secrets
from modelyard.score.asking import learned
from modelyard.score.bodies import Form
from modelyard.score.calls import Calls
from modelyard.score.concurrency import Pace
from modelyard.score.contract import Contract
from modelyard.score.engine import Engine
from modelyard.score.health import PATIENCE, Dead, Health
from modelyard.score.http import Address, Client, Fault
from modelyard.score.options import Options, Stopped
from modelyard.score.reader import Feed, units
from modelyard.score.replay.comparison import Comparison
from modelyard.score.replay.sources import Asked, Source
from modelyard.score.replay.values import TOLERANCE
from modelyard.score.statistics import Measures


@dataclass(slots=True)
class Replay:
    """The things of one replay. step, signature: of a model that has several."""

    source: Source
    options: Options
    tolerance: float = TOLERANCE
    step: str = ""
    signature: str = ""
    measures: Measures = field(default_factory=Measures)


@dataclass(slots=True)
class Outcome:
    """What came of a replay. skipped: rows of the source that could not be asked again."""

    comparison: Comparison | None = None
    measures: Measures = field(default_factory=Measures)
    skipped: int = 0
    lacking: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)


async def replay(server: Address, own: Replay, *, ca_file: str = "") -> Outcome:
    """Ask all rows of the source again; who is done with the comparison closes it."""
    options = own.options
    health = Health(options.concurrency, min(PATIENCE, options.total / 2))
    calls = Calls(Pace(options.concurrency), health, options, own.measures, partial(hide, secrets=secrets(server)))
    client = Client(server, limits=options.limits, connections=options.concurrency, ca_file=ca_file)
    try:
        async with client:
            contract = await learned(client, calls, own.step, own.signature)
            own.measures.forget()
            return await _compared(client, calls, contract, own)
    except Stopped as stopped:
        return Outcome(problems=stopped.problems)
    except Fault as fault:
        return Outcome(problems=[problem("MY802", str(fault), hint="name a PEM file")])


async def _compared(client: Client, calls: Calls, contract: Contract, own: Replay) -> Outcome:
    asked = own.source.asked(contract, own.options)
    comparison = Comparison(asked.answers, asked.identify, own.tolerance)
    try:
        form = Form(contract, tuple(each.name for each in asked.inputs))
        engine = Engine(client, form.path(client.server.path, own.step), form, calls, comparison)
        await engine.run(Feed(units(asked.table.rows, asked.inputs, form, own.options.batch)), lambda: None)
    except BaseException as error:
        comparison.close()
        if isinstance(error, Dead):
            reason = calls.hide(str(error))
            raise Stopped(problem("MY815", f"the server no longer answers: {reason}", hint="start it again")) from error
        raise
    finally:
        asked.table.close()
    return Outcome(comparison, own.measures, asked.skipped(), _lacking(contract, asked))


def _lacking(contract: Contract, asked: Asked) -> tuple[str, ...]:
    """Return outputs of the model that the rows have no earlier answer of."""
    known = {each.name for each in asked.answers}
    return tuple(each for each in contract.outputs if each not in known)
