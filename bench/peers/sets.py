"""Models files of any size, and the same models as the plain values that other programs take."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Values = dict[str, Any]

# What readers of YAML 1.1, YAML 1.2 and Go, templates, shells and terminals take for something else. What is refused in
# a models file (control characters, credentials) is left out, and `$(`, which the kubelet would expand.
HOSTILE: Final = (
    "no", "1e5", "0x1F", "0o17", "1:30", "2024-01-02", "null", "~", "", " ", ".inf", "1_000", "25921e05", "=", "<<",
    "- a", "a: b", "a #b", "# a", "---", "...", "{a: [b", "*a", "&a b", "!!int 3", "| x", "> x", "%YAML 1.1", "@a",
    "`a", "it's", 'say "no"', "back\\slash", "{{ .Values.a }}", "{% raw %}", "${A} $A %s %d", "tab\there",
    "two\nlines\n", "  indented\n- x: y\n", "trailing \n\n", "ünïcode", "漢字", "\U0001f600",
    "line\u2028separator", "soft\u00adhyphen",
)  # fmt: skip
FINDINGS: Final = 100
HEAD: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: bench}
spec:
  namespace: scoring
  registry: registry.example.com/models
  serviceAccount: {name: default, create: false}
  defaults:
    resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 2Gi}}
  models:
"""


def _plain(i: int) -> Values:
    return {
        "name": f"model-{i}",
        "image": f"model_{i}:1.{i % 90}.0",
        "path": f"/model_{i}",
        "env": {"SAS_SCR_LOG_STRUCTURED": "true", "THRESHOLD": f"0.{i % 100}"},
        "config": {"SAS_SCR_PROMETHEUS_RATE": str(i % 60 + 1)},
        "minScale": 1,
        "maxScale": i % 9 + 1,
        "target": 10,
        "window": "60s",
    }


def _variants(i: int) -> Values:
    model = _plain(i)
    image = model.pop("image")
    champion = {"name": "champion", "image": image, "percent": 90}
    return model | {"variants": [{"name": "challenger", "image": f"model_{i}:2.0.0", "percent": 10}, champion]}


def _hostile(i: int) -> Values:
    chosen = [HOSTILE[(i * 7 + number) % len(HOSTILE)] for number in range(8)]
    values = {f"VALUE_{number}": text for number, text in enumerate(chosen)}
    return _plain(i) | {"env": values, "config": values}


def _findings(i: int) -> Values:
    return _plain(i) | ({"image": f"model_{i}:latest"} if i < FINDINGS else {})


# By name: what a model of the set is. Of `findings` the first hundred have a tag that moves, a warning each.
SETS: Final[Mapping[str, Callable[[int], Values]]] = {
    "plain": _plain,
    "variants": _variants,
    "hostile": _hostile,
    "findings": _findings,
}


def values(name: str, count: int) -> Values:
    """Return so many models as the values of a chart, a program or an inventory."""
    resources = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
    return {
        "set": "bench",
        "namespace": "scoring",
        "registry": "registry.example.com/models",
        "resources": resources,
        "models": [SETS[name](i) for i in range(count)],
    }


def models_file(name: str, count: int) -> str:
    """Return them as a models file. A plain model gives three objects: Knative Service, ConfigMap, NetworkPolicy."""
    return HEAD + "".join(line for i in range(count) for line in _lines(SETS[name](i)))


def _lines(model: Values) -> Iterator[str]:
    yield f"    - name: {model['name']}\n"
    if "image" in model:
        yield f"      image: {model['image']}\n"
    yield f"      path: {model['path']}\n"
    for field in ("env", "config"):
        yield f"      {field}: {{{', '.join(f'{key}: {_quoted(text)}' for key, text in model[field].items())}}}\n"
    if "variants" in model:
        yield "      variants:\n"
        for each in model["variants"]:
            yield f'        - {{name: {each["name"]}, image: "{each["image"]}", percent: {each["percent"]}}}\n'
    scale = ", ".join(f"{field}: {model[field]}" for field in ("minScale", "maxScale", "target", "window"))
    yield f"      targets:\n        knative: {{{scale}}}\n"


def _quoted(text: str) -> str:
    """Return a string of JSON, which is one of YAML; U+2028 and the like are escaped, other text is not."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in written)
