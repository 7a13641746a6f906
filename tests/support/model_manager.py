"""A stub of SAS Model Manager that answers as Viya LTS 2023.10 did when sasctl's own tests were recorded.

Source: sassoftware/python-sasctl, tests/integration/cassettes (test_model_publish, test_model_repository,
test_projects): paths, media types, collections of pages, links, states of a publication and its log.
"""

import base64
import json
import re
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

CLIENT: Final = "modelyard.ci"
SECRET: Final = "planted-secret-3b7d"  # noqa: S105 - planted, to be looked for in outputs
_FILTER: Final = re.compile(r'eq\((\w+),\s*"(.*)"\)')
_COLLECTION: Final = "application/vnd.sas.collection+json; charset=utf-8"


class ModelManager(ThreadingHTTPServer):
    """A project with models, a destination of containers, and what was published there.

    champion: name and version of the champion; None for none. outcome: the states that a publication goes through.
    page: items of a page, whatever is asked for. expired: how many calls from now on find the token expired.
    """

    daemon_threads = True

    def __init__(self, base: str = "registry.example.com/models") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.base = base
        self.champion: tuple[str, str] | None = ("QS_Reg1", "1.0")
        self.files: dict[str, bytes] = {"score.py": b"def score(): pass\n"}
        self.published: list[dict[str, Any]] = []
        self.outcome: Sequence[str] = ("pending", "completed")
        self.log = "line one\nBUILD FAILED: no space left\n"
        self.page, self.expired, self.tokens = 20, 0, 0
        self.seen: list[str] = []
        self.answers: dict[str, tuple[int, Mapping[str, str], bytes]] = {}
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that sasctl's users set."""
        login = {"SASCTL_CLIENT_ID": CLIENT, "SASCTL_CLIENT_SECRET": SECRET}
        return {"SASCTL_SERVER_NAME": f"http://{self.host}", **login}

    def publish(self, model: str, version: str, name: str, state: str = "completed") -> dict[str, Any]:
        """Note a publication, and return it."""
        number = len(self.published)
        found = {
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "creationTimeStamp": f"2026-08-23T15:{number // 60:02d}:{number % 60:02d}.676106Z",
            "name": name, "publishName": name, "publishType": "dockerContainer", "destinationName": "prodRegistry",
            "modelId": _id(model), "modelVersionId": version, "state": state, "properties": {},
        }  # fmt: skip
        self.published.append(found)
        return found


def _id(name: str) -> str:
    return f"00000000-0000-4000-9000-{name.encode().hex():0>12.12}"


