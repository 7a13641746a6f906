"""Score a table by a served model.

from modelyard import api

scored = api.score("https://models.example.com/churn", frame)     # a pandas DataFrame: scored.frame
scored = api.score("churn", "input.csv", "output.csv", file="overlays/prod")
for each in scored.problems:
    print(each.place, each.message, each.hint)
"""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from modelyard.api.addresses import looked_up
from modelyard.cluster import Connection
from modelyard.models.declared import DeclaredSet
from modelyard.modelsfile.contract_rules import digest_of
from modelyard.score import loops
from modelyard.score.addresses import UNLOGGED, name_of
from modelyard.score.contract import Contract
from modelyard.score.http import Limits
from modelyard.score.options import Frame, Options, Route
from modelyard.score.pinned import for_scoring
from modelyard.score.run import Report, Run, Scored
from modelyard.score.run import score as _score
from modelyard.score.statistics import Measures

__all__ = ["UNLOGGED", "Connection", "Limits", "Measures", "Options", "Route", "Scored", "score"]


def score(  # noqa: PLR0913 - all but three are seldom needed, and named
    model: str,
    data: str | Path | BinaryIO | Frame,
    output: str | Path | BinaryIO | None = None,
    *,
    errors: str | Path | None = None,
    file: str | Path = ".",
    route: Route | None = None,
    options: Options | None = None,
    resume: bool = False,
    where: Connection | None = None,
    report: Report | None = None,
) -> Scored:
    """Score each row of a table exactly once, in order, and return what came of it.

    model: a URL, or a name in the models file (`file`, a file or folder) or in a cluster. data: a file, a binary
    stream of CSV, or a pandas DataFrame. output: a file, or a binary stream; not with a DataFrame. A file is Parquet if
    its name ends with .parquet, else CSV, which .gz or .zst behind it packs. The lock's contract
    of a model is held against it before the first call.

    A file holds the rows that were scored; those that failed are in a file beside it, `scores.errors.csv` of
    `scores.csv`, with row, line and error. Both appear whole or not at all. errors: such a file for a stream, which
    without it ends at the first row that fails. Of a DataFrame, `.frame` is a copy with all its rows and its index,
    the outputs, missing where a row failed, and a column `error`, missing where it did not.

    where: the cluster and namespace that the name is looked up in. Without it the kubeconfig's is asked only if the
    models file says no host. A model without an address outside its cluster is reached through a tunnel.

    resume: go on where an earlier run to the same output was stopped. report: is called twice a second. Mistakes,
    faults of the server and rows that failed are in `.problems`; only a bug raises. Works in a notebook, where an event
    loop runs already.
    """
    output = Path(output) if isinstance(output, (str, Path)) else output
    data = Path(data) if isinstance(data, (str, Path)) else data
    wanted = _options(options or Options(), data, output, errors)
    chosen = route or Route()
    failed = None if errors is None else Path(errors)
    with ExitStack() as tunnels:
        server, models, problems = looked_up(model, file, chosen, where, tunnels)
        if server is None:
            return Scored(problems)
        pinned = _pinned(models, model, chosen.variant)
        run = Run(data, output, wanted, failed, chosen.step, chosen.signature, resume, report, pinned)
        scored = loops.run(_score(server, run, ca_file=chosen.ca_file))
    return replace(scored, problems=[*problems, *scored.problems], url=server.url)


def _pinned(models: DeclaredSet | None, name: str, variant: str | None) -> Contract | None:
    """Return what the lock has of a model: of a variant, else what callers rely on."""
    every = models.models if models and models.contracts else ()
    model = next((each for each in every if each.name == name_of(name)), None)
    pinned = (models.contracts or {}).get(model.name) if models and model else None
    if models is None or model is None or pinned is None:
        return None
    served = next((each for each in model.served if each.variant == variant), None) if variant else model.champion
    locked = pinned.images.get(digest_of(models, served)) if variant and served else pinned.relied_on
    return for_scoring(locked, served.model.runtime) if served and locked else None


def _options(options: Options, data: object, output: object, errors: object) -> Options:
    """Return the options as they hold for an output. Raises TypeError for what does not go together."""
    if (output is None) is not hasattr(data, "itertuples"):
        raise TypeError("a DataFrame is scored without an output, anything else with one")
    streams = output is not None and not isinstance(output, Path)
    if errors is not None and not streams:
        raise TypeError("errors is for a stream: a file has its own, a DataFrame a column")
    if options.decimal not in (".", ","):
        raise ValueError("decimal is . or ,")
    return replace(options, on_error="stop") if streams and errors is None else options
