"""Hints lead: what a hint proposes is written, and its error is gone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard import api
from modelyard.files.yaml import write
from modelyard.modelsfile.explain import explain
from modelyard.modelsfile.load import load_text
from modelyard.problems import Problem, Severity
from tests.conftest import ROOT
from tests.modelsfile.test_load import HEAD, model, only, problems
from tests.modelsfile.test_mutations import Way, replaced, ways
from tests.support.shares import share

KNATIVE = "      targets: {knative: {minScale: 1}}\n"
CASES = ROOT / "tests" / "render" / "cases"
SAMPLES = ["knative-every-field", "deployment-split", "sagemaker-every-field"]
# What a value may be replaced by in a hint: `write A for text, or B` and `write A, which is C in octal`.
_WRITTEN = re.compile(r'("(?:[^"\\]|\\.)*"|\[[^]]*\]|[\w.-]+)(?: for text|, which is \w+ in octal|, with its unit)?')


def spelled(hint: str) -> list[str]:
    """Return what a hint proposes to write; nothing if it describes it in words."""
    if found := re.match(r"did you mean (\S+)\?", hint):
        return [found[1]]
    rest = hint.removeprefix("write ")
    texts = []
    while rest != hint and (found := _WRITTEN.match(rest)):
        texts.append(found[1])
        if found.end() == len(rest):
            return texts
        if not rest[found.end() :].startswith(", or "):
            break
        rest = rest[found.end() + len(", or ") :]
    return []


def applied(text: str, found: Problem, spelling: str) -> str:
    """Return a file with a spelling in place of the scalar or key where a problem is."""
    assert found.place
    lines = text.splitlines(keepends=True)
    line, column = lines[found.place.line - 1], found.place.column - 1
    if unknown := re.fullmatch(r"unknown field (\w+)", found.message):
        column = line.index(f"{unknown[1]}:")  # the place is that of the scalar under it
    token = re.match(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[^,:{}\[\]\s]+(?::[^,:{}\[\]\s]+)*(?: %)?', line[column:])
    assert token, line[column:]
    lines[found.place.line - 1] = line[:column] + spelling + line[column + len(token[0]) :]
    return "".join(lines)


def errors(text: str, folder: Path = ROOT) -> list[Problem]:
    """Return the errors of a models file and of what it renders."""
    result = api.render_loaded(load_text(text.encode(), "models.yaml", folder), folder)
    return [each for each in result.problems if each.severity is Severity.ERROR]


def proves(text: str) -> int:
    """Apply each spelling that is proposed for a file; return how many there were."""
    count = 0
    for found in errors(text):
        for spelling in spelled(found.hint):
            after = errors(applied(text, found, spelling))
            same = [each for each in after if each.place == found.place and each.code == found.code]
            assert same == [], (found, spelling, text)
            count += 1
    return count


@pytest.mark.parametrize(
    ("field", "hints"),
    [
        ("env: {A: 1.10}", ['"1.10"']),
        ("env: {A: no}", ['"no"']),
        ("env: {A: 30}", ['"30"']),
        ("env: {A: true}", ['"true"']),
        ("port: '8080'", ["8080"]),
        ("port: 8_080", ["8080"]),
        ("port: 8080.0", ["8080"]),
        ("port: 0x1F", ["31"]),
        ("port: 010", ["8", "10"]),
        ("port: '0440'", ["288", "440"]),
        ("args: --fast", ['["--fast"]']),
        ("args: 1.10", []),  # a list of what is not text is no way out
        ("metrics: {podMonitor: yes}", ["true"]),
        ("metrics: {podMonitor: 'off'}", ["false"]),
        ("probes: {liveness: no}", ["false"]),
        ("imagePullPolicy: always", ["Always"]),
        ("resources: {limits: {cpu: 1e3}}", ['"1e3"']),
        ("probes: {startup: {httpGet: {}, period: 10}}", ["10s"]),
        ("probes: {startup: {httpGet: {}, failureThreshold: '3'}}", ["3"]),
        ("volumes: [{name: v, mountPath: /v, configMap: {name: c, defaultMode: 0440}}]", ["288"]),
        ("volumes: [{name: v, mountPath: /v, secret: {secretName: c, defaultMode: 0440}}]", ["288"]),
        ("volumes: [{name: v, mountPath: /v, secret: {secretName: c, defaultMode: '0440'}}]", ["288"]),
        ("volumes: [{name: v, mountPath: /v, configMap: {name: c, defaultMode: 555}}]", ["365"]),
        ("volumes: [{name: v, mountPath: /v, configMap: {nam: c}}]", ["name"]),
        ("tolerations: [{key: a, operator: exists}]", ["Exists"]),
        ("volumes: [{name: v, mountPath: /v, configMap: {name: c, items: [{key: a, path: b, mode: 0644}]}}]", ["420"]),
        ("volumes: [{name: v, mountPath: /v, csi: {driver: d, readOnly: yes}}]", ['"yes"', "true"]),
    ],
)  # fmt: skip
def test_a_spelling_that_is_proposed_is_taken(field: str, hints: list[str]) -> None:
    text = HEAD + model(f"      targets: {{deployment: {{}}}}\n      {field}\n")
    (found,) = errors(text)
    assert spelled(found.hint) == hints
    assert proves(text) == len(hints)
    # What Kubernetes alone knows the type of is proposed as text and as what else it may be; one of them is right.
    right = [spelling for spelling in hints if errors(applied(text, found, spelling)) == []]
    assert right == hints[-1 if "csi" in field else 0 :]


def test_a_percent_is_a_number_without_its_sign() -> None:
    variants = "[{name: a, percent: 90%, image: 'r.io/m/a:1'}, {name: b, percent: 10, image: 'r.io/m/a:2'}]"
    text = f"{HEAD}  models:\n    - name: a\n{KNATIVE}      variants: {variants}\n"
    (found,) = errors(text)
    assert (found.message, found.hint) == ("percent wants an integer, not text", "write 90")
    assert errors(applied(text, found, "90")) == []


@pytest.mark.many
@pytest.mark.parametrize("sample", SAMPLES)
def test_no_wrong_scalar_is_answered_with_another(sample: str) -> None:
    data = yaml.safe_load((CASES / sample / "models.yaml").read_text("utf-8"))
    wrong = ("0440", "90%", 7, True, 1.5, "yes")
    places = [(way, wrong[(i + j) % len(wrong)]) for i, way in enumerate(_leaves(data)) for j in range(3)]
    proven = sum(proves(write(replaced(data, way, value))) for way, value in share(places))
    assert proven >= len(share(range(10)))


def test_what_the_cases_of_mistakes_propose_is_taken() -> None:
    files = [*CASES.glob("*-mistakes/models.yaml"), CASES / "viya-rules" / "models.yaml"]
    assert sum(proves(path.read_text("utf-8")) for path in files) >= 11


def _leaves(data: Any) -> list[Way]:
    found = list(ways(data))
    return [way for way in found if not any(other[: len(way)] == way and other != way for other in found)]


@pytest.mark.parametrize("sample", SAMPLES)
def test_one_misspelt_key_is_one_error(sample: str) -> None:
    data = yaml.safe_load((CASES / sample / "models.yaml").read_text("utf-8"))
    assert errors(write(data)) == []
    named = 0
    for way in ways(data):
        key = way[-1]
        if not isinstance(key, str) or len(key) < 4 or key[0].isupper() or _is_free(way):
            continue
        text = write(_renamed(data, way, key[:-2] + key[-1] + key[-2]))
        found = errors(text)
        assert len(found) <= 1, (way, found)
        assert found or key[-1] == key[-2] or way[:1] != ("spec",), way
        named += sum(proves(text) for each in found if each.code in ("MY101", "MY106"))
    assert named >= 20


def _is_free(way: Way) -> bool:
    """Tell whether keys at this place are the user's own, or of Kubernetes."""
    free = {"env", "config", "labels", "annotations", "podAnnotations", "nodeSelector", "requests", "limits", "value"}
    return bool(free.intersection(way[:-1])) or "volumes" in way or "tags" in way[:-1]


