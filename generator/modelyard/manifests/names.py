"""Rules of names and other short texts. Each function returns what is wrong with a text, or None."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from modelyard.problems.patterns import pattern

# What kustomize puts behind the name of a generated object (5.8.1, api/hasher/hasher.go, encode).
NAME_HASH: Final = "-[2456789bcdfghkmt]{10}"
# What TensorFlow Serving takes where a call names no signature, and where its models are (its g3doc/api_rest.md).
SERVING_DEFAULT: Final = "serving_default"
TENSORFLOW_PATH: Final = "/v1/models/"
RESOURCES: Final = frozenset(["cpu", "ephemeral-storage", "memory"])  # of a container (core/v1, ResourceName)
_NEAR: Final = 0.8  # of 1, difflib's measure of how much of two words is the same
MAX_LABEL: Final = 63  # characters of a DNS label (RFC 1123 2.1)
MAX_PORT_NAME: Final = 15  # characters (RFC 6335 5.1)

_PORT_NAME: Final = pattern(r"(?=.*[a-z])[a-z0-9](?:-?[a-z0-9])*")
_DNS_1035: Final = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_DNS_1123: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LABEL: Final = (
    "must be letters, digits, -, _ and ., start and end with a letter or digit, and have at most 63 characters"
)
_LABEL_VALUE: Final = pattern(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?")
_ENV_NAME: Final = pattern(r"[ -<>-~]+")
_CONFIG_KEY: Final = pattern(r"[-._a-zA-Z0-9]+")
_DURATION: Final = pattern(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_SHORT: Final = pattern(r"([0-9]{1,7})(ms|s)")
_QUANTITY: Final = pattern(r"[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_LONGEST: Final = 64  # characters of a number with its unit; Python makes no integer of more than 4,300 digits
_UNITS: Final = {
    **{unit: Decimal(1000) ** power for power, unit in enumerate(["n", "u", "m", "", *"kMGTPE"], -3)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_MOST_BYTES: Final = Decimal(1 << 64)  # Kubernetes counts in 63 bits
_CRON_FIELD: Final = pattern(r"[0-9A-Za-z*/,?L#-]+")
_LOG_TABLE: Final = pattern(r"[a-z_][a-z0-9_]{0,31}")
_PLAIN_PATH: Final = pattern(r"[A-Za-z0-9._~!&'()*+,;=:@/-]+")
_MAX_WORD: Final = 256  # characters of a word that another may be meant by
_MAX_KNOWN: Final = 1_000  # words that may be meant
# distribution/reference v0.6.0, regexp.go: the grammar of an image reference.
_PART: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST: Final = rf"(?:{_PART}(?:\.{_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_SEGMENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = pattern(rf"(?:(?P<host>{_HOST})/)?(?P<path>{_SEGMENT}(?:/{_SEGMENT})*)")
_REGISTRY: Final = pattern(_HOST)
_IMAGE: Final = pattern(
    rf"(?P<repository>(?:{_HOST}/)?{_SEGMENT}(?:/{_SEGMENT})*)(?::(?P<tag>[\w][\w.-]{{0,127}}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-fA-F]{{32,}}))?",
    re.ASCII,
)


def dns_1035_label(text: str) -> str | None:
    """Check a DNS-1035 label, the form of Service names (Kubernetes apimachinery, IsDNS1035Label)."""
    if len(text) > MAX_LABEL:
        return f"{len(text)} characters are more than {MAX_LABEL}"
    if not _DNS_1035.fullmatch(text):
        return "must start with a lower-case letter and go on with lower-case letters, digits and -"
    return None


def dns_1123_label(text: str) -> str | None:
    """Check a DNS-1123 label, the form of namespaces and volumes (Kubernetes apimachinery, IsDNS1123Label)."""
    if len(text) > MAX_LABEL:
        return f"{len(text)} characters are more than {MAX_LABEL}"
    if not _DNS_1123.fullmatch(text):
        return "must consist of lower-case letters, digits and -, and start and end with a letter or digit"
    return None


def dns_1123_subdomain(text: str) -> str | None:
    """Check a DNS-1123 subdomain, the form of most object names and of host names (IsDNS1123Subdomain)."""
    if len(text) > 253:
        return f"{len(text)} characters are more than 253"
    if not all(_DNS_1123.fullmatch(part) for part in text.split(".")):
        return "must consist of lower-case letters, digits, - and . and start and end with a letter or digit"
    return None


def path_segment(text: str) -> str | None:
    """Check a name that becomes a part of a path (apimachinery pkg/api/validate/content, IsPathSegmentName)."""
    if text in (".", ".."):
        return f"must not be {text}"
    return "must not contain / or %" if "/" in text or "%" in text else None


def port_name(text: str) -> str | None:
    """Check the name of a container's port (Kubernetes apimachinery, IsValidPortName)."""
    if len(text) > MAX_PORT_NAME or not _PORT_NAME.fullmatch(text):
        return f"must be at most {MAX_PORT_NAME} lower-case letters, digits and -, at least one of them a letter"
    return None


