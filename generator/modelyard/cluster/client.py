"""Calls of a Kubernetes API server: each with a time limit, each failure a Problem that names host, verb and object.

The calls of the package kubernetes are not used: its patch returns None when an apply creates (37.0), and they do not
tell a refusal from a failure.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from modelyard.cluster.refusals import is_absent, problem_of
from modelyard.cluster.secrets import without_credentials
from modelyard.problems import Problem, problem

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
MAX_TRIES: Final = 4  # of a call that is answered 429
MAX_PAUSE: Final = 10.0  # seconds; a server that asks for more gets no further call
_PART: Final = 4096  # bytes of a text that are read at once, at most
_JSON_PATCH: Final = "application/json-patch+json"

Object = dict[str, Any]


class ClusterProblem(Exception):  # noqa: N818 - the vehicle of a Problem, not an error of the program
    """Takes a problem out of nested calls; who catches it reports `.problem`.

    answered: the API server has answered. absent: with the word that what was asked for is not there.
    """

    def __init__(self, found: Problem, *, answered: bool = False, absent: bool = False) -> None:
        super().__init__(found.message)
        self.problem = found
        self.answered = answered
        self.absent = absent


class Kind(NamedTuple):
    """A kind as the server knows it. base: path of its API group and version."""

    base: str
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "") -> str:
        """Return the path of one object, or of all in a namespace."""
        within = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{self.base}{within}/{self.plural}" + (f"/{name}" if name else "")


@dataclass
class Client:
    """One API server. pool: what urllib3 calls a PoolManager. namespace: where objects without one belong."""

    host: str
    namespace: str
    _api: Any = field(repr=False)  # holds credentials
    _kinds: dict[str, dict[str, Kind]] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        what: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
    ) -> Object:
        """Return the answer's object. Raises ClusterProblem; `what` is the object as messages call it."""
        for attempt in range(1, MAX_TRIES + 1):
            status, headers, text = self._send(method, path, what, query, body, content_type)
            if status != 429 or attempt == MAX_TRIES:
                break
            pause = _seconds(headers.get("Retry-After", "1"))
            if pause > MAX_PAUSE:
                break
            time.sleep(pause)
        if not 200 <= status < 300:
            found = self._problem(method, what, status, text)
            raise ClusterProblem(found, answered=True, absent=is_absent(status, text))
        return self._object(method, what, text)

    def lines(self, path: str, what: str, *, query: Mapping[str, str], follow: bool) -> Iterator[str]:
        """Yield the lines of a text as they come; with follow, also after a long silence. Raises ClusterProblem."""
        from urllib3.exceptions import HTTPError

        answer = self._request("GET", path, what, query, read=None if follow else READ_SECONDS)
        rest = b""
        try:
            if answer.status != 200:
                found = self._problem("GET", what, answer.status, answer.read())
                raise ClusterProblem(found, answered=True, absent=answer.status == 404)
            if not answer.headers.get("Content-Type", "").startswith("text/plain"):
                raise ClusterProblem(self._strange("GET", what))
            for part in answer.stream(_PART):
                *whole, rest = (rest + part).split(b"\n")
                yield from (each.decode("utf-8", "replace") for each in whole)
        except HTTPError as error:
            raise ClusterProblem(self._unanswered("GET", what, error)) from None
        finally:
            answer.close()
        if rest:
            yield rest.decode("utf-8", "replace")

    def proxied(self, pod: str, port: int, path: str) -> Any:
        """Return what a pod answers to GET in JSON, through the API server. Raises ClusterProblem."""
        own = f"{self.kind('v1', 'Pod').path(self.namespace, f'{pod}:{port}')}/proxy/{path.lstrip('/')}"
        what = f"port {port} of pod {pod}"
        status, _, text = self._send("GET", own, what, None, None, "application/json")
        if status != 200:
            raise ClusterProblem(self._problem("GET", what, status, text), answered=True, absent=status == 404)
        try:
            return json.loads(text)
        except ValueError:
            raise ClusterProblem(self._strange("GET", what)) from None

    def websocket(self, path: str, what: str, *, query: Mapping[str, str], protocol: str) -> Any:
        """Return an open WebSocket, one of the package websocket-client. Raises ClusterProblem."""
        from kubernetes.stream import ws_client

        sockets: Any = ws_client  # the package has no types
        headers = {"sec-websocket-protocol": protocol}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
        url = sockets.get_websocket_url(self._api.configuration.host.rstrip("/") + path, list(query.items()))
        try:
            return sockets.create_websocket(self._api.configuration, url, headers)
        except Exception as error:  # noqa: BLE001 - of sockets, TLS, proxies and the protocol; their texts hold the URL
            status, text = getattr(error, "status_code", 0), getattr(error, "resp_body", None) or b""
            found = self._problem("GET", what, status, text) if status else self._unanswered("GET", what, error)
            raise ClusterProblem(found, answered=bool(status), absent=status == 404) from None

    def _send(
        self, method: str, path: str, what: str, query: Mapping[str, str] | None, body: object, content_type: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        from urllib3.exceptions import HTTPError

        text = None if body is None else json.dumps(body).encode()
        answer = self._request(method, path, what, query, body=text, content_type=content_type)
        try:
            return answer.status, answer.headers, answer.read()
        except HTTPError as error:
            raise ClusterProblem(self._unanswered(method, what, error)) from None
        finally:
            answer.release_conn()

    def _request(
        self,
        method: str,
        path: str,
        what: str,
        query: Mapping[str, str] | None,
        *,
        body: bytes | None = None,
        content_type: str = "application/json",
        read: float | None = READ_SECONDS,
    ) -> Any:
        """Return the answer with its body unread; read: seconds without a byte, None for no limit."""
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        headers = {"Accept": "application/json", "Content-Type": content_type}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, None)
        base = self._api.configuration.host.rstrip("/")
        url = base + path + (f"?{urlencode(query)}" if query else "")
        try:
            return self._api.rest_client.pool_manager.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=Timeout(connect=CONNECT_SECONDS, read=read),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except HTTPError as error:
            raise ClusterProblem(self._unanswered(method, what, error)) from None

    def _problem(self, method: str, what: str, status: int, text: bytes) -> Problem:
        return problem_of(self.host, method, what, status, without_credentials(self._api.configuration, text))

    def _unanswered(self, method: str, what: str, error: Exception) -> Problem:
        # The error's text may hold the URL with user info; its type says enough.
        message = f"{self.host} does not answer: {method} {what} ({type(error).__name__})"
        return problem("MY702", message, hint="check the network and the context; then run the command again")

    def _object(self, method: str, what: str, text: bytes) -> Object:
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict) or "kind" not in found:
            raise ClusterProblem(self._strange(method, what))
        return found

    def _strange(self, method: str, what: str) -> Problem:
        message = f"{self.host} answers {method} {what} with something that is not a Kubernetes object"
        return problem("MY707", message, hint="check for a proxy in between, then run the command again")

    def kind(self, api_version: str, kind: str) -> Kind:
        """Return how the server serves a kind. Raises ClusterProblem: MY706 if it does not."""
        if api_version not in self._kinds:
            self._kinds[api_version] = self._discovered(api_version)
        found = self._kinds[api_version].get(kind)
        if found is None:
            hint = "install what defines it, such as Knative Serving" if "." in api_version else ""
            message = f"{self.host} does not know {kind} of {api_version}"
            raise ClusterProblem(problem("MY706", message, hint=hint), answered=True, absent=True)
        return found

    def _discovered(self, api_version: str) -> dict[str, Kind]:
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            answer = self.call("GET", base, f"the kinds of {api_version}")
        except ClusterProblem as error:
            if error.absent:
                return {}
            raise
        resources = [each for each in answer.get("resources", []) if "/" not in each["name"]]
        return {each["kind"]: Kind(base, each["name"], each["namespaced"]) for each in resources}

    def find(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return an object, or None if there is none of this name, as where the server does not know the kind."""
        try:
            path = self.kind(api_version, kind).path(namespace or self.namespace, name)
            return self.call("GET", path, f"{kind} {name}")
        except ClusterProblem as error:
            if error.absent:
                return None
            raise

    def select(
        self, api_version: str, kind: str, selector: str = "", namespace: str | None = None, *, fields: str = ""
    ) -> list[Object]:
        """Return all objects of a kind in the namespace that a label and a field selector match, by name."""
        query = {"limit": "500", **({"labelSelector": selector} if selector else {})}
        query |= {"fieldSelector": fields} if fields else {}
        path = self.kind(api_version, kind).path(namespace or self.namespace)
        found: list[Object] = []
        while True:
            answer = self.call("GET", path, f"all {kind} objects", query=query)
            # Items of a list carry neither apiVersion nor kind.
            found += [{"apiVersion": api_version, "kind": kind, **each} for each in answer.get("items") or []]
            query["continue"] = answer.get("metadata", {}).get("continue") or ""
            if not query["continue"]:
                return sorted(found, key=lambda each: str(each["metadata"]["name"]))

    def optional(self, api_version: str, kind: str, selector: str = "", namespace: str | None = None) -> list[Object]:
        """Return the same, and nothing where the server does not know the kind."""
        try:
            return self.select(api_version, kind, selector, namespace)
        except ClusterProblem as error:
            if error.problem.code == "MY706":
                return []
            raise

    def patch(self, live: Object, operations: Iterable[Object], *, manager: str) -> Object:
        """Apply operations of JSON Patch to an object as it was read, and return it; 409 if it has changed since."""
        metadata = live["metadata"]
        test = {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
        path = self.kind(live["apiVersion"], live["kind"]).path(metadata["namespace"], metadata["name"])
        what, query = f"{live['kind']} {metadata['name']}", {"fieldManager": manager, "fieldValidation": "Strict"}
        return self.call("PATCH", path, what, query=query, body=[test, *operations], content_type=_JSON_PATCH)

    def delete(self, live: Object, *, orphan: bool = False) -> None:
        """Delete an object as it was read; what has gone meanwhile is fine, what has been made anew stays.

        orphan: what it owns is not deleted with it.
        """
        metadata = live["metadata"]
        kind = self.kind(live["apiVersion"], live["kind"])
        policy = "Orphan" if orphan else "Background"
        body = {"propagationPolicy": policy, "preconditions": {"uid": metadata["uid"]}}
        path = kind.path(metadata.get("namespace", self.namespace), metadata["name"])
        try:
            self.call("DELETE", path, f"{live['kind']} {metadata['name']}", body=body)
        except ClusterProblem as error:
            if not error.absent:
                raise


def _seconds(text: str) -> float:
    """Return a Retry-After in seconds; a date, which API servers do not send, as one second."""
    return float(text) if text.isascii() and text.isdecimal() else 1.0