def _renamed(data: Any, way: Way, name: str) -> Any:
    parent: Any = data
    for part in way[:-1]:
        parent = parent[part]
    changed = {name if key == way[-1] else key: value for key, value in parent.items()}
    return replaced(data, way[:-1], changed) if way[:-1] else changed


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("  defualts: {runtime: pcr}\n" + model(KNATIVE), "did you mean defaults?"),
        ("  modles:\n    - {name: a, image: 'r.io/a:1', targets: {knative: {minScale: 1}}}\n", "did you mean models?"),
        (model("      replicas: 2\n      targets: {deployment: {}}\n"), "it belongs to targets.deployment"),
        (model("      minScale: 2\n" + KNATIVE), "it belongs to targets.knative"),
        (model("      targets: {deployment: {minScale: 1}}\n"), "it belongs to targets.knative"),
        (model("      targets: {deployment: {imagePullPolicy: Always}}\n"), "it belongs to a model"),
        (model("      registry: r.example.com\n" + KNATIVE), "it belongs to spec"),
        (model("      deployment: {}\n" + KNATIVE), "it belongs to a model's targets"),
        (model("      patches: [{target: {}, ops: [{po: remove, path: /a}]}]\n" + KNATIVE), "did you mean op?"),
        (model("      imgae: r.io/b:1\n" + KNATIVE), "take it out: image is there already"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_told_where_it_belongs(spec: str, hint: str) -> None:
    found = [each for each in problems(spec) if each.code in ("MY101", "MY106")]
    assert [each.hint for each in found] == [hint]
    assert problems(spec) == found


def test_a_misspelt_image_is_not_also_missing() -> None:
    found = only("  models: [{name: a, imgae: 'r.io/a:1', targets: {knative: {minScale: 1}}}]\n")
    assert (found.code, found.hint) == ("MY101", "did you mean image?")


def test_a_misspelt_base_says_nothing_of_what_the_base_has() -> None:
    found = only("  bsae: ../x.yaml\n  models: [{name: a, targets: {knative: {minScale: 1}}}]\n")
    assert (found.code, found.hint) == ("MY101", "did you mean base?")


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("env: [{name: A, value: x}]", "write NAME: VALUE in place of name: NAME and value: VALUE"),
        ("resources: [{limits: {cpu: 1}}]", "write the mapping without the - before it"),
        ("probes: [{startup: false}, {liveness: false}]", "write one mapping, without the - before its keys"),
        ("volumes: {name: v, mountPath: /v, emptyDir: {}}", "write a list, with - before the mapping"),
    ],
)
def test_a_list_where_a_mapping_is_wanted_and_the_reverse(field: str, hint: str) -> None:
    found = only(model(f"      {field}\n{KNATIVE}"))
    assert (found.code, found.hint) == ("MY103", hint)


