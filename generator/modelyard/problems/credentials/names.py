"""Names of settings that hold a credential, and values that are none whatever their setting is called."""

from functools import lru_cache
from typing import Final

from modelyard.problems.patterns import pattern

_MAX_NAME: Final = 256  # characters; what is longer is no name
_NAME: Final = pattern(
    r"(?:pass(?:word|wd|phrase|code)s?|credentials?|pwd|secret|token|"
    # DBPASS is a password, a bypass and a compass are none.
    r"(?<!by)(?<!com)(?<!tres)(?<!sur)(?<!over)(?<!under)pass|"
    r"(?<![a-z])(?:pw|creds?|bearer)|"
    r"(?:access|account|aes|api|auth|encryption|hmac|jwt|license|master|private|secret|session|shared|signing|ssh|"
    r"storage|subscription|webhook)[_. -]?key|connection[_. -]?string)(?![a-z])"
)
# Settings about a credential that hold none: where it lies, how long it lives, whether it is wanted.
_ABOUT: Final = pattern(
    r"^(?:allow|disable|enable|has|is|no|require|skip|use|with|without)[_.-]|"
    r"[_.-](?:algorithm|audience|class|count|dir|disabled|enabled|endpoint|expiration|expires|expiry|field|file|format|header|"
    r"host|id|issuer|length|lifetime|limit|mode|name|namespace|path|policy|port|prefix|provider|ref|required|size|"
    r"timeout|ttl|type|uri|url)$"
)
_CAMEL: Final = pattern(r"(?<=[a-z0-9])(?=[A-Z])")
# $(NAME) of Kubernetes, commands, ${NAME} and $NAME of the shell and of Flux, templates. A default is a value.
_REFERENCE: Final = pattern(
    r"\$\([^()\n]{0,255}\)|\$\{[A-Za-z0-9_.]*(?::?[-=+?]([^{}]*))?\}|\$[A-Z_][A-Z0-9_]*\b|\{\{[^{}]*\}\}"
)
_NONE: Final = frozenset(
    ("", "-", "~", "<hidden>", "basic", "bearer", "disabled", "enabled", "false", "no", "not set", "null", "off", "on")
).union(("true", "unset", "yes"))
# What hides a value, or stands for one that another tool fills in.
_MASKED: Final = pattern(r"[*•.…]+|x{3,}|X{3,}|__[A-Z][A-Z0-9_]{0,60}__|<[A-Za-z][\w .-]{0,60}>")
_FILE: Final = pattern(
    r"(?:file://)?/(?:app|data|dev|etc|home|mnt|opt|proc|root|run|secrets?|srv|tmp|usr|var|vault|workspace)(?:/[\w.-]+)+/?"
)
_URL: Final = pattern(r"https?://[\w.-]+(?::[0-9]+)?(?:/[\w./~-]*)?")
_ENCRYPTED: Final = pattern(r"ENC\[[A-Z0-9_]+,[^\]]*\]")  # by SOPS (getsops/sops, README, "Encryption protocol")
# In Kubernetes NAME_SECRET often names a Secret; words of its name say what is in it.
_HOLDER: Final = pattern(r"(?:^|[^a-z])secret$")
_WORDS: Final = pattern(r"[a-z]+(?:-[a-z]+)+")
_CONTENTS: Final = frozenset(
    ("auth", "cert", "config", "credential", "credentials", "creds", "key", "keys", "login", "password", "passwords")
).union(("regcred", "secret", "secrets", "tls", "token", "tokens"))


@lru_cache(maxsize=4096)
def is_credential_name(name: str) -> bool:
    """Tell whether a setting of this name holds a credential: DB_PASSWORD does, DB_PASSWORD_FILE does not."""
    if len(name) > _MAX_NAME:
        return False
    words = _CAMEL.sub("_", name).lower()
    return _NAME.search(words) is not None and _ABOUT.search(words) is None


def bare(value: str) -> str:
    """Return a value without its references to what is set elsewhere; of ${NAME:-default} the default stays."""
    return _REFERENCE.sub(lambda found: found[1] or "", value) if "$" in value or "{{" in value else value


def is_no_credential(name: str, value: str) -> bool:
    """Tell whether a setting that is called like a credential holds none: a switch, a path, the name of a Secret."""
    text = bare(value).strip().strip("\"'")
    if text.lower() in _NONE or any(form.fullmatch(text) for form in (_MASKED, _FILE, _URL, _ENCRYPTED)):
        return True
    words = _CAMEL.sub("_", name).lower()
    named = _HOLDER.search(words) is not None and _WORDS.fullmatch(text) is not None
    return named and (words == "secret" or not _CONTENTS.isdisjoint(text.split("-")))
