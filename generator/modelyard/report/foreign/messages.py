"""What kubectl, helm and Argo CD say about objects that a cluster refuses: text for people, with objects and fields.

Source: k8s.io/apimachinery 0.34, pkg/util/validation/field/errors.go and pkg/api/errors; k8s.io/kubectl 0.34,
pkg/cmd/util; helm 3.19 and 4.0, pkg/action and pkg/kube; argo-cd 3.6, controller/sync.go; knative.dev/pkg 1.20,
apis/field_error.go; k8s.io/pod-security-admission 0.34, policy.
"""

from collections.abc import Iterator
from typing import Final

from modelyard.problems import Severity
from modelyard.problems.patterns import pattern
from modelyard.report.foreign.finding import (
    CONTAINER,
    Field,
    ForeignFinding,
    Reference,
    dotted,
    shortened,
    slashed,
)

# What a tool says of what went well.
_DONE: Final = pattern(
    r"\S{1,600} (?:\S{1,253} )?(?:created|configured|unchanged|serverside-applied|pruned|deleted)(?: \([a-z ]{1,30}\))?"
)
_BEGINS: Final = pattern(
    r"(?:error|Error|ERROR|Warning|W[0-9]{4} |Unable to |The [A-Z]\w{0,62} \"|The Kubernetes API |time=|level=|failed |"
    r"one or more )"
)
_LEVEL: Final = pattern(r"\blevel=\"?(\w{1,10})")
_TOOL: Final = pattern(
    r"(INSTALLATION FAILED|UPGRADE FAILED|INSTALL FAILED|ROLLBACK FAILED|release manifest|apply failed for object)"
    r"|ComparisonError|one or more (?:objects|synchronization)|argocd|the destination cluster"
)

_NAME: Final = r"(?P<name>[a-z0-9.-]{1,253}+)"
_SPACE: Final = r"(?P<namespace>[a-z0-9-]{0,63}+)"
_KIND: Final = r"(?P<kind>\b[A-Z]\w{0,62}+)"
_GROUP: Final = r"(?P<group>[a-z0-9.-]{0,253}+)"
_KINDS: Final = r"(?P<kind>(?<![\w.])[a-z]{2,63}+)"  # as the API server calls them: networkpolicies
_BLOCKED: Final = pattern(rf"resource {_KIND}/(?:{_SPACE}/)?{_NAME} was blocked")
_UNKNOWN: Final = pattern(
    rf'for name: "{_NAME}" namespace: "{_SPACE}" from "[^"\n]{{0,1000}}+": no matches for kind "{_KIND}"'
)
_WITH: Final = pattern(rf'"{_NAME}" with kind {_KIND}')
_THERE: Final = pattern(rf'{_KIND} "{_NAME}" in namespace "{_SPACE}"')
_LISTED: Final = pattern(
    rf'Kind={_KIND}"\s{{0,9}}+(?:\\n)?Name: "{_NAME}", Namespace: "{_SPACE}"',
)
_OF_GO: Final = pattern(rf"(?<![a-z0-9-]){_SPACE}/{_NAME} [\w./-]{{1,300}}+, Kind={_KIND}")
_MISSING: Final = pattern(rf"find {_GROUP}/{_KIND} for requested resource (?:{_SPACE}/)?{_NAME}")
_QUOTED: Final = pattern(rf'{_KIND}(?:\.{_GROUP})? "{_NAME}"')
_RESOURCE: Final = pattern(rf'{_KINDS}(?:\.{_GROUP})? "{_NAME}" (?:is |already |not found)')
_VERSION: Final = pattern(rf'{_KIND} in version "[^"\n]{{1,60}}+" cannot be handled')
_VALIDATED: Final = pattern(rf"ValidationError\({_KIND}")
# Each tells kind, group, namespace and name, as far as it knows them; the first that is found counts.
_OBJECTS: Final = (
    _BLOCKED,
    _UNKNOWN,
    _WITH,
    _THERE,
    _LISTED,
    _OF_GO,
    _MISSING,
    _RESOURCE,
    _QUOTED,
    _VERSION,
    _VALIDATED,
)
_ROOTS: Final = "spec|metadata|data|binaryData|stringData|rules|webhooks|subsets|automountServiceAccountToken"
_PATH: Final = rf"(?P<path>(?:{_ROOTS})(?:\[[^\[\]\n]{{1,320}}+\]|\.[\w/-]{{1,100}}+){{0,30}}+)"
# A field, and behind it what is wrong with it: as k8s.io/apimachinery writes it, in a list or alone.
_REFUSED: Final = pattern(
    rf'(?<![\w."]){_PATH}: (?:Invalid value|Required value|Unsupported value|Forbidden|Duplicate value|Too long|'
    r"Too many|Too few|Not found|Internal error|Not supported)"
)
_STRICT: Final = pattern(rf'(?:unknown|duplicate) field "{_PATH}"')
_OLD: Final = pattern(
    r"ValidationError\([A-Z]\w{0,62}+(?P<path>(?:\.[\w\[\]/-]{1,100}+){0,30}+)\): "
    r"(?:(?:unknown field|missing required field) \"(?P<last>[^\"\n]{1,320}+)\"|invalid type)"
)
_DECODED: Final = pattern(rf"Go struct field \w{{1,100}}+\.{_PATH} of type")
POLICY: Final = pattern(r"failed at path (?P<pointer>/[^\s'\",;]{0,1000}+)")
_MUST_SET: Final = pattern(
    r'containers? "(?P<container>[a-z0-9-]{1,63}+)"[^()]{0,100}? must (?:not )?(?:set|include) '
    r"(?P<path>[a-zA-Z]\w{0,63}+(?:\.\w{1,64}+){0,9}+)"
)
_CONFLICT: Final = pattern(rf"(?:^|[\s:-])\.{_PATH}")
_ANY: Final = pattern(rf'(?<![\w."/]){_PATH}')
# What names fields, the surest first. Those of the first that finds any are taken.
_FIELDS: Final = (_REFUSED, _STRICT, _OLD, _DECODED, POLICY, _MUST_SET, _CONFLICT, _ANY)
_TRIMMED: Final = " \t\n,;*[]'&{}"