def host(text: str) -> str | None:
    """Check a fully qualified host name: a subdomain of at least two labels, each of at most 63 characters."""
    if wrong := dns_1123_subdomain(text):
        return wrong
    if "." not in text:
        return "must be a full host name, such as credit.example.com"
    if any(len(part) > MAX_LABEL for part in text.split(".")):
        return f"a part between dots is longer than {MAX_LABEL} characters"
    return None


@lru_cache(maxsize=4096)  # objects have few others
def label_key(text: str) -> str | None:
    """Check a label's or annotation's key (Kubernetes apimachinery, IsQualifiedName)."""
    prefix, slash, name = text.rpartition("/")
    if slash and (wrong := dns_1123_subdomain(prefix)):
        return f"the part before / {wrong}"
    return label_value(name) if name else _LABEL


def label_value(text: str) -> str | None:
    """Check a label's value (Kubernetes apimachinery, IsValidLabelValue)."""
    if len(text) > MAX_LABEL or not _LABEL_VALUE.fullmatch(text):
        return _LABEL
    return None


def env_name(text: str) -> str | None:
    """Check an environment variable's name (Kubernetes 1.34 and later, IsRelaxedEnvVarName)."""
    return None if _ENV_NAME.fullmatch(text) else "must be printable ASCII characters without ="


def config_key(text: str) -> str | None:
    """Check a key of a ConfigMap's data (Kubernetes apimachinery, IsConfigMapKey)."""
    if len(text) > 253 or not _CONFIG_KEY.fullmatch(text) or text in (".", ".."):
        return "must be letters, digits, -, _ and ."
    return None


def image(text: str) -> str | None:
    """Check an image reference."""
    if not text:
        return "is empty"
    return (
        None if _IMAGE.fullmatch(text) else "is not an image reference such as registry.example.com/models/churn:2.0.0"
    )


def registry(text: str) -> str | None:
    """Check what stands before an image's name: a host, and maybe a path."""
    known = _REGISTRY.fullmatch(text) or _REPOSITORY.fullmatch(text)
    return None if known else "is not a registry such as registry.example.com/models"


def repository(reference: str) -> str:
    """Return the repository of an image reference: without tag and digest."""
    match = _IMAGE.fullmatch(reference)
    return match["repository"] if match else reference


def tag(reference: str) -> str | None:
    """Return the tag of an image reference, or None if it has none."""
    match = _IMAGE.fullmatch(reference)
    return match["tag"] if match else None


def names_registry(reference: str) -> bool:
    """Tell whether a reference names its registry's host, by Docker's rule: a dot, a colon or localhost."""
    first, slash, _ = reference.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def duration(text: str) -> str | None:
    """Check a duration such as 60s, 5m, 1h30m or 7d."""
    if text and len(text) <= _LONGEST and _DURATION.fullmatch(text):
        return None
    return "is not a duration such as 60s, 5m, 1h30m or 7d"


def positive_duration(text: str) -> str | None:
    """Check a duration of at least a second."""
    return duration(text) or (None if seconds(text) else "must be at least 1s")


