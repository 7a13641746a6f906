"""Files that hold credentials: by their names, and by what is in them. They are named, and nothing of them is shown."""

from collections.abc import Collection
from typing import Final

from modelyard.problems import Problem, printable, problem
from modelyard.problems.credentials import is_credential, is_credential_name, is_credential_value
from modelyard.problems.patterns import pattern
from modelyard.spark_migration import code, settings
from modelyard.spark_migration.folder import Folder, Text, is_test

_NAMES: Final = pattern(
    r"\.env(?:\.(?!example|sample|template|dist)[\w.-]{1,60})?|\.netrc|\.pgpass|\.pypirc|\.git-credentials|id_(?:rsa|dsa|ecdsa|ed25519)|"
    r"[\w.-]{1,100}\.(?:keytab|pem|key|p12|pfx|jks|keystore|kdbx)|"
    r"(?:[\w.-]{0,60}[_.-])?(?:credentials?|service[_-]?account(?:[_-]?key)?|key|keyfile|client_secrets?)(?:[_.-][\w-]{0,60})?\.json"
)
_KEY_FILE: Final = pattern(r"GOOGLE_APPLICATION_CREDENTIALS=[^\s;&|]{0,300}\.json\b")  # names a file, holds nothing
_WORDS: Final = pattern(r"[A-Za-z_]\w{0,40}(?:[.-]\w{1,40}){1,10}")
_ACCOUNT: Final = pattern(r"\"private_key\"\s{0,8}:|\"type\"\s{0,8}:\s{0,8}\"(?:service_account|authorized_user)\"")


def secret_files(folder: Folder, wanted: Collection[str]) -> dict[str, Problem]:
    """Return path -> finding MY908 for each file that must not be uploaded.

    All files are looked at by their names; wanted: the paths whose texts are looked at too, since they may be uploaded.
    """
    found: dict[str, Problem] = {}
    for path in folder.sizes:
        if _NAMES.fullmatch(path.rpartition("/")[2].lower()) and not is_test(path):
            found[path] = _finding(folder, path, 1, "is a file of keys or logins by its name")
    for path, text in folder.texts.items():
        if path in wanted and path not in found and (line := _line(text)):
            found[path] = _finding(folder, path, line, "holds a credential")
    return found


def _finding(folder: Folder, path: str, line: int, why: str) -> Problem:
    hint = "it is not uploaded: keep the credential in Secret Manager, and let the job read it there"
    shown = printable(f"{path} {why}, and is left out of the plan")
    return problem("MY908", shown, hint=hint, place=folder.place(path, line))


def _line(text: Text) -> int:
    """Return the line of the first credential in a text; 0 without one."""
    if text.kind == "python":
        literals = code.read(text).literals
        found = next((each.line for each in literals if _is_secret(each.name, each.value)), 0)
    elif text.kind == "settings":
        if _ACCOUNT.search(text.text):
            return 1
        found = next((each.line for each in settings.settings(text) if _is_secret(each.key, each.value)), 0)
    else:
        lines = ((number, _KEY_FILE.sub("", line[:4096])) for number, line in enumerate(text.lines, start=1))
        found = next((number for number, line in lines if is_credential_value(line)), 0)
    return found


def _is_secret(name: str, value: str) -> bool:
    """Tell whether a setting is a credential; a stand-in and what is filled in later are none."""
    last = name.rpartition(".")[2]
    if not value or value.startswith(("<", "$", "{", "%", "your", "YOUR", "CHANGE")) or "{}" in value:
        return False
    if _WORDS.fullmatch(value) and is_credential_name(value):
        return False  # the name of a setting that holds one
    return is_credential(last, value) if len(value) < 20_000 else is_credential_value(value)