def test_targets_are_a_mapping() -> None:
    found = [each for each in problems(model("      targets: [knative]\n")) if each.severity is Severity.ERROR]
    assert [each.hint for each in found] == ["write a mapping such as knative: {}"]


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("patches: [{target: {}, ops: [{path: /a}]}]", "add op: add, copy, move, remove, replace or test"),
        ("securityContext: {seccompProfile: {}}", "add type: Localhost, RuntimeDefault or Unconfined"),
        ("env: {A: {secretKeyRef: {key: a}}}", "add name:"),
    ],
)
def test_a_missing_field_comes_with_its_words(field: str, hint: str) -> None:
    found = only(model(f"      {field}\n{KNATIVE}"))
    assert (found.code, found.hint) == ("MY102", hint)


def test_a_hint_never_shows_what_may_be_a_credential() -> None:
    found = only(model(f"      env: {{API_TOKEN: 0440}}\n{KNATIVE}"))
    assert found.hint == "write it between quotes"
    assert "0440" not in found.message


@pytest.mark.parametrize(
    ("base", "hint"),
    [
        ("../../base", "did you mean ../base/models.yaml?"),
        ("../base", "did you mean ../base/models.yaml?"),
        ("../bsae/models.yaml", "did you mean ../base/models.yaml?"),
        ("../base/model.yaml", "did you mean ../base/models.yaml?"),
        ("base/models.yaml", "did you mean ../base/models.yaml?"),
        ("../../other/x.yaml", "the path is relative to this file: it leads to {}/other/x.yaml"),
        ("../empty", "name the models file; there is no models.yaml in {}/o/empty"),
    ],
)
def test_a_wrong_base_is_told_the_way(tmp_path: Path, base: str, hint: str) -> None:
    for folder in (".git", "o/base", "o/dev", "o/empty"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "o/base/models.yaml").write_text(HEAD + model(KNATIVE), "utf-8")
    top = tmp_path / "o/dev/models.yaml"
    top.write_text(f"{HEAD}  base: {base}\n", "utf-8")
    (found,) = api.load(top).problems
    assert (found.code, found.hint) == ("MY108", hint.format(tmp_path))
    for spelling in spelled(found.hint):
        top.write_text(applied(top.read_text("utf-8"), found, spelling), "utf-8")
        assert api.load(top).problems == []