def messages(
    said: str, tool: str = "", about: Reference | None = None, *, rule: str = "", severity: Severity | None = None
) -> Iterator[ForeignFinding]:
    """Yield what a text says is wrong, each field for itself; nothing of it is lost but what says that all went well.

    tool, about, rule, severity: what is known already.
    """
    for message in _split(said):
        found = about or _object(message)
        who = tool or _tool(message)
        weight = severity or _severity(message)
        for text, field in _fields(message):
            yield ForeignFinding(
                tool=who, rule=rule, severity=weight, message=shortened(text), about=found, field=field
            )


def _split(said: str) -> Iterator[str]:
    """Yield the messages of an output: each begins as errors and warnings do, and may have several lines."""
    lines: list[str] = []
    for line in said.splitlines():
        if _BEGINS.match(line) and lines:
            yield "\n".join(lines)
            lines = []
        if line.strip() and not _DONE.fullmatch(line.strip()):
            lines.append(line)
    if lines:
        yield "\n".join(lines)


def _object(message: str) -> Reference | None:
    for form in _OBJECTS:
        if found := form.search(message):
            parts = found.groupdict()
            return Reference(
                parts["kind"],
                (parts.get("name") or "").rstrip(".-"),
                parts.get("namespace") or "",
                parts.get("group") or None,
            )
    return None


def _tool(message: str) -> str:
    found = _TOOL.search(message)
    return "kubectl" if found is None else "helm" if found[1] else "argo-cd"


def _severity(message: str) -> Severity:
    level = _LEVEL.search(message)
    warns = message.startswith(("Warning", "W0", "W1")) or (
        level is not None and level[1].lower() in ("warn", "warning")
    )
    return Severity.WARNING if warns else Severity.ERROR


def _fields(message: str) -> Iterator[tuple[str, Field | None]]:
    """Yield what is said of each field, and the field; the whole message where it names none."""
    form = next((each for each in _FIELDS if each.search(message)), None)
    if form is None:
        yield message, None
        return
    found = list(form.finditer(message))
    if form is _ANY:  # a line speaks of one thing, also where it names several fields
        found = [each for i, each in enumerate(found) if not i or "\n" in message[found[i - 1].end() : each.start()]]
    ends = [each.start() for each in found[1:]] + [len(message)]
    for each, end in zip(found, ends, strict=True):
        is_own = form in (_REFUSED, _OLD) and len(found) > 1
        text = message[each.start() : end].strip(_TRIMMED) if is_own else message
        yield (
            text if is_own else _told(message, each.start(), each.end(), several=len(found) > 1),
            _field(each.groupdict()),
        )


def _told(message: str, start: int, end: int, *, several: bool) -> str:
    """Return of several things that a message says the line of one, and what of it names this one."""
    if not several:
        return message
    line = message[message.rfind("\n", 0, start) + 1 : (message.find("\n", end) + 1 or len(message) + 1) - 1]
    return line.strip() if "\n" in message and len(line) < len(message) else message[start:end]


def _field(parts: dict[str, str | None]) -> Field:
    if (pointer := parts.get("pointer")) is not None:
        return Field(slashed(pointer))
    path = dotted(str(parts.get("path") or "").lstrip("."))
    if last := parts.get("last"):
        path = (*path, last)
    container = parts.get("container")
    return Field(path, CONTAINER, container) if container else Field(path)