def seconds(text: str) -> int:
    """Return the seconds of a duration that `duration` accepts."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def cron(text: str) -> str | None:
    """Check a schedule by its form: five fields of cron."""
    fields = text.split()
    if len(fields) == 5 and all(_CRON_FIELD.fullmatch(each) for each in fields):
        return None
    return 'must have five fields of cron, such as "0 3 * * *"'


def short_duration(text: str) -> str | None:
    """Check a duration of milliseconds or seconds, such as 5ms or 2s, of at most an hour and not 0."""
    known = _SHORT.fullmatch(text)
    return None if known and 0 < milliseconds(text) <= 3_600_000 else "is not a duration such as 5ms or 2s"


def milliseconds(text: str) -> int:
    """Return the milliseconds of a duration that `short_duration` accepts."""
    match = _SHORT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * (1 if match[2] == "ms" else 1000)


def quantity(text: str) -> str | None:
    """Check a quantity such as 500m or 2Gi (Kubernetes apimachinery, resource.ParseQuantity)."""
    known = len(text) <= _LONGEST and _QUANTITY.fullmatch(text)
    return None if known else "is not a quantity such as 500m, 2 or 1Gi"


def resource_name(text: str) -> str | None:
    """Check a resource of a container (Kubernetes v1.36.3, pkg/apis/core/validation, validateContainerResourceName)."""
    if wrong := label_key(text):
        return wrong
    if "/" not in text:
        known = text in RESOURCES or text.startswith("hugepages-")
        return (
            None
            if known
            else f"is not one of {one_of(RESOURCES)}; another resource needs a domain, as in nvidia.com/gpu"
        )
    if "kubernetes.io/" not in text and (text.startswith("requests.") or label_key(f"requests.{text}")):
        return "cannot be counted by a quota: it starts with requests., or is too long"
    return None


def bytes_of(text: str) -> int:
    """Return the bytes of a quantity that `quantity` accepts; parts of a byte count as one, as in Kubernetes."""
    number, unit = re.fullmatch(r"(.*?)([KMGTPE]i|[numkMGTPE])?", text).groups()  # type: ignore[union-attr]
    found = Decimal(number) * _UNITS[unit or ""]
    return math.ceil(min(found, _MOST_BYTES))  # an integer of 1e999999 takes seconds


def size(text: str) -> str | None:
    """Check a quantity of bytes: at least 1, and what 64 bits can hold."""
    return quantity(text) or (None if 1 <= bytes_of(text) < 1 << 63 else "must be from 1 to 8Ei bytes")


def log_table(text: str) -> str | None:
    """Check the name of a request log in PostgreSQL: days and roles are named after it, and a name has 63 bytes."""
    if _LOG_TABLE.fullmatch(text):
        return None
    return "must be lower-case letters, digits and _, at most 32, and begin with a letter or _"


def plain_path(text: str) -> str | None:
    """Check a URL path that is the same everywhere: RFC 3986 3.3 without % and without $, which Kubernetes expands."""
    return None if _PLAIN_PATH.fullmatch(text) else "must consist of letters, digits and /-._~!&'()*+,;=:@"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, or None."""
    words = [*known]
    if len(word) > _MAX_WORD or len(words) > _MAX_KNOWN:
        return None  # to compare takes time with each word, and with the square of their lengths
    words.sort()
    folded = {_folded(each): each for each in words}
    if exact := folded.get(_folded(word)):
        return exact
    import difflib

    found = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return found[0] if found else next((each for each in words if sorted(each) == sorted(word)), None)


def is_near(word: str, known: str) -> bool:
    """Tell whether two words differ so little that one is the other misspelt."""
    if _folded(word) == _folded(known) or sorted(word) == sorted(known):
        return True
    import difflib

    return difflib.SequenceMatcher(None, word, known).ratio() >= _NEAR


def _folded(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def one_of(words: Iterable[str]) -> str:
    """Return the words as an enumeration for a message: `a, b or c`."""
    listed = sorted(words)
    return " or ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def offer(word: str, known: Iterable[str]) -> str:
    """Return the hint of a word that is not known: which was probably meant, else which there are; none is empty."""
    words = [*known]
    if meant := nearest(word, words):
        return f"did you mean {meant}?"
    return f"there are {one_of(words)}" if words else ""