def test_a_model_that_the_base_does_not_have(tmp_path: Path) -> None:
    own = "  models:\n    - name: %s\n      env: {A: b}\n"
    (tmp_path / "base.yaml").write_text(HEAD + model(KNATIVE).replace("name: a", "name: churn"), "utf-8")
    top = tmp_path / "models.yaml"
    top.write_text(f"{HEAD}  base: base.yaml\n{own % 'chrun'}", "utf-8")
    (found,) = api.load(top).problems
    assert (found.code, found.hint) == ("MY102", "did you mean churn?")
    assert found.place
    assert found.place.line == 7
    top.write_text(applied(top.read_text("utf-8"), found, "churn"), "utf-8")
    assert api.load(top).problems == []


@pytest.mark.parametrize("text", ["models: []\n", "name: churn\nimage: r.io/churn:1\n", "- a\n", "", "42\n"])
def test_what_is_no_models_file_is_told_to_begin_with_init(text: str) -> None:
    (found,) = load_text(text.encode(), "models.yaml", Path()).problems
    assert found.code == "MY008"
    assert "`modelyard init" in found.hint


def test_an_object_of_kubernetes_is_one_error() -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1, template: {}}\n"
    (found,) = load_text(text.encode(), "models.yaml", Path()).problems
    assert (found.code, found.message) == ("MY104", "Deployment is not a kind of models file")
    assert "`modelyard check FILE`" in found.hint


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("minScale", "spec.models.targets.knative.minScale <"),
        ("knative.minScale", "spec.models.targets.knative.minScale <"),
        ("variants.image", "spec.models.variants.image <"),
        ("vpc.subnets", "spec.models.targets.sagemaker.vpc.subnets <"),
    ],
)
def test_explain_finds_a_field_by_its_name(what: str, says: str) -> None:
    text, hint = explain(what)
    assert hint == ""
    assert text
    assert text.startswith(says)


@pytest.mark.parametrize(
    ("what", "hint"),
    [
        ("image", "spec.image is not a field; name one of models.image"),
        ("minscale", "spec.minscale is not a field; did you mean models.targets.knative.minScale?"),
        ("replicas", "name one of models.targets.deployment.replicas"),
        ("models.imgae", "spec.models.imgae is not a field; did you mean models.image?"),
    ],
)
def test_explain_names_the_fields_that_are_like_it(what: str, hint: str) -> None:
    text, says = explain(what)
    assert text is None
    assert hint in says
    proposed = re.findall(r"models\.[\w.-]+", says.partition("; ")[2])
    assert proposed
    assert all(explain(each)[0] for each in proposed)


@pytest.mark.parametrize(
    ("config", "pypath"),
    [("{}", "/python/bin/python3"), ("{PROC_PYPATH: /python/3/bin/python}", "/python/3/bin/python")],
)
def test_what_the_sidecar_starts_is_named_with_value_and_place(config: str, pypath: str) -> None:
    python = "    python: {volume: {emptyDir: {}}, mountPath: /python, services: [mas], config: %s}\n"
    found = only(f"  viya:\n{python % config}")
    m2path = "MAS_M2PATH: /opt/sas/viya/home/SASFoundation/misc/embscoreeng/mas2py.py"
    assert found.hint == f"add to spec.viya.python.config: MAS_PYPATH: {pypath}, {m2path}"
    added = found.hint.partition("config: ")[2]
    given = config.strip("{}")
    assert problems(f"  viya:\n{python % ('{' + ', '.join(filter(None, [given, added])) + '}')}") == []
