"""References: what a name of an image, or an address such as oci://registry.example.com/models:1.0.0, leads to."""

from typing import Final, NamedTuple

from modelyard.manifests import names
from modelyard.problems.patterns import pattern

SCHEME: Final = "oci://"
# Where names without a registry lead (distribution/reference v0.6.0, normalize.go), and the host that answers for it.
_HUB: Final = "docker.io"
_HUB_HOST: Final = "registry-1.docker.io"
_LATEST: Final = "latest"
_LOCAL: Final = pattern(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?")


class Reference(NamedTuple):
    """A repository of a registry, and a tag or digest in it."""

    host: str
    repository: str
    version: str

    @property
    def endpoint(self) -> str:
        """The host that answers, with its port."""
        return _HUB_HOST if self.host == _HUB else self.host

    @property
    def is_local(self) -> bool:
        """Tell whether the registry runs on this machine: only there a plain connection is as good as TLS."""
        return _LOCAL.fullmatch(self.host) is not None

    @property
    def inside(self) -> str:
        """What it is called inside of the registry."""
        return f"{self.repository}{'@' if ':' in self.version else ':'}{self.version}"

    def __str__(self) -> str:
        """Return how people write it."""
        return f"{self.host}/{self.inside}"


def parse(text: str) -> Reference | None:
    """Return what a reference leads to; None for what is none."""
    if names.image(text):
        return None
    name, (tag, digest) = names.repository(text), (names.tag(text), text.partition("@")[2])
    host, repository = name.split("/", 1) if names.names_registry(name) else (_HUB, name)
    if host == _HUB and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(host, repository, digest or tag or _LATEST)


def parse_address(text: str) -> Reference | None:
    """Return what an address with oci:// leads to; None for what is none, or names no registry."""
    name = text.removeprefix(SCHEME)
    return parse(name) if text.startswith(SCHEME) and names.names_registry(name) else None
