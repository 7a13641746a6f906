"""Values that have the form of a credential, whatever their setting is called; and texts without those.

Every expression here takes time in proportion to the text: a value may have megabytes.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Final

from modelyard.problems.credentials.names import bare, is_credential_name, is_no_credential
from modelyard.problems.patterns import pattern

HIDDEN: Final = "<hidden>"
_WORD: Final = r"(?<![A-Za-z0-9_-])"  # nothing of the word before: each word is tried once
_FORMS: Final = (
    pattern(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s]*"),
    pattern(rf"{_WORD}(?:AKIA|ASIA)[0-9A-Z]{{16}}\b"),  # AWS access key
    pattern(rf"{_WORD}gh[pousr]_[A-Za-z0-9]{{36}}[A-Za-z0-9]*"),  # GitHub token
    pattern(rf"{_WORD}eyJ[A-Za-z0-9_-]{{10,}}+\.[A-Za-z0-9_-]{{10,}}+\.[A-Za-z0-9_-]+"),  # JSON Web Token
    pattern(rf"{_WORD}xox[abprs]-[A-Za-z0-9-]{{10}}[A-Za-z0-9-]*"),  # Slack token
    pattern(r"hooks\.slack\.com/services/[A-Za-z0-9/]+"),  # its webhooks are credentials themselves
    pattern(r"(?<=://)[^/\s:@]{0,255}:[^/\s@]{1,255}@"),  # password in an address
    # The same without a scheme, as `user:secret@host`; a digest of an image and a mailbox look alike.
    pattern(
        r"(?<![\w./:%+-])(?!mailto:|sip:|xmpp:|acct:|e?mail:)[\w.%+-]{2,255}:[^\s/:@\"'<>]{3,255}@"
        r"(?!sha[0-9]{3}:)(?=[A-Za-z0-9\[(])"
    ),
    pattern(r"(?<=jdbc:oracle:)[a-z0-9]{1,20}:[^/\s@]{1,128}/[^\s@]{1,255}@"),  # Oracle JDBC Developer's Guide, 8.2
    pattern(r"(?<![\w./:$#-])[\w$#.]{1,128}/[^\s@/]{1,255}@//"),  # SQL*Plus User's Guide, "CONNECT"
    pattern(r"(?<=[?&]sig=)[A-Za-z0-9%+/=]{20,}"),  # Azure's shared access signature
)
_AUTHORIZATION: Final = pattern(
    r"(?:^|authorization[\"']?[ \t]{0,8}[:=][ \t]{0,8})[\"']?(bearer|basic|token|apikey)[ \t]+([A-Za-z0-9+/=._~-]+)",
    re.IGNORECASE,
)
_SCHEME_NOUNS: Final = frozenset(["auth", "authentication", "authorization", "only", "scheme", "token", "tokens"])
_NAME: Final = r"(?<![\w.-])(-{0,2}[A-Za-z_][\w.-]{0,127})"
_SETTINGS: Final = (
    # NAME=value of a properties file, an address or a connection string; "name": "value" of JSON; XML.
    pattern(_NAME + r"[\"']?[ \t]{0,8}=(?!=)[ \t]{0,8}(\"[^\"\n]*\"|'[^'\n]*'|[^\s;,&\"'<>)]+)"),
    pattern(r"[\"']([\w.-]{1,128})[\"'][ \t]{0,8}:[ \t]{0,8}(\"[^\"\n]*\"|'[^'\n]*')"),
    pattern(r"<([\w.:-]{1,128})>([^<>\s][^<>\n]*)</"),
    pattern(r"(?:name|key)=\"([^\"\n]{1,128})\"[ \t]{1,8}value=(\"[^\"\n]*\")"),
)
# What reads as prose in a message and as a setting in a file: `password: value` on a line, `--password value`.
_OF_FILES: Final = (
    pattern(r"(?m)(?:^[ \t]{0,64}(?:- )?|[\"'{,][ \t]{0,8})([A-Za-z_][\w.-]{0,127}):[ \t]{1,64}([^\s{\[|>&*!][^\n]*)$"),
    pattern(r"(?<!\S)(-{1,2}[A-Za-z][\w.-]{0,127})[ \t]{1,8}([^\s-]\S*)"),
)
_CODE: Final = pattern(r"[A-Za-z_][\w.]*[(\[].*|[A-Za-z_]\w*(?:\.\w+)+")  # of a program that reads it elsewhere
_AUTH: Final = pattern(r"\"auth\"[ \t]{0,8}:[ \t]{0,8}\"([A-Za-z0-9+/=]{4,})\"")  # of ~/.docker/config.json
# What one of the forms has in it: most texts have none of these. A colon alone is none: each image has one.
_SIGNS: Final = pattern(
    r"[=@<]|-----BEGIN|A(?:KIA|SIA)|gh[pousr]_|eyJ|xox|hooks\.slack|(?:^|[ \"'])--?[A-Za-z]|"
    r"(?i:^[\"']?(?:bearer|basic|token|apikey)[ \t])"
)
# What stands beside a colon in a form that has one: in a value, and in a message.
_IN_VALUES: Final = pattern(r"[\s\"']")
_IN_MESSAGES: Final = pattern(r"[\"']|(?i:authorization)")


def is_credential_value(value: str) -> bool:
    """Tell whether a text has the form of a key, a token or an address with a password, or a setting with one."""
    if not _has_sign(value, _IN_VALUES):
        return False
    text = bare(value)
    return next(_spans(text), None) is not None or any(
        is_credential_name(found[1].lstrip("-")) and not is_no_credential(found[1].lstrip("-"), found[2])
        for form in _OF_FILES
        for found in form.finditer(text)
    )


def without_forms(text: str) -> str:
    """Return a message with HIDDEN in place of each part that has the form of a credential."""
    if not _has_sign(text, _IN_MESSAGES):
        return text
    end, parts = 0, list[str]()
    for start, stop in sorted(_spans(text)):
        if stop > end:
            parts += [text[end:start], HIDDEN] if start >= end else []
            end = stop
    return "".join([*parts, text[end:]]) if parts else text


def _has_sign(text: str, beside_colon: re.Pattern[str]) -> bool:
    return _SIGNS.search(text) is not None or (":" in text and beside_colon.search(text) is not None)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each part of a text that is a credential."""
    for form in _FORMS:
        for found in form.finditer(text):
            yield found.span()
    for form in _SETTINGS:
        for found in form.finditer(text):
            name = found[1].lstrip("-")
            if is_credential_name(name) and not is_no_credential(name, found[2]) and not _is_code(found[2]):
                yield found.span(2)
    for found in _AUTHORIZATION.finditer(text):
        if _is_login(found[1].lower(), found[2]):
            yield found.span(2)
    for found in _AUTH.finditer(text):
        if _is_pair(found[1]):
            yield found.span(1)


def _is_code(value: str) -> bool:
    """Tell whether a program reads a value elsewhere, as `os.environ[…]`, `read(…)` and `self.password` do."""
    found = _CODE.fullmatch(value)
    return found is not None and ("(" in value or "[" in value or is_credential_name(value.rpartition(".")[2]))


def _is_login(scheme: str, text: str) -> bool:
    """Tell whether what follows a scheme is a login (RFC 7617, RFC 6750), and no words about one."""
    if scheme == "basic":
        return _is_pair(text)
    plain = text.isalpha() and (text.islower() or scheme == "token")
    return text.lower() not in _SCHEME_NOUNS and not (plain and scheme != "bearer")


def _is_pair(text: str) -> bool:
    """Tell whether a text is user:password in base64."""
    try:
        return b":" in b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False
