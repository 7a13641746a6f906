"""Notices: who hears of a change, by the channels that `notify` of a set or a model names.

from modelyard.api import notices

accepted, problems = notices.send("overlays/prod", "promoted", outcome.differences)

A notice that does not arrive is a warning, and never an error: what it tells of has been done. That a server accepts it
does not say that anybody reads it: Teams drops some later.
"""

import base64
import binascii
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import NamedTuple

from modelyard.api.notices import messages
from modelyard.api.notices.delivery import Undelivered, patiently, post, smtp
from modelyard.api.notices.notice import Event, Link, Notice, notice
from modelyard.api.pipeline import load, models_file
from modelyard.cluster import ClusterProblem, Connection, connect
from modelyard.models.declared import DeclaredSet
from modelyard.models.notify import VARIABLES, Channel, Mailing, Notify, Webhook
from modelyard.problems import Problem, problem
from modelyard.render.changes import Difference, shown

__all__ = ["Event", "Link", "Told", "channels", "send", "tell"]


class Told(NamedTuple):
    """What became of a notice: the channels that accepted it, and why others did not."""

    accepted: list[str]
    problems: list[Problem]


def send(
    file: str | Path,
    event: Event,
    differences: Sequence[Difference],
    *,
    links: Sequence[Link] = (),
    where: Connection | None = None,
) -> Told:
    """Tell the channels of a models file what has changed; nothing is sent where nothing has.

    links: pages with more, such as a pull request; those of the commit and of the pipeline are added. where: the
    cluster that has the Secrets of channels whose address no variable holds; without one they are not read.

    Problems: MY745 for each channel that did not get it, and for a file that names none.
    """
    lines = {each: shown([each], "text").splitlines() for each in differences}
    return _tell(file, event, [(each.model, found) for each, found in lines.items()], links, where)


def tell(
    file: str | Path,
    event: Event,
    model: str,
    lines: Sequence[str],
    *,
    links: Sequence[Link] = (),
    where: Connection | None = None,
    but: Collection[str] = (),
) -> Told:
    """Tell the channels of one model something else, such as an image that was built; but: not these. As `send`."""
    return _tell(file, event, [(model, lines)], links, where, but)


def channels(models: DeclaredSet, model: str) -> list[str]:
    """Return the names of the channels that hear of a model."""
    (own,) = _grouped(models, [(model, ())])
    return [name for name in VARIABLES if own[0] is not None and getattr(own[0], name) is not None]


def _tell(
    file: str | Path,
    event: Event,
    said: Sequence[tuple[str, Sequence[str]]],
    links: Sequence[Link],
    where: Connection | None,
    but: Collection[str] = (),
) -> Told:
    models = load(file).models
    told = Told([], [])
    if models is None or not said:
        return told
    path, known = models_file(file), False
    for named, own in _grouped(models, said):
        if named is None:
            continue
        known = True
        names = dict.fromkeys(model for model, _ in own if model)
        made = notice(event, models.metadata.name, path, names, (line for _, each in own for line in each), links)
        for name in VARIABLES:
            if name not in but and getattr(named, name) is not None:
                _send(name, getattr(named, name), made, where, told)
    if not known:
        hint = "add notify: {teams: {}} to spec, and set MODELYARD_TEAMS_URL; `modelyard explain notify` says more"
        told.problems.append(problem("MY745", f"{path} names nobody to notify", hint=hint))
    return told


_Said = list[tuple[str, Sequence[str]]]


def _grouped(models: DeclaredSet, said: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[Notify | None, _Said]]:
    """Return channels with what they hear of: those of a model, else of the set."""
    own = {each.name: each.whole.model.notify for each in models.models}
    found: dict[str, tuple[Notify | None, _Said]] = {}
    for model, lines in said:
        named = own.get(model) or models.spec.notify
        found.setdefault(repr(named), (named, []))[1].append((model, lines))
    return list(found.values())


def _send(name: str, channel: Channel | Webhook | Mailing, made: Notice, where: Connection | None, told: Told) -> None:
    try:
        patiently(_sender(name, channel, made, _address(name, channel, where)))
    except Undelivered as error:
        message = f"{name} did not get the notice: {error}"
        told.problems.append(problem("MY745", message, hint="what it tells of has been done"))
    else:
        told.accepted.append(name)


def _sender(
    name: str, channel: Channel | Webhook | Mailing, made: Notice, address: Mapping[str, str]
) -> Callable[[], None]:
    if isinstance(channel, Mailing):
        return smtp(address["url"], partial(_mail, made, channel))
    content = {"teams": messages.teams, "slack": messages.slack, "webhook": messages.webhook}[name](made)
    return post(address["url"], content, address.get("key", ""))


def _mail(made: Notice, channel: Mailing, user: str) -> EmailMessage:
    sender = channel.from_ or (user if "@" in user else channel.to[0])
    return messages.mail(made, sender, channel.to)


def _address(name: str, channel: Channel | Webhook | Mailing, where: Connection | None) -> Mapping[str, str]:
    """Return the keys of a channel's address: from variables, else from its Secret. Raises Undelivered."""
    variables = VARIABLES[name]
    found = {key: os.environ[variable] for key, variable in variables.items() if os.environ.get(variable)}
    if "url" not in found and channel.secret and where is not None:
        found = dict(_secret(channel.secret, where))
    if not found.get("url"):
        secret = f", or let Secret {channel.secret} have the key url" if channel.secret else ""
        raise Undelivered(f"set {variables['url']}{secret}")
    return found


def _secret(name: str, where: Connection) -> Mapping[str, str]:
    try:
        with connect(where) as client:
            body = client.find("v1", "Secret", name)
    except ClusterProblem:
        raise Undelivered(f"Secret {name} cannot be read") from None
    data = (body or {}).get("data") or {}
    try:
        return {key: base64.b64decode(text).decode().strip() for key, text in data.items() if key in ("url", "key")}
    except (binascii.Error, UnicodeDecodeError):
        raise Undelivered(f"Secret {name} holds no text") from None
