"""What is rendered is accepted: by the upstream schemas, and by Knative's own defaulting and validation."""

import inspect
import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import indent
from typing import Any, Final, TypeAlias, get_args

import jsonschema_rs
import pytest
import yaml

from modelyard import api
from modelyard.check.finding import PROBING
from modelyard.manifests.manifest import Manifest
from modelyard.models.base import Shape
from modelyard.models.declared import DeclaredSet
from modelyard.models.model_set import Feature, Spec
from modelyard.models.pod import SecurityContext
from modelyard.problems import has_errors
from tests.support import model_sets

Kind: TypeAlias = tuple[str, str]
Field: TypeAlias = tuple[type[Shape], str]
Check: TypeAlias = Callable[[Iterable[Manifest], Iterable[str]], list[str]]
Case: TypeAlias = dict[str, Any]

# Not kept in what load gives.
HEADS: Final = {"ModelSet", "ModelGenerator", "Source", "Metadata", "Variant", "PublishedModel", "PublishedMetadata"}
# What is not rendered: locks, and patches of what others wrote.
APART: Final = {"ImageLock", "PinnedContract", "Contract", "Column", "ForeignPatch", "ForeignTarget"}

# Schemas that are not beside the checkout; `check` has its own of them, and an API server takes these objects.
LACKING: Final = frozenset(["BuildConfig", "CloudSchedulerJob", "DataprocAutoscalingPolicy", "PrometheusRule"])
FEATURES: Final[tuple[str, ...]] = get_args(Feature)
LIMITS: Final[dict[str, list[Case]]] = yaml.safe_load(
    Path(__file__).with_name("knative_limits.yaml").read_text("utf-8")
)
HEAD: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  SPEC
  models:
    - name: churn
