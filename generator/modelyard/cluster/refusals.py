"""What an API server's refusal means, in words."""

import json
import re
from typing import Any, Final

from modelyard.problems import Problem, problem

_VERBS: Final = {"GET": "read", "PATCH": "apply", "POST": "create", "DELETE": "delete", "PUT": "replace"}
_MANAGER: Final = re.compile(r'conflicts? with "([^"]*)"')
# Server-side apply answers a field that the schema does not have with 500 (Kubernetes 1.36, managedfields/typed).
_TYPED: Final = "failed to create typed patch object"
# Kubernetes 1.36, pkg/kubelet/kubelet_pods.go, validateContainerLogStatus
_NO_LOG: Final = re.compile(r"is waiting to start|previous terminated container .* not found|is not available")
_REFUSED: Final = frozenset([400, 403, 404, 413, 415, 422])


def problem_of(host: str, method: str, what: str, status: int, text: bytes) -> Problem:
    """Return what is wrong when a call is answered with a status that is no success."""
    verb = _VERBS.get(method, method)
    answer = _status(text)
    said = str(answer.get("message") or f"status {status}")
    if status == 409 and (fields := _conflicts(answer)):
        hint = "remove the field there, or add --force-conflicts to take it over"
        return problem("MY705", f"{what}: {'; '.join(fields)}", hint=hint)
    if status == 401:
        hint = "log in again: the credentials of this context are missing or too old"
        return problem("MY703", f"{host} does not accept the credentials to {verb} {what}", hint=hint)
    if status == 403 and "is forbidden: User" in said:
        return problem("MY703", f"{host}: {said}", hint=f"ask for a Role that may {verb} {what}")
    if status == 400 and what.startswith("the log of ") and _NO_LOG.search(said):
        return problem(
            "MY716", f"{what} is not there: {said}", hint="`modelyard status MODEL` says why it has not started"
        )
    if status in _REFUSED or _TYPED in said:
        return problem("MY704", f"{host} refuses to {verb} {what}: {said}", hint=_hint(said))
    return problem("MY707", f"{host} answers {status} to {verb} {what}: {said}", hint="run the command again")


def is_absent(status: int, text: bytes) -> bool:
    """Tell whether it is the API server itself that says that an object, or a whole API group, is not there.

    For a group it answers in plain text (Kubernetes 1.36, apiserver/pkg/server/mux); any other 404 is somebody else's.
    """
    said = _status(text).get("reason") == "NotFound" or text.strip() == b"404 page not found"
    return status == 404 and said


def _hint(said: str) -> str:
    if "exceeded quota" in said:
        return "the namespace's ResourceQuota is used up: ask for more, or lower resources or minScale"
    if "error looking up service account" in said:
        return "create this ServiceAccount, or let the set bring it: leave out serviceAccount.create: false"
    if said.startswith("namespaces "):
        return "create the namespace, or name another with -n"
    return ""


def _status(text: bytes) -> dict[str, Any]:
    """Return the Status object of an answer; nothing of what a proxy in between wrote."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and found.get("kind") == "Status" else {}


def _conflicts(answer: dict[str, Any]) -> list[str]:
    """Return `FIELD is set by MANAGER` for each field that another manager owns."""
    causes = (answer.get("details") or {}).get("causes") or []
    fields = [each for each in causes if each.get("reason") == "FieldManagerConflict"]
    return [f"{each.get('field', '')} is set by {_manager(str(each.get('message', '')))}" for each in fields]


def _manager(message: str) -> str:
    found = _MANAGER.search(message)
    return found[1] if found else "another manager"
