"""Trailers of commits that say which version of a model they bring: by them `git log` is the register.

They stand in the last paragraph of a message, as git's own do (git-interpret-trailers(1)):

    Model-Source: mlflow:churn@champion
    Model-Version: 7
    Image-Digest: sha256:…
"""

from typing import Final, NamedTuple

from modelyard.problems import printable

MODEL_SOURCE: Final = "Model-Source"
MODEL_VERSION: Final = "Model-Version"
IMAGE_DIGEST: Final = "Image-Digest"


class Trailers(NamedTuple):
    """What a commit says of a model's version; empty for what it does not say.

    source: the source's address, without credentials. version: as the source counts it. digest: `sha256:…`.
    """

    source: str = ""
    version: str = ""
    digest: str = ""


_KEYS: Final = dict(zip(Trailers._fields, (MODEL_SOURCE, MODEL_VERSION, IMAGE_DIGEST), strict=True))


def with_trailers(message: str, trailers: Trailers) -> str:
    """Return a message that ends with these trailers, each on one line; those that are empty are left out."""
    lines = [
        f"{_KEYS[name]}: {' '.join(printable(value).split())}"
        for name, value in trailers._asdict().items()
        if value.strip()
    ]
    return "\n".join([message.rstrip(), "", *lines, ""]) if lines else f"{message.rstrip()}\n"


def trailers_of(message: str) -> Trailers:
    """Return what a message says, wherever its lines stand: a squash puts messages of several commits into one.

    Of two lines with one key the later one counts, as in a history the later commit does.
    """
    found: dict[str, str] = {}
    names = {key.lower(): name for name, key in _KEYS.items()}
    for line in message.splitlines():
        key, mark, value = line.partition(":")
        if mark and (name := names.get(key.lower())):
            found[name] = value.strip()
    return Trailers(**found)