class _Handler(BaseHTTPRequestHandler):
    server: ModelManager
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._begin("GET")

    def do_POST(self) -> None:
        self._begin("POST")

    def log_message(self, *_: object) -> None:
        pass

    def _begin(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        self.server.seen.append(f"{method} {self.path}")
        if parts.path in self.server.answers:
            status, headers, content = self.server.answers[parts.path]
            self._send(status, content, **headers)
        elif parts.path == "/SASLogon/oauth/token":
            self._token()
        elif not self.headers.get("Authorization", "").startswith("Bearer token-") or self.server.expired:
            self.server.expired = max(0, self.server.expired - 1)
            said = 'Bearer realm="oauth", error="invalid_token", error_description="Access token expired: token"'
            self._send(401, b"{}", **{"WWW-Authenticate": said})
        elif method == "POST" and parts.path == "/modelManagement/publish":
            self._publish(json.loads(body))
        else:
            self._get(unquote(parts.path), {key: each[0] for key, each in parse_qs(parts.query).items()})

    def _token(self) -> None:
        known = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {known}":
            self._json({"error": "unauthorized", "error_description": "Bad credentials"}, status=401)
            return
        self.server.tokens += 1
        self._json({"access_token": f"token-{self.server.tokens}", "token_type": "bearer", "expires_in": 3599})

    def _publish(self, wanted: dict[str, Any]) -> None:
        (content,) = wanted["modelContents"]
        model = next(each for each in self._models() if content["sourceUri"].endswith(each["id"]))
        version = content.get("modelVersionID") or model["modelVersionName"]
        found = self.server.publish(model["name"], version, content["modelName"], "pending")
        found["asked"] = 0
        self._json(found, status=201)

    def _get(self, path: str, query: Mapping[str, str]) -> None:
        server, words = self.server, path.strip("/").split("/")
        named = _FILTER.fullmatch(query.get("filter", ""))
        if words[1:] == ["projects"]:
            self._page(path, [each for each in [_project()] if not named or each["name"] == named[2]], query)
        elif words[1:] == ["projects", _project()["id"]]:
            self._json(_project())
        elif words[-1] == "champion":
            found = [each for each in self._models() if server.champion and each["name"] == server.champion[0]]
            self._json(found[0]) if found else self._send(404, b'{"errorCode":1,"httpStatusCode":404}')
        elif words[1:] == ["models"] and words[0] == "modelRepository":
            self._page(path, [each for each in self._models() if not named or each["name"] == named[2]], query)
        elif words[0] == "modelRepository" and words[1] == "models":
            self._model(path, words, query)
        elif words[1] == "destinations":
            found = [{"name": "prodRegistry", "destinationType": "privateDocker", "properties": self._properties()}]
            self._json(found[0]) if words[2:] else self._page(path, found, query)
        elif words == ["modelPublish", "models"]:
            own = [each for each in server.published if not named or each["modelId"] == named[2]]
            self._page(path, own, query)
        else:
            self._publication(words)

    def _model(self, path: str, words: list[str], query: Mapping[str, str]) -> None:
        (model,) = [each for each in self._models() if each["id"] == words[2]]
        if words[3:] == ["contents"]:
            self._page(path, [self._content(model["id"], each) for each in self.server.files], query)
        elif words[3:] and words[-1] == "content":
            self._send(200, self.server.files[words[4]])
        else:
            self._json(model)

    def _publication(self, words: list[str]) -> None:
        (found,) = [each for each in self.server.published if each["id"] == words[2]]
        if words[-1] == "log":
            self._json({"id": "1", "log": self.server.log})
            return
        states = self.server.outcome
        found["state"] = states[min(found["asked"], len(states) - 1)]
        found["asked"] += 1
        self._json(found)

    def _models(self) -> list[dict[str, Any]]:
        champion, version = self.server.champion or ("QS_Reg1", "1.0")
        return [_model_of(champion, version), *([] if champion == "QS_Tree" else [_model_of("QS_Tree", "1.0")])]

    def _content(self, model: str, name: str) -> dict[str, Any]:
        uri = f"/modelRepository/models/{model}/contents/{name}/content"
        links = [{"method": "GET", "rel": "content", "uri": uri, "type": "application/octet-stream"}]
        return {"id": name, "name": name, "modelId": model, "links": links}

    def _properties(self) -> list[dict[str, str]]:
        return [{"name": "credDomainId", "value": "docker"}, {"name": "baseRepoUrl", "value": self.server.base}]

    def _page(self, path: str, items: list[dict[str, Any]], query: Mapping[str, str]) -> None:
        start, limit = int(query.get("start", 0)), min(int(query.get("limit", 20)), self.server.page)
        links = [{"method": "GET", "rel": "self", "href": f"{path}?start={start}&limit={limit}"}]
        if start + limit < len(items):
            kept = f"&filter={query['filter']}" if "filter" in query else ""
            links.append({"method": "GET", "rel": "next", "href": f"{path}?start={start + limit}&limit={limit}{kept}"})
        body = {
            "version": 2,
            "count": len(items),
            "start": start,
            "limit": limit,
            "items": items[start : start + limit],
        }
        self._send(200, json.dumps({**body, "links": links}).encode(), **{"Content-Type": _COLLECTION})

    def _json(self, body: object, *, status: int = 200) -> None:
        self._send(status, json.dumps(body).encode(), **{"Content-Type": "application/json; charset=utf-8"})

    def _send(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)


def _project() -> dict[str, Any]:
    return {"id": "00000000-0000-4000-a000-000000000001", "name": "Churn", "latestVersion": "1.0", "links": []}


def _model_of(name: str, version: str) -> dict[str, Any]:
    own = f"/modelRepository/models/{_id(name)}"
    links = [
        {"method": "GET", "rel": "self", "href": own, "uri": own},
        {"method": "GET", "rel": "contents", "href": f"{own}/contents", "uri": f"{own}/contents"},
    ]
    return {
        "id": _id(name), "name": name, "modelVersionName": version, "modeler": "ada", "algorithm": "Regression",
        "creationTimeStamp": "2026-08-23T15:09:50.858Z", "targetVariable": "BAD", "projectName": "Churn",
        "links": links,
    }  # fmt: skip
