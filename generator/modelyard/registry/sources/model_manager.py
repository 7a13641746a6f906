"""SAS Model Manager, by sasctl: the champion of a project, where it is published, and its files.

Sources: sassoftware/python-sasctl v1.12, and the answers of Viya LTS 2023.10 that its tests have recorded. An image is
`<baseRepoUrl>/<publishName>:latest` (SAS Container Runtime, publishing to container destinations): its tag moves.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError

from modelyard.models.source import ModelManager, ModelSource, address
from modelyard.problems import printable, problem
from modelyard.registry.sources import wrong
from modelyard.registry.sources.version import SourceProblem, Version

_JSON: Final = {"Accept": "application/json"}
_BYTES: Final = {"Accept": "application/octet-stream"}
_PENDING: Final = ("pending", "running", "submitted")
_FIRST, _EVERY = 0.5, 10.0  # seconds until the first look at what is being published, and between two later ones
_SHOWN: Final = 20  # lines of a log
_NOT_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]")


class _Services(NamedTuple):
    repository: Any
    publish: Any
    management: Any


def latest(source: ModelSource) -> Version:
    """Return the project's champion, or the model's newest version, with its image if it is published.

    Raises SourceProblem.
    """
    wanted = _wanted(source)
    with _asking("champion or model") as services:
        found = _champion(services, wanted) if wanted.project else _model(services, wanted.model or "")
        version = str(found.get("modelVersionName") or "1.0")
        image = _published(services, wanted, found, version)
        own = wanted.model_copy(update={"model": str(found["name"])})
        where = address(source.model_copy(update={"modelManager": own}))
        return Version(where, version, str(found["name"]), image, details=_details(found, wanted))


def publish(source: ModelSource, version: Version, name: str, seconds: float, tell: Callable[[str], None]) -> str:
    """Have Model Manager publish a version to the source's destination, wait for it, and return the image.

    name: of the image in the destination. Raises SourceProblem, MY777 with the end of the log if it fails.
    """
    wanted = _wanted(source)
    if not wanted.destination:
        hint = "name one: source: {modelManager: {destination: …}}"
        raise wrong.absent(f"the source of {version.model} names no destination to publish to", hint)
    with _asking(f"destination {wanted.destination}") as services:
        base = _base(services, wanted.destination)
        model = _model(services, version.model)
        begun = services.management.publish_model(
            model, wanted.destination, version.version, name=published_name(name), force=True
        )
        tell(f"Model Manager publishes {version.model} {version.version} to {wanted.destination}")
        done = _awaited(services, begun, time.monotonic() + seconds)
        if done.get("state") != "completed":
            raise _failed(services, done, version)
        return f"{base}/{done.get('publishName') or published_name(name)}:latest"


def fetch(source: ModelSource, version: str, folder: Path) -> None:
    """Write the files of a version into an empty folder. Raises SourceProblem."""
    wanted = _wanted(source)
    with _asking(f"version {version}") as services:
        known = wanted.model or str(_champion(services, wanted)["name"])
        model = _model(services, known)
        for each in _contents(services, model, version):
            name = str(each["name"])
            if "/" in name or name in ("", ".", "..") or not name.isprintable():
                raise wrong.unusable(f"{known} has a file whose name is none", "rename it in Model Manager")
            link = services.repository.get_link(each, "content")
            content = services.repository.get(
                str(link["uri"]).removeprefix("/modelRepository"), headers=_BYTES, format_="content"
            )
            if content is None:
                raise wrong.absent(f"{name} of {known} is gone")
            (folder / name).write_bytes(content)


def published_name(name: str) -> str:
    """Return a name that Model Manager publishes under: letters, digits and _, not a digit first, in lower case."""
    found = _NOT_A_NAME.sub("_", name).lower()
    return f"_{found}" if found[:1].isascii() and found[:1].isdigit() else found


def _wanted(source: ModelSource) -> ModelManager:
    if source.modelManager is None:
        raise TypeError(address(source))
    return source.modelManager


@contextmanager
def _asking(what: str) -> Iterator[_Services]:
    """Give the services, logged in; what sasctl raises becomes a SourceProblem, whose text is ours."""
    library, services = _library()
    from modelyard.registry.sources.session import LOGIN, Session, host

    where = host()
    try:
        with Session():
            yield services
    except (library.AuthenticationError, library.AuthorizationError):
        raise wrong.refused(where, LOGIN) from None
    except HTTPError as error:
        raise wrong.of_status(int(error.code or 0), where, what, LOGIN) from None
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        known = wrong.of_connection(error, where)
        status = getattr(getattr(error, "response", None), "status_code", None)
        if known is None and status is not None:
            known = wrong.of_status(int(status), where, what, LOGIN)
        raise known or wrong.unusable(f"what {where} answers cannot be read") from None


def _library() -> tuple[ModuleType, _Services]:
    try:
        import sasctl.exceptions
        from sasctl.services import model_management, model_publish, model_repository
    except ImportError:
        raise wrong.missing_extra("sas", "a source of SAS Model Manager") from None
    return sasctl.exceptions, _Services(model_repository, model_publish, model_management)


def _champion(services: _Services, wanted: ModelManager) -> Mapping[str, Any]:
    project = services.repository.get_project(wanted.project)
    if project is None:
        raise wrong.absent(f"Model Manager has no project {wanted.project}")
    found: Mapping[str, Any] | None = services.repository.get(f"/projects/{project['id']}/champion", headers=_JSON)
    if found is None:
        hint = "set one in Model Manager: it needs the project's target and variables"
        raise wrong.absent(f"the project {wanted.project} has no champion", hint)
    return found


def _model(services: _Services, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = services.repository.get_model(name)
    if found is None:
        raise wrong.absent(f"Model Manager has no model {name}")
    return found


def _base(services: _Services, destination: str) -> str:
    """Return where a destination puts images, without a scheme."""
    found = services.publish.get_destination(destination)
    if found is None:
        raise wrong.absent(f"Model Manager has no destination {destination}")
    properties = {str(each.get("name")): str(each.get("value")) for each in found.get("properties") or []}
    base = properties.get("baseRepoUrl", "").partition("://")
    url = (base[2] or base[0]).rstrip("/")
    if not url:
        hint = "name a destination of containers: privateDocker, azure, aws or gcp"
        raise wrong.absent(f"the destination {destination} holds no images", hint)
    return url


def _published(services: _Services, wanted: ModelManager, model: Mapping[str, Any], version: str) -> str:
    """Return the image of a version, if it is what its moving tag names: published last under its name."""
    if not wanted.destination:
        return ""
    asked = {"filter": f'eq(modelId,"{model["id"]}")', "sortBy": "creationTimeStamp:descending", "limit": "100"}
    answer = services.publish.get("/models", params=asked)
    every = [each for each in _items(answer) if each.get("destinationName") == wanted.destination]
    done = [each for each in every if each.get("state") == "completed" and each.get("modelId") == model["id"]]
    newest: dict[str, Mapping[str, Any]] = {}
    for each in sorted(done, key=lambda one: str(one.get("creationTimeStamp"))):
        newest[str(each.get("publishName"))] = each
    own = [each for each in newest.values() if str(each.get("modelVersionId")) == version]
    if not own:
        return ""
    chosen = max(own, key=lambda one: str(one.get("creationTimeStamp")))
    return f"{_base(services, wanted.destination)}/{chosen['publishName']}:latest"


def _items(answer: Any) -> list[Mapping[str, Any]]:
    """Return the items of what sasctl makes of a list: it gives one item alone, and reads on where there are more."""
    if not answer:
        return []
    return [answer] if isinstance(answer, Mapping) else list(answer)


def _awaited(services: _Services, begun: Mapping[str, Any], deadline: float) -> Mapping[str, Any]:
    found, pause = begun, _FIRST
    while str(found.get("state")) in _PENDING:
        if time.monotonic() > deadline:
            hint = "give it longer with --timeout, or look at it in Model Manager: it goes on there"
            raise SourceProblem(problem("MY777", "Model Manager has not published the model in time", hint=hint))
        time.sleep(min(pause, max(0.05, deadline - time.monotonic())))
        pause = min(2 * pause, _EVERY)
        answer = services.publish.get(f"/models/{begun['id']}")
        if answer is None:
            raise wrong.absent("what Model Manager was publishing is gone")
        found = answer
    return found


def _failed(services: _Services, done: Mapping[str, Any], version: Version) -> SourceProblem:
    answer = services.publish.get(f"/models/{done['id']}/log")
    log = str(answer.get("log", "")) if isinstance(answer, Mapping) else ""
    lines = [printable(line.rstrip()) for line in log.splitlines() if line.strip()][-_SHOWN:]
    said = "; it says: " + " | ".join(lines) if lines else ""
    message = f"publishing {version.model} {version.version} ended with {done.get('state')}{said}"
    return SourceProblem(problem("MY777", message, hint="mend what the log names, and publish it again"))


def _contents(services: _Services, model: Mapping[str, Any], version: str) -> list[Mapping[str, Any]]:
    """Return the files of a version, which may be the current one or an earlier one."""
    if str(model.get("modelVersionName") or "1.0") == version:
        return _items(services.repository.get_model_contents(model))
    for each in services.repository.get_model_with_versions(model):
        if str(each.get("modelVersionName")) == version:
            return _items(services.repository.get_model_version_contents(model, each["id"]))
    raise wrong.absent(f"{model['name']} has no version {version}")


def _details(found: Mapping[str, Any], wanted: ModelManager) -> dict[str, str]:
    said = {
        "project": wanted.project,
        "model": found.get("name"),
        "modeler": found.get("modeler"),
        "created": found.get("creationTimeStamp"),
        "modified": found.get("modifiedTimeStamp"),
        "algorithm": found.get("algorithm"),
        "target": found.get("targetVariable"),
        "description": found.get("description"),
    }
    return {key: str(value) for key, value in said.items() if value}
