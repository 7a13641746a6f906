"""The register as a bill of materials for machine learning: CycloneDX 1.6, a component for each version of a model.

The library knows no model cards yet (cyclonedx-python-lib 11.12): what was served where stands in properties.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from modelyard.api.register import Entry
from modelyard.api.register.formats import time
from modelyard.problems import Problem, problem

if TYPE_CHECKING:
    from cyclonedx.model import IdentifiableAction
    from cyclonedx.model.component import Commit, Component

_SERVED: Final = "modelyard:served"  # ENVIRONMENT TARGET VARIANT SHARE FROM/TO
_Version = tuple[str, str, str, str]


def as_bom(entries: Iterable[Entry]) -> tuple[str, list[Problem]]:
    """Return the register as JSON of CycloneDX; MY743 where the library is not installed."""
    if find_spec("cyclonedx") is None:
        hint = "install modelyard[bom], as with pip install 'modelyard[bom]'"
        return "", [
            problem("MY743", "a bill of materials needs cyclonedx-python-lib, which is not installed", hint=hint)
        ]
    from cyclonedx.model.bom import Bom
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    versions: dict[_Version, list[Entry]] = {}
    for each in entries:
        versions.setdefault((each.model, each.version, each.image, each.source), []).append(each)
    bom = Bom(components=[_component(number, found) for number, found in enumerate(versions.values(), 1)])
    text: str = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
    return f"{text}\n", []


def _component(number: int, entries: list[Entry]) -> "Component":
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentType, Pedigree

    first = entries[0]
    values = [("modelyard:image", first.image), ("modelyard:source", first.source)]
    values += [(_SERVED, _served(each)) for each in entries]
    algorithm, _, digest = first.digest.partition(":")
    return Component(
        name=first.model,
        version=first.version or None,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"{first.model}-{number}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if algorithm == "sha256" else [],
        properties=[Property(name=name, value=value) for name, value in values if value],
        pedigree=Pedigree(commits=[_commit(each) for each in {each.commit: each for each in entries}.values()]),
    )


def _served(entry: Entry) -> str:
    until = ".." if entry.until is None else time(entry.until)
    where = " ".join(each for each in (entry.environment, entry.target, entry.variant) if each)
    return f"{where} {entry.percent}% {time(entry.since)}/{until}"


def _commit(entry: Entry) -> "Commit":
    from cyclonedx.model.component import Commit

    approved = entry.people.approved[:1] or (entry.people.proposed,)
    return Commit(
        uid=entry.commit,
        author=_action(entry.people.proposed, entry.since),
        committer=_action(approved[0], entry.since),
        message=entry.subject or None,
    )


def _action(person: str, seconds: int) -> "IdentifiableAction":
    from cyclonedx.model import IdentifiableAction

    name, _, email = person.partition(" <")
    found = datetime.fromtimestamp(seconds, UTC)
    return IdentifiableAction(timestamp=found, name=name or None, email=email.removesuffix(">") or None)