"""


def _name(case: Case) -> str:
    """Return what a case is about, as the name of its test."""
    if "pod" in case:
        return str(next(iter(case["pod"])))
    return str(case["model"].splitlines()[-1].strip(" -").removesuffix(" # here"))


@pytest.fixture(scope="module")
def validators(shared: Path) -> dict[Kind, dict[str, jsonschema_rs.Validator]]:
    """Return (apiVersion, kind) -> set such as kubernetes-1.37 -> validator, of all schemas there are."""
    folder = shared / "data" / "schemas"
    found: dict[Kind, dict[str, jsonschema_rs.Validator]] = defaultdict(dict)
    for entry in json.loads((folder / "index.json").read_text("utf-8")):
        schema = json.loads((folder / entry["path"]).read_text("utf-8"))
        found[entry["apiVersion"], entry["kind"]][entry["set"]] = jsonschema_rs.validator_for(schema)
    return found


@pytest.fixture(scope="module")
def knative(kservice_check: Path) -> Check:
    """Return a function that gives what Knative refuses of some objects, with these features on."""

    def check(objects: Iterable[Manifest], features: Iterable[str]) -> list[str]:
        served = [each for each in objects if each.group == "serving.knative.dev"]
        flags = ",".join(f"kubernetes.{each}=enabled" for each in features)
        text = "\n---\n".join(json.dumps(each.body) for each in served)
        done = subprocess.run(
            [str(kservice_check), "-features", flags], input=text, capture_output=True, text=True, check=False
        )
        lines = done.stdout.splitlines()
        accepted = sum(line.endswith(": ok") for line in lines)
        assert not done.stderr
        assert (accepted == len(served)) == (done.returncode == 0)
        return [line for line in lines if not line.endswith(": ok")]

    return check


def features_of(rendering: api.Rendering) -> list[str]:
    assert rendering.models is not None
    return [str(each) for each in rendering.models.spec.knative.features or []]


def test_made_sets_are_many_and_sound(renderings: Mapping[str, api.Rendering]) -> None:
    made = [name for name in renderings if name.startswith("set-")]
    assert len(made) == model_sets.COUNT >= 40
    assert {"base", "dev", "prod"} < renderings.keys()


def test_made_sets_use_every_field(renderings: Mapping[str, api.Rendering], tmp_path: Path) -> None:
    used: set[Field] = set()
    for rendering in [*renderings.values(), model_sets.unrestricted(tmp_path)]:
        assert rendering.models is not None
        used |= set(_fields_of_set(rendering.models))
    shapes = [each for each in _subclasses(Shape) if each.__module__.startswith("modelyard.")]
    wanted = {_own(each, field) for each in shapes if each.__name__ not in HEADS | APART for field in each.model_fields}
    assert {module.partition(".")[2] for module in {each.__module__ for each, _ in wanted}} >= {"models.pod"}
    # Knative never takes these, and what runs beside it shares the model: knative_limits.yaml has them.
    never: set[Field] = {(SecurityContext, name) for name in ("appArmorProfile", "procMount", "seLinuxOptions")}
    never.add((Spec, "patches"))  # of what others wrote: the set is not rendered
    assert wanted - used == never


def _fields_of_set(models: DeclaredSet) -> Iterator[Field]:
    yield from _fields(models.spec)
    for model in models.models:
        for served in (model.whole, *model.variants):
            yield from _fields(served.model)
            yield from _fields(list(served.specs.values()))


def _subclasses(shape: type[Shape]) -> Iterator[type[Shape]]:
    for each in shape.__subclasses__():
        yield each
        yield from _subclasses(each)


def _own(shape: type[Shape], field: str) -> Field:
    """Return a field with the shape that declares it."""
    return next(each for each in shape.__mro__ if field in inspect.get_annotations(each)), field


def _fields(value: object) -> Iterator[Field]:
    """Yield (shape, field) of all fields that are set in a value, or anywhere below it."""
    if isinstance(value, Shape):
        for name in value.model_fields_set:
            yield _own(type(value), name)
            yield from _fields(getattr(value, name))
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _fields(each)


def test_every_object_passes_the_upstream_schemas(
    renderings: Mapping[str, api.Rendering],
    validators: Mapping[Kind, Mapping[str, jsonschema_rs.Validator]],
    tmp_path: Path,
) -> None:
    faults: list[str] = []
    checked = 0
    for name, rendering in {**renderings, "unrestricted": model_sets.unrestricted(tmp_path)}.items():
        for each in rendering.objects:
            if each.kind in LACKING:
                continue
            against = validators.get((each.body["apiVersion"], each.kind))
            assert against, f"{name}: {each}: no schema"
            for version, validator in against.items():
                checked += 1
                faults += [
                    f"{name}: {each}: {version}: {error.instance_path}: {error.message}"
                    for error in validator.iter_errors(each.body)
                ]
    assert not faults, "\n".join(faults)
    assert checked > 1000


def test_schemas_refuse_what_is_not_in_them(
    renderings: Mapping[str, api.Rendering], validators: Mapping[Kind, Mapping[str, jsonschema_rs.Validator]]
) -> None:
    for each in renderings["dev"].objects:
        for version, validator in validators[each.body["apiVersion"], each.kind].items():
            assert not validator.is_valid({**each.body, "unknown": 1}), f"{each}: {version}"


def test_knative_accepts_every_object(renderings: Mapping[str, api.Rendering], knative: Check) -> None:
    faults = []
    for name, rendering in renderings.items():
        faults += [f"{name}: {fault}" for fault in knative(rendering.objects, features_of(rendering))]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("registry", ["registry.example.com", "localhost:5000", "registry.example.com:5000/models"])
def test_an_image_comes_from_its_registry(registry: str, knative: Check, tmp_path: Path) -> None:
    model = "image: churn:2.0.0\ntargets: {knative: {minScale: 1}}"
    rendering = _written(f'registry: "{registry}"', model, tmp_path)
    assert _errors(rendering) == set()
    (service,) = (each for each in rendering.objects if each.kind == "Service")
    assert service.body["spec"]["template"]["spec"]["containers"][0]["image"] == f"{registry}/churn:2.0.0"
    assert knative(rendering.objects, []) == []


@pytest.mark.parametrize("case", LIMITS["flagged"], ids=_name)
def test_a_feature_opens_what_knative_refuses_without_it(case: Case, knative: Check, tmp_path: Path) -> None:
    flags = case["flags"]
    for named in ([], *([each for each in flags if each != left_out] for left_out in flags)):
        rendering, line = _rendered(case, named, tmp_path)
        assert _errors(rendering) == {("MY301", line)}, f"with {named}"
        assert knative(rendering.objects, named), f"with {named}"
    rendering, _ = _rendered(case, flags, tmp_path)
    assert _errors(rendering) == set()
    assert knative(rendering.objects, flags) == []


def test_every_feature_that_opens_a_field_has_a_case() -> None:
    # What PROBING changes is a rule for containers beside the model: tests/check/test_field.py has it.
    assert {flag for case in LIMITS["flagged"] for flag in case["flags"]} == {*FEATURES} - {PROBING}


@pytest.mark.parametrize("case", LIMITS["never"], ids=_name)
def test_no_feature_opens_what_knative_never_takes(case: Case, knative: Check, tmp_path: Path) -> None:
    rendering, line = _rendered(case, FEATURES, tmp_path)
    assert knative(rendering.objects, FEATURES)
    assert _errors(rendering) == {("MY301", line)}


@pytest.mark.parametrize("case", LIMITS["refused"], ids=_name)
def test_what_knative_refuses_is_an_error(case: Case, knative: Check, tmp_path: Path) -> None:
    rendering, line = _rendered(case, [], tmp_path)
    assert {place for _, place in _errors(rendering)} == {line}, knative(rendering.objects, [])


@pytest.mark.parametrize("case", LIMITS["accepted"], ids=_name)
def test_what_knative_takes_is_no_error(case: Case, knative: Check, tmp_path: Path) -> None:
    rendering, _ = _rendered(case, [], tmp_path)
    assert _errors(rendering) == set()
    assert knative(rendering.objects, []) == []


def _rendered(case: Case, features: Iterable[str], folder: Path) -> tuple[api.Rendering, int]:
    """Render one model on Knative with what a case says; the second value is the line at fault."""
    model = case.get("model") or _patch(case["pod"])
    if not model.startswith("image:"):
        model += "\nimage: churn:2.0.0"
    if "targets:" not in model:
        model += "\ntargets: {knative: {minScale: 1}}"
    lines = [number for number, line in enumerate(model.splitlines(), HEAD.count("\n") + 1) if line.endswith("# here")]
    rendering = _written(f"knative: {{features: [{', '.join(features)}]}}", model, folder)
    return rendering, lines[0] if lines else 0


def _written(spec: str, model: str, folder: Path) -> api.Rendering:
    """Write and render a set with a line of its spec and the lines of its one model."""
    path = folder / "models.yaml"
    path.write_text(HEAD.replace("SPEC", spec) + indent(model, "      "), "utf-8")
    return api.render(path)


def _patch(pod: Mapping[str, object]) -> str:
    """Return the patch that adds a field which the models file does not know to the pods of the Service."""
    ((field, value),) = pod.items()
    op = json.dumps({"op": "add", "path": f"/spec/template/spec/{field}", "value": value})
    return f"patches:\n  - target: {{kind: Service}}\n    ops:\n      - {op} # here"


def _errors(rendering: api.Rendering) -> set[tuple[str, int]]:
    return {(each.code, each.place.line if each.place else 0) for each in rendering.problems if has_errors([each])}
