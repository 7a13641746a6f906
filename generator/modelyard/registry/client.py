"""A registry: its digests, blobs and manifests, by the package oras.

oras has the addresses of the distribution API, token exchange, and uploads. Ours are the connection (`session`), whose
credentials they are (`credentials`), and that a secret goes to the registry, and to the server that it names for
tokens, over TLS or on this machine, and to nobody else. Not of oras: its retries, which sleep for minutes.

Sources: opencontainers/distribution-spec v1.1.1; distribution/distribution v3, docs/content/spec/auth.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import oras.auth.utils
import oras.container
import oras.defaults
import oras.logger
import oras.provider
import requests.exceptions

from modelyard.models.image_lock import digest as wrong_digest
from modelyard.registry import credentials
from modelyard.registry.problems import RegistryProblem, refused, unreachable, unusable
from modelyard.registry.reference import Reference
from modelyard.registry.session import MAX_BYTES, Session, TooLarge, chunks

_DIGEST: Final = "Docker-Content-Digest"
_ACCEPT: Final = ", ".join(oras.defaults.default_manifest_accepted_media_types)
_CLIENT: Final = "modelyard"  # what a server for tokens may log


class Registry(oras.provider.Registry):  # type: ignore[misc] # oras has no types
    """A registry, asked for one repository of it; what it raises is a RegistryProblem."""

    def __init__(self, reference: Reference) -> None:
        oras.logger.setup_logger(quiet=True)  # it prints what servers say
        super().__init__(hostname=reference.endpoint)
        self.session = self.auth.session = Session()
        self.reference = reference
        name = f"{reference.endpoint}/{reference.repository}"
        separator = "@" if ":" in reference.version else ":"
        self.container = oras.container.Container(f"{name}{separator}{reference.version}")
        self._credentials: credentials.Credentials | None = None
        self._authorization = ""
        if reference.is_local and not self._speaks_tls():
            self.prefix = self.auth.prefix = "http"

    def digest(self) -> str:
        """Return the digest that the reference names: of an index where it is one."""
        url = f"{self.prefix}://{self.container.manifest_url()}"
        response = self.do_request(url, "HEAD", headers={"Accept": _ACCEPT})
        self.check(response, self.reference.inside)
        said = str(response.headers.get(_DIGEST, ""))
        if said and not wrong_digest(said):
            return said
        content = self.manifest()[0]
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    def manifest(self) -> tuple[bytes, str]:
        """Return the manifest as it is stored, and its digest, which is proven where the registry says one."""
        url = f"{self.prefix}://{self.container.manifest_url()}"
        response = self.do_request(url, "GET", headers={"Accept": _ACCEPT})
        self.check(response, self.reference.inside)
        found = f"sha256:{hashlib.sha256(response.content).hexdigest()}"
        wanted = self.reference.version if ":" in self.reference.version else response.headers.get(_DIGEST) or found
        if wanted != found:
            raise unusable(self.reference.host, f"gives a manifest of {self.reference} that is not {wanted}")
        return response.content, found

    def blob(self, digest: str, most: int) -> bytes:
        """Return a blob of at most so many bytes, proven by its digest; it may come from another host."""
        response = self.get_blob(self.container, digest, stream=True)
        self.check(response, f"blob of {self.reference.inside}")
        try:
            content = b"".join(chunks(response, most))
        except requests.exceptions.RequestException as error:
            raise _failed(self.reference.host, error) from None
        finally:
            response.close()
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise unusable(self.reference.host, f"gives a blob of {self.reference.inside} that is not {digest}")
        return content

    def upload(self, file: Path, descriptor: dict[str, Any]) -> None:
        """Write a blob, unless it is there."""
        try:
            self.upload_blob(str(file), self.container, descriptor)
        except ValueError:  # no address to upload to
            raise unusable(self.reference.host, "names no address for an upload") from None

    def upload_as(self, manifest: dict[str, Any]) -> str:
        """Write a manifest under the tag, and return its digest."""
        response = self.upload_manifest(manifest, self.container)
        found = f"sha256:{hashlib.sha256(response.request.body).hexdigest()}"
        if response.headers.get(_DIGEST, found) != found:
            raise unusable(self.reference.host, f"has stored another manifest than {found}")
        return found

    def check(self, response: requests.Response, what: str) -> None:
        """Raise RegistryProblem where an answer is an error."""
        if not response.ok:
            known = self._credentials is not None
            raise refused(response.status_code, what, self.reference.host, known=known)

    def do_request(
        self,
        url: str,
        method: str = "GET",
        data: Any = None,
        headers: dict[str, str] | None = None,
        json: Any = None,
        stream: bool = False,  # noqa: FBT001, FBT002 - as oras calls it
    ) -> requests.Response:
        """Make a call, and once more with credentials where the registry asks for them."""
        sent = dict(headers or {})
        sent.pop("Authorization", None)
        try:
            response = self._call(url, method, data, sent, json, stream)
            if response.status_code == 401 and self._is_own(response.url) and self._authorized(response):
                response = self._call(url, method, data, sent, json, stream)
        except requests.exceptions.RequestException as error:
            raise _failed(urlsplit(url).netloc, error) from None
        if method not in ("GET", "HEAD"):
            self.check(response, self.reference.inside)
        return response

    def _call(
        self,
        url: str,
        method: str,
        data: Any,
        headers: dict[str, str],
        json: Any,
        stream: bool,  # noqa: FBT001
    ) -> requests.Response:
        own = {"Authorization": self._authorization} if self._authorization and self._is_own(url) else {}
        return self.session.request(method, url, data=data, json=json, headers={**headers, **own}, stream=stream)

    def _is_own(self, url: str) -> bool:
        """Tell whether an address is the registry's, and gets the secret: an upload may be sent elsewhere."""
        return urlsplit(url)[:2] == (self.prefix, self.reference.endpoint)

    def _authorized(self, response: requests.Response) -> bool:
        """Get what the challenge of an answer asks for; return whether there is something new to try."""
        self._credentials = self._credentials or credentials.of(self.reference.endpoint)
        challenge = str(response.headers.get("WWW-Authenticate", ""))
        before = self._authorization
        if challenge.lower().startswith("basic"):
            self._authorization = f"Basic {self._basic()}" if self._credentials else ""
        elif challenge.lower().startswith("bearer"):
            self._authorization = self._bearer(challenge)
        return self._authorization not in ("", before)

    def _basic(self) -> str:
        own = self._credentials
        return base64.b64encode(f"{own.user}:{own.password}".encode()).decode() if own else ""

    def _bearer(self, challenge: str) -> str:
        """Return the header with a token from the server that the challenge names."""
        asked = oras.auth.utils.parse_auth_header(challenge)
        realm = urlsplit(asked.realm or "")
        if realm.scheme != "https" and (realm.scheme, realm.hostname) != (self.prefix, self._host()):
            raise unusable(self.reference.host, "names a server for tokens that would get them over a plain connection")
        if self._credentials and self._credentials.identity:
            return self._exchanged(asked, self._credentials.identity)
        if self._credentials:
            self.auth.set_basic_auth(self._credentials.user, self._credentials.password)
        token = self._token(asked)
        return f"Bearer {token}" if token else ""

    def _token(self, asked: Any) -> str:
        try:
            get = self.auth.request_token if self._credentials else self.auth.request_anonymous_token
            return str(get(asked) or "")
        except (ValueError, AttributeError):  # an answer that is no JSON, or no mapping
            raise unusable(urlsplit(asked.realm).netloc, "gives no token") from None

    def _exchanged(self, asked: Any, identity: str) -> str:
        """Return the header for an identity token, which oras does not know (spec/auth/oauth.md, refresh_token)."""
        form = {"grant_type": "refresh_token", "refresh_token": identity, "client_id": _CLIENT}
        form |= {key: value for key in ("service", "scope") if (value := getattr(asked, key))}
        response = self.session.post(asked.realm, data=form, allow_redirects=False)
        try:
            token = response.json()["access_token"] if response.ok else ""
        except (ValueError, KeyError, TypeError):
            raise unusable(urlsplit(asked.realm).netloc, "gives no token") from None
        return f"Bearer {token}" if token else ""

    def _host(self) -> str | None:
        return urlsplit(f"//{self.reference.endpoint}").hostname

    def _speaks_tls(self) -> bool:
        """Tell whether a registry of this machine speaks TLS: only there docker tries a plain connection too."""
        try:
            self.session.get(f"https://{self.reference.endpoint}/v2/")
        except requests.exceptions.SSLError as error:
            return "CERTIFICATE_VERIFY_FAILED" in str(error)  # it does, and the next call says what is wrong
        except requests.exceptions.RequestException as error:
            raise _failed(self.reference.endpoint, error) from None
        return True


def _failed(host: str, error: requests.exceptions.RequestException) -> RegistryProblem:
    """Return why there is no answer; the text of the error may hold an address with a token, and is not shown."""
    if isinstance(error, TooLarge):
        return unusable(host, f"answers with more than {MAX_BYTES >> 20} MiB, or a layer larger than it says")
    if isinstance(error, requests.exceptions.Timeout):
        return unreachable(host, "has not answered in time", "try again later")
    if isinstance(error, requests.exceptions.SSLError):
        hint = "name the CA's certificate in REQUESTS_CA_BUNDLE; plain HTTP is spoken with this machine alone"
        return unreachable(host, "has a certificate that is not trusted, or speaks no TLS", hint)
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return unusable(host, "redirects in a circle")
    if isinstance(error, requests.exceptions.ConnectionError):
        return unreachable(host, "cannot be reached")
    return unusable(host, "breaks its answer off")
