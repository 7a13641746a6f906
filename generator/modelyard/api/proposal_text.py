"""The words of a proposal: of its commit, and of its pull request, in Markdown."""

from collections.abc import Iterator, Sequence
from typing import Final

from modelyard.api.challenger import Plan
from modelyard.files.trailers import Trailers, with_trailers
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.modelsfile.contract_changes import Change
from modelyard.problems import printable
from modelyard.problems.credentials import without_forms
from modelyard.render.changes import shown
from modelyard.render.objects import with_digests
from modelyard.targets import target

_NO_CONTRACT: Final = (
    "They were not compared: the lock does not have both. `modelyard lock {0}` pins what callers rely on."
)
_NO_EVIDENCE: Final = "There is none yet."


def title(plan: Plan) -> str:
    """Return the first line of a commit, which is a pull request's title too; `is_of` knows it again."""
    return f"{plan.model}: propose {_version(plan)} as {plan.variant}"


def is_of(message: str, model: str) -> bool:
    """Tell whether a commit's message is that of a proposal of this model."""
    return message.startswith(f"{model}: propose ")


def message(plan: Plan) -> str:
    """Return the message of a commit, with trailers."""
    version = plan.candidate.version
    text = f"{title(plan)}\n\n{_plain(shown(plan.differences, 'text'))}"
    return with_trailers(text, Trailers(version.source, version.version, plan.candidate.digest))


def body(
    plan: Plan, *, file: str, superseded: Sequence[str] = (), contract: Sequence[Change] | None, lacking: Sequence[str]
) -> str:
    """Return the text of a pull request.

    file: the models file as git names it. superseded: branches of other versions. contract: how inputs and outputs
    differ from what callers rely on; None where that is not known, for reasons that are lacking.
    """
    parts = [
        "## What changes",
        shown(plan.differences, "markdown").strip(),
        "\n".join(_targets(plan)),
        "## Where it comes from",
        "\n".join(_origin(plan)),
        "## Inputs and outputs",
        "\n".join(_contract(plan, contract, lacking)),
        "## Evidence",
        "\n".join(f"* {each}" for each in plan.candidate.evidence) or _NO_EVIDENCE,
        "## How to undo it",
        _undo(plan, file),
    ]
    if superseded:
        parts[:0] = [f"This takes the place of {', '.join(f'`{each}`' for each in superseded)}."]
    return without_forms("\n\n".join(part for part in parts if part)) + "\n"


def _version(plan: Plan) -> str:
    version = plan.candidate.version
    return _plain(f"{version.model} {version.version}".strip())


def _targets(plan: Plan) -> Iterator[str]:
    """Yield what becomes of a model's objects on each of its targets."""
    before, after = _model(plan.before, plan.model), plan.declared
    for name in after.targets:
        old = _objects(plan.before, before, name) if name in before.targets else {}
        new = _objects(plan.after, after, name)
        words = [f"`{key}` is new" for key in new if key not in old]
        words += [f"`{key}` goes" for key in old if key not in new]
        words += [f"`{key}` changes" for key in new if key in old and old[key].body != new[key].body]
        yield f"* {name}: {', '.join(words) or 'nothing'}"


def _model(models: DeclaredSet, name: str) -> DeclaredModel:
    return next(each for each in models.models if each.name == name)


def _objects(models: DeclaredSet, model: DeclaredModel, name: str) -> dict[str, Manifest]:
    rendered = target(name).render(models, model, Templates()).manifests
    return {str(each): each for each in with_digests(models, rendered)}


def _origin(plan: Plan) -> Iterator[str]:
    candidate = plan.candidate
    said = {
        "source": candidate.version.source,
        "version": candidate.version.version,
        **candidate.version.details,
        "checksum": candidate.version.checksum,
        "image": candidate.image.partition("@")[0],
        "digest": candidate.digest,
    }
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {_cell(key)} | {_cell(value)} |" for key, value in said.items() if value)


def _contract(plan: Plan, found: Sequence[Change] | None, lacking: Sequence[str]) -> Iterator[str]:
    if found is None:
        yield (
            f"They were not compared: {'; '.join(map(_cell, lacking))}." if lacking else _NO_CONTRACT.format(plan.model)
        )
    elif not found:
        yield "They are what callers rely on."
    for each in found or ():
        yield f"* {_cell(each.text)}{', **which breaks callers**' if each.breaks else ''}"
    reason = next((each.model.allowContractChange for each in plan.declared.served if each.variant == plan.variant), "")
    if reason and any(each.breaks for each in found or ()):
        yield f"\nIt is accepted, for: {_cell(reason)}"


def _undo(plan: Plan, file: str) -> str:
    found = plan.declared.champion_beside(plan.variant)
    if found is None:
        raise AssertionError
    champion = found.variant
    return (
        "Close it, and nothing has changed. After the merge, revert the commit with `git revert`; or, at once,\n\n"
        f"```sh\nmodelyard promote {plan.model} {champion} -f {file} --apply\n```\n\n"
        f"gives all calls back to `{champion}`, and `{plan.variant}` stays with none."
    )


def _plain(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is: a registry's users write descriptions."""
    plain = " ".join(printable(text.replace("\n", " ")).split())
    fence = "`" * (1 + max((len(run) for run in plain.split() if set(run) == {"`"}), default=0))
    while fence in plain:
        fence += "`"
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}".replace("|", "\\|")
