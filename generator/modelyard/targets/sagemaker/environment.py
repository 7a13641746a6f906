"""Rules over the environment of a SageMaker container: text only, by the names and limits of SageMaker.

Source: ContainerDefinition.Environment of the SageMaker API (botocore 1.44, service-2.json).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.targets.sagemaker.values import environment, environments, fields, unknown

Path: TypeAlias = tuple[str | int, ...]

MAX_VARIABLES: Final = 100
MAX_BYTES: Final = 1024  # of a name or a value, in UTF-8
MAX_TOTAL: Final = 32 * 1024  # bytes of all names and values
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def check_environment(models: DeclaredSet, model: DeclaredModel, served: Served) -> Iterator[Problem]:
    """Yield references that nothing resolves, and variables that SageMaker refuses."""
    yield from _references(models, served)
    shared = environment(model, served)
    declared = _declared(served)
    for path, values in declared.items():
        for name in sorted(values):
            value, place = values[name], models.place(served.find_key(*path, name))
            text = value if isinstance(value, str) else shared.get(name)
            if text is not None and (wrong := _wrong(name, text)):
                yield problem("MY243", f"{name} {wrong}", hint="change it for SageMaker", place=place)
            elif text is None and (wrong := _unexpanded(served, name, shared)):
                hint = "write the value as text, or set the variables that it names as text under env or config"
                yield problem("MY243", f"{name} {wrong}", hint=hint, place=place)
    rendered = max(environments(model, served), key=_size)
    total = _size(rendered)
    if len(rendered) > MAX_VARIABLES or total > MAX_TOTAL:
        place = models.place(served.find_key(*next(reversed(declared), ("targets", "sagemaker"))))
        message = f"{len(rendered)} variables with {total} bytes are more than SageMaker takes"
        hint = f"it takes {MAX_VARIABLES} with {MAX_TOTAL} bytes"
        yield problem("MY243", message, hint=hint, place=place)


def _declared(served: Served) -> dict[Path, Mapping[str, object]]:
    """Return the path of each mapping that an environment is made of, with what counts of it."""
    spec = fields(served)
    inside: Path = ("targets", "sagemaker")
    own: dict[Path, Mapping[str, object] | None] = {
        ("config",): served.model.config,
        ("env",): {name: value for name, value in (served.model.env or {}).items() if name not in (spec.env or {})},
        (*inside, "env"): spec.env,
        **{(*inside, "containers", i, "env"): each.env for i, each in enumerate(spec.containers or [])},
    }
    return {path: values for path, values in own.items() if values}


def _size(environment: Mapping[str, str]) -> int:
    return sum(len(f"{name}{value}".encode()) for name, value in environment.items())


def _references(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    for name, value in (served.model.env or {}).items():
        if isinstance(value, str) or name in (fields(served).env or {}):
            continue
        place = models.place(served.find_key("env", name))
        if value.expand is not None:
            continue
        secret = getattr(value, "secretKeyRef", None) is not None
        what = "a Secret" if secret else "the cluster"
        keep = "keep it in AWS Secrets Manager, and let the container read it with the execution role"
        hint = (
            keep if secret else "write its value under env of the target sagemaker, which overrides that of the model"
        )
        yield problem("MY242", f"SageMaker cannot read {name} from {what}", hint=hint, place=place)
    if served.model.envFrom:
        place = models.place(served.find_key("envFrom"))
        hint = "put values that are not secret under config, and secrets into AWS Secrets Manager"
        message = "SageMaker cannot read envFrom: it has no Secrets and ConfigMaps"
        yield problem("MY242", message, hint=hint, place=place)


def _unexpanded(served: Served, name: str, texts: Mapping[str, str]) -> str | None:
    """Say why a variable with `expand` has no text; None where it asks for no expansion."""
    if missing := unknown(served, name, texts):
        return f"refers to $({missing[0]}), whose text is not known here; SageMaker does not expand variables"
    value = (served.model.env or {}).get(name)
    expands = value is not None and not isinstance(value, str) and value.expand is not None
    return f"has more than the {MAX_BYTES} bytes of SageMaker" if expands else None


def _wrong(name: str, value: str) -> str | None:
    if not _NAME.fullmatch(name) or len(name) > MAX_BYTES:
        return "is not a valid variable name on SageMaker: letters, digits and _, not a digit first"
    size = len(value.encode())
    return f"has {size} bytes, more than the {MAX_BYTES} of SageMaker" if size > MAX_BYTES else None
