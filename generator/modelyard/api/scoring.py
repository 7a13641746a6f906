"""Score a table by a served model.

from modelyard import api

scored = api.score("https://models.example.com/churn", frame)     # a pandas DataFrame: scored.frame
scored = api.score("churn", "input.csv", "output.csv", file="overlays/prod")
for each in scored.problems:
    print(each.place, each.message, each.hint)
"""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import BinaryIO

from modelyard.api.pipeline import load
from modelyard.http import Limits
from modelyard.problem import has_errors
from modelyard.score.measures import Measures
from modelyard.score.options import Frame, Locate, Options, Route
from modelyard.score.run import Report, Run, Scored
from modelyard.score.run import score as _score
from modelyard.score.where import find, is_url

__all__ = ["Limits", "Locate", "Measures", "Options", "Route", "Scored", "score"]


def score(  # noqa: PLR0913 - all but three are seldom needed, and named
    model: str,
    data: str | Path | BinaryIO | Frame,
    output: str | Path | BinaryIO | None = None,
    *,
    file: str | Path = ".",
    route: Route | None = None,
    options: Options | None = None,
    resume: bool = False,
    locate: Locate | None = None,
    report: Report | None = None,
) -> Scored:
    """Score each row of a table exactly once, in order, and return what came of it.

    model: a URL, or a name in the models file (`file`, a file or folder). data: a CSV file, a binary stream of
    CSV, or a pandas DataFrame; of the last the result is in `.frame`, with the columns of outputs and errors.
    output: a file, which appears whole or not at all, or a binary stream; not with a DataFrame. resume: go on
    where an earlier run to the same output was stopped. locate: finds models in a live cluster. report: is
    called twice a second. Mistakes, faults of the server and rows without scores are in `.problems`; only a bug
    raises. Works in a notebook, where an event loop runs already.
    """
    if isinstance(output, (str, Path)):
        output = Path(output)
    if isinstance(data, (str, Path)):
        data = Path(data)
    if (output is None) is not hasattr(data, "itertuples"):
        raise TypeError("a DataFrame is scored without an output, anything else with one")
    chosen = route or Route()
    loaded = None
    if not is_url(model):
        loaded = load(file)
        if loaded.models is None and not chosen.url and locate is None:
            return Scored(list(loaded.problems))
    server, problems = find(model, chosen, loaded.models if loaded else None, locate)
    if server is None:
        broken = [each for each in loaded.problems if has_errors([each])] if loaded else []
        return Scored([*broken, *problems])
    run = Run(data, output, options or Options(), chosen.step, resume, report)
    scored = _run(_score(server, run, ca_file=chosen.ca_file))
    scored.problems = [*problems, *scored.problems]
    return scored


def _run(work: Coroutine[None, None, Scored]) -> Scored:
    """Run in this thread, or in another where this one has a loop that runs, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    results: list[Scored | BaseException] = []

    def in_thread() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it was asked for
            results.append(error)

    thread = threading.Thread(target=in_thread, daemon=True)
    thread.start()
    thread.join()
    if isinstance(results[0], BaseException):
        raise results[0]
    return results[0]
