"""Rules over the environment of a SageMaker container: text only, by the names and limits of SageMaker.

Source: ContainerDefinition.Environment of the SageMaker API (botocore 1.44, service-2.json).
"""

import re
from collections.abc import Iterator
from typing import Final

from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problem import Problem, problem
from modelyard.targets.sagemaker.values import environment

MAX_VARIABLES: Final = 100
MAX_BYTES: Final = 1024  # of a name or a value, in UTF-8
MAX_TOTAL: Final = 32 * 1024  # bytes of all names and values
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_EXPANDED: Final = re.compile(r"(?<!\$)\$\(([^)]+)\)")


def check_environment(models: DeclaredSet, model: DeclaredModel, served: Served) -> Iterator[Problem]:
    """Yield references that nothing resolves, and variables that SageMaker refuses."""
    yield from _references(models, served)
    known = served.model.env or {}
    texts = {("env", name): value for name, value in known.items() if isinstance(value, str)}
    texts |= {("config", name): value for name, value in (served.model.config or {}).items()}
    for (field, name), value in sorted(texts.items()):
        place = models.place(served.find_key(field, name))
        if wrong := _wrong(name, value):
            yield problem("MY243", f"{name} {wrong}", hint="change it for SageMaker", place=place)
        elif used := [each for each in _references_in(value) if field == "env" and each in known]:
            hint = f"write the value of {used[0]} in its place"
            yield problem("MY243", f"SageMaker does not expand $({used[0]}) in {name}", hint=hint, place=place)
    rendered = environment(model, served)
    total = sum(len(f"{name}{value}".encode()) for name, value in rendered.items())
    if len(rendered) > MAX_VARIABLES or total > MAX_TOTAL:
        place = models.place(served.find_key("env" if known else "config"))
        message = f"{len(rendered)} variables with {total} bytes are more than SageMaker takes"
        hint = f"it takes {MAX_VARIABLES} with {MAX_TOTAL} bytes"
        yield problem("MY243", message, hint=hint, place=place)


def _references(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    for name, value in (served.model.env or {}).items():
        if isinstance(value, str):
            continue
        place = models.place(served.find_key("env", name))
        secret = getattr(value, "secretKeyRef", None) is not None
        what = "a Secret" if secret else "the cluster"
        keep = "keep it in AWS Secrets Manager, and let the container read it with the execution role"
        hint = keep if secret else "write its value, or declare the model for SageMaker alone"
        yield problem("MY242", f"SageMaker cannot read {name} from {what}", hint=hint, place=place)
    if served.model.envFrom:
        place = models.place(served.find_key("envFrom"))
        hint = "name what is no secret under config, and keep secrets in AWS Secrets Manager"
        message = "SageMaker cannot read envFrom: it knows no Secrets and ConfigMaps"
        yield problem("MY242", message, hint=hint, place=place)


def _wrong(name: str, value: str) -> str | None:
    if not _NAME.fullmatch(name) or len(name) > MAX_BYTES:
        return "is no name of a variable on SageMaker: letters, digits and _, not a digit first"
    size = len(value.encode())
    return f"has {size} bytes, more than the {MAX_BYTES} of SageMaker" if size > MAX_BYTES else None


def _references_in(value: str) -> list[str]:
    return _EXPANDED.findall(value[: value.rfind(")") + 1])  # a $( behind it would be looked for to the end
