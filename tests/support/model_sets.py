"""Models files for tests: one option of each field, as model_sets.yaml lists them, chosen anew for every set."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from modelyard import api
from modelyard.problems import has_errors

Data: TypeAlias = dict[str, Any]

TESTS: Final = Path(__file__).parent
COUNT: Final = 48  # sets of a model for each of TARGETS: every field is used
TARGETS: Final = (("knative",), ("deployment",), ("knative", "deployment"), ("sagemaker-proxy",))
WITH_DEPLOYMENT: Final = ("deployment", "sagemaker-proxy")
FLAGS: Final = (
    "podspec-affinity",
    "podspec-init-containers",
    "podspec-nodeselector",
    "podspec-tolerations",
    "podspec-priorityclassname",
    "podspec-fieldref",
    "podspec-persistent-volume-claim",
    "podspec-persistent-volume-write",
    "podspec-volumes-csi",
    "podspec-volumes-ephemeral",
    "podspec-volumes-image",
    "containerspec-addcapabilities",
)
_OPTIONS: Final[dict[str, Any]] = yaml.safe_load((TESTS / "model_sets.yaml").read_text("utf-8"))


def rendered(folder: Path) -> dict[str, api.Rendering]:
    """Return name -> rendering of all overlays, cases and made sets that have no error; the latter are written here."""
    root = TESTS.parents[1]
    files = [*root.glob("overlays/*/models.yaml"), *root.glob("tests/render/cases/*/models.yaml"), *write(folder)]
    results = {path.parent.name: api.render(path) for path in sorted(files)}
    return {name: result for name, result in results.items() if not has_errors(result.problems)}


def write(folder: Path) -> Iterator[Path]:
    """Write the made sets, each in a folder of its own. JSON is YAML, and leaves no type in doubt."""
    for number in range(COUNT):
        path = folder / f"set-{number:02}" / "models.yaml"
        path.parent.mkdir()
        path.write_text(json.dumps(_model_set(number), ensure_ascii=False, indent=1), "utf-8")
        yield path


def unrestricted(folder: Path) -> api.Rendering:
    """Return a rendering with the volumes that Pod Security restricted refuses."""
    model = {"name": "open", "image": "r.io/open:1", "targets": {"deployment": {}}, "volumes": _OPTIONS["unrestricted"]}
    path = folder / "models.yaml"
    path.write_text(json.dumps(_head({"models": [model]})), "utf-8")
    return api.render(path)


def _head(spec: Data) -> Data:
    return {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet", "metadata": {"name": "risk"}, "spec": spec}


def _model_set(number: int) -> Data:
    spec = _chosen(f"{number}", _OPTIONS["set"])
    flags = number % 2 == 1
    if flags:
        spec["knative"] = {"features": list(FLAGS)}
    models = [_model(f"{number}/{'-'.join(targets)}", targets, flags=flags) for targets in TARGETS]
    for model in models:
        _adapt(model, spec)
    return _head({**spec, "models": models})


def _model(key: str, targets: Sequence[str], *, flags: bool) -> Data:
    model = {"name": "-".join(targets), **_chosen(key, _OPTIONS["model"])}
    model["runtime"] = _pick(f"{key}/runtime", ["scr", "pcr", "custom"])
    if model["runtime"] == "custom" or _pick(f"{key}/port", [True, False]):
        model["port"] = 9000
    if "knative" not in targets:
        _lay_over(model, {"volumes": [_OPTIONS["downwardAPI"]]})
        model |= _chosen(f"{key}/ending", _OPTIONS["ending"])
    if "knative" not in targets or flags:
        _lay_over(model, _chosen(f"{key}/flagged", _OPTIONS["flagged"]))
    if variants := _pick(f"{key}/variants", [None, None, *_OPTIONS["variants"]]):
        model |= {"variants": variants, "path": f"/score/{model['name']}"}
    model["targets"] = {target: _target(key, target, split=bool(variants)) for target in targets}
    if len(targets) > 1:
        model["targets"][_pick(f"{key}/named", targets)]["name"] = f"{model['name']}-second"
    named: Data = json.loads(json.dumps(model).replace("NAME", model["name"]))
    return named


def _target(key: str, target: str, *, split: bool) -> Data:
    spec = _chosen(f"{key}/{target}", _OPTIONS[target])
    if target in WITH_DEPLOYMENT:
        spec |= _chosen(f"{key}/{target}", _OPTIONS["with-deployment"])
        entrance, gateway = spec.pop("entrance", {}), spec.pop("gateway")
        spec |= {"gateway": gateway} if split and "gateway" not in entrance else entrance
    return spec


def _adapt(model: Data, spec: Data) -> None:
    """Take out of a model what asks for more than its set has, and give it the probe that its target wants."""
    for domain in model["targets"].get("knative", {}).get("domains", ()):
        if "namespace" not in spec:
            domain.pop("claim", None)
    if "sagemaker-proxy" in model["targets"] and model["runtime"] == "custom":
        model["probes"] = {"readiness": {"httpGet": {"path": "/ready"}}}
    if spec.get("networkPolicy") is False and "patches" in model:
        model["patches"] = [each for each in model["patches"] if each["target"]["kind"] != "NetworkPolicy"]


def _lay_over(model: Data, more: Data) -> None:
    for key, value in more.items():
        below = model.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            model[key] = {**below, **value}
        else:
            model[key] = [*below, *value] if isinstance(below, list) else value


def _chosen(key: str, fields: Mapping[str, Sequence[Any]]) -> Data:
    picked = {name: _pick(f"{key}/{name}", options) for name, options in fields.items()}
    return {name: deepcopy(value) for name, value in picked.items() if value is not None}


def _pick(key: str, options: Sequence[Any]) -> Any:
    """Return one of the options: always the same for a key, and unrelated between keys."""
    return options[hashlib.sha256(key.encode()).digest()[0] % len(options)]
