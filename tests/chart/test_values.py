"""Each value of a chart does what the same change of the models file does, and a wrong one is refused."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
import yaml

from modelyard import api
from modelyard.files.yaml import write
from modelyard.problems import has_errors
from tests.conftest import ROOT
from tests.support import charts
from tests.support.charts import at, leaves, nested, objects, rendered, template, without_hashes, written

CASES = ROOT / "tests" / "render" / "cases"
SETS = {
    **{name: ROOT / "overlays" / name for name in ("dev", "prod", "sagemaker")},
    **{
        name: CASES / name
        for name in (
            "deployment-split",
            "openshift-every-field",
            "sagemaker-proxy-every-field",
            "sagemaker-serverless",
            "spark-operator-every-field",
            "dataproc-network-anomaly",
        )
    },
}
DIGEST = f"sha256:{'5' * 64}"


class Change(NamedTuple):
    """A change of a value: for Helm, and for a models file that is laid over the set."""

    path: tuple[str, ...]
    value: object
    over: dict[str, Any]


def _base(source: Path, folder: Path) -> Path:
    """Copy a set, and what it is laid over, to where another can be laid over it; return its folder."""
    shutil.copytree(source.parent, folder / "sets", ignore=shutil.ignore_patterns("generated"))
    return folder / "sets" / source.name


def _over(model: str, variant: str | None, fields: dict[str, Any]) -> dict[str, Any]:
    own = {"name": model, **fields} if variant is None else {"name": model, "variants": [{"name": variant, **fields}]}
    return {"models": [own]}


def _changes(folder: Path, values: dict[str, Any], schema: Mapping[str, Any]) -> list[Change]:
    loaded = api.load(folder).models
    assert loaded is not None
    declared = {each.name: each for each in loaded.models}
    found = []
    for path, _shape in leaves(schema):
        if path[0] != "models":
            found += _of_the_set(path)
            continue
        _, name, *rest = path
        variant = rest[1] if rest[0] == "variants" else None
        own = rest[2:] if variant else rest
        served = next((each for each in declared[name].variants if each.variant == variant), declared[name].whole)
        default = at(values, path)
        if own == ["enabled"]:
            found.append(Change(path, value=False, over={"models": [{"name": name, "$remove": True}]}))
        elif own[-2] == "image" if len(own) > 1 else False:
            declared_image = (
                at(served.specs[own[1]].model_dump(), ["image"]) if own[0] == "targets" else served.model.image
            )
            known = at(values, path[:-1])
            known = {"digest": "", **known}
            new = {**known, own[-1]: "9.9.9" if own[-1] == "tag" else DIGEST}
            if own[-1] == "tag" and known["digest"]:
                continue  # refused: see test_a_tag_alone_does_not_change_an_image_with_a_digest
            repository = str(declared_image).removesuffix(f"@{known['digest']}").removesuffix(f":{known['tag']}")
            image = (
                repository + (f":{new['tag']}" if new["tag"] else "") + (f"@{new['digest']}" if new["digest"] else "")
            )
            found.append(Change(path, new[own[-1]], _over(name, variant, nested(own[:-1], image))))
        elif own[-1] == "resources":
            new = {"limits": {"memory": "77Gi"}, "requests": {"cpu": "7m"}}
            found.append(Change(path, new, _over(name, variant, {"resources": new})))
        elif own[-1] == "hosts":
            hosts = [f"new{i}.example.org" for i, _ in enumerate(default)]
            domains = at(served.data, own[:-1])["domains"]
            changed = [{**each, "host": host} for each, host in zip(domains, hosts, strict=True)]
            found.append(Change(path, hosts, _over(name, variant, nested([*own[:-1], "domains"], changed))))
        elif own[-1] == "host":
            found.append(Change(path, "new.example.org", _over(name, variant, nested(own, "new.example.org"))))
        elif own[-1] != "percent":
            number = (default or 0) + 1
            found.append(Change(path, number, _over(name, variant, nested(own, number))))
    return found


def _of_the_set(path: tuple[str, ...]) -> list[Change]:
    changed: dict[str, Any] = {
        "registry": "other.example.com:5000/models",
        "labels": {"team": "other", "cost": "1.10"},
        "imagePullSecrets": ["one", "two"],
    }
    return [Change(path, changed[path[0]], {path[0]: changed[path[0]]})] if path[0] in changed else []


def _over_it(source: Path, folder: Path, spec: dict[str, Any]) -> Path:
    """Write a models file that is laid over a set, and return its folder."""
    models = api.load(source).models
    assert models is not None
    head = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet", "metadata": {"name": models.metadata.name}}
    whole = {"base": f"../sets/{source.name}/models.yaml", "allowEmpty": True, **spec}
    folder.mkdir(exist_ok=True)
    (folder / "models.yaml").write_text(write({**head, "spec": whole}))
    return folder


def _templated(helm: Path, chart: Path, values: Mapping[str, Any], source: Path) -> charts.Objects:
    """Return what a chart gives in the namespace of its set; where that names none, it stands in no object."""
    models = api.load(source).models
    assert models is not None
    namespace = models.spec.namespace
    done = template(helm, chart, values, namespace=namespace or "elsewhere")
    assert done.returncode == 0, (values, done.stderr)
    found = objects(done.stdout)
    for each in found.values() if not namespace else ():
        each["metadata"].pop("namespace", None)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_a_changed_value_does_what_the_changed_models_file_does(newest_helm: Path, name: str, tmp_path: Path) -> None:
    source, tried = _base(SETS[name], tmp_path), 0
    with api.allowing_outside(tmp_path):
        chart = written(source, tmp_path / "chart")
        schema = json.loads((chart / "values.schema.json").read_text())
        changes = _changes(source, yaml.safe_load((chart / "values.yaml").read_text()), schema)
        before = _templated(newest_helm, chart, {}, source)
        for change in changes:
            folder = _over_it(source, tmp_path / "changed", change.over)
            if has_errors(api.render(folder).problems):
                assert change.path[-1] in ("min", "minScale", "registry", "enabled"), api.render(folder).problems
                continue
            found = _templated(newest_helm, chart, nested(change.path, change.value), source)
            assert found != before, change
            assert without_hashes(found) == without_hashes(rendered(folder)), change
            _assert_names_follow(before, found)
            tried += 1
    assert tried >= len(changes) * 2 // 3


def _assert_names_follow(before: charts.Objects, after: charts.Objects) -> None:
    """An object that never changes has another name exactly if it holds something else."""
    for key, each in before.items():
        if key in after and (key[1] in ("Model", "EndpointConfig") or each.get("immutable")):
            contents = [{k: v for k, v in one.items() if k != "metadata"} for one in (each, after[key])]
            assert contents[0] == contents[1], key


@pytest.mark.parametrize("name", ["dev", "sagemaker", "deployment-split", "openshift-every-field"])
def test_changed_percents_do_what_the_changed_models_file_does(newest_helm: Path, name: str, tmp_path: Path) -> None:
    source = _base(SETS[name], tmp_path)
    chart = written(source, tmp_path / "chart")
    values = yaml.safe_load((chart / "values.yaml").read_text())
    before = _templated(newest_helm, chart, {}, source)
    split = {model: own["variants"] for model, own in values["models"].items() if "variants" in own}
    assert split
    for model, variants in split.items():
        names = sorted(variants)
        percents = dict.fromkeys(names, 0) | {names[0]: 35, names[1]: 65}
        over = {"models": [{"name": model, "variants": [{"name": each, "percent": percents[each]} for each in names]}]}
        with api.allowing_outside(tmp_path):
            wanted = rendered(_over_it(source, tmp_path / "changed", over))
        given = {"models": {model: {"variants": {each: {"percent": percents[each]} for each in names}}}}
        found = _templated(newest_helm, chart, given, source)
        assert found != before
        assert without_hashes(found) == without_hashes(wanted)


def test_percents_that_are_not_100_together_fail_with_a_sentence(helm: Path, tmp_path: Path) -> None:
    chart = written(SETS["dev"], tmp_path / "chart")
    done = template(helm, chart, None, "--set", "models.churn.variants.champion.percent=95")
    assert done.returncode != 0
    sentence = "models.churn.variants: the percents add up to 105, and must be 100 together: challenger 10, champion 95"
    assert sentence in done.stderr
    off = ("--set", "models.churn.variants.champion.percent=95,models.churn.enabled=false")
    assert template(helm, chart, None, *off).returncode == 0


def test_a_tag_alone_does_not_change_an_image_with_a_digest(newest_helm: Path, tmp_path: Path) -> None:
    chart = written(SETS["dev"], tmp_path / "chart")
    done = template(newest_helm, chart, None, "--set-string", "models.fraud.image.tag=5.4")
    assert done.returncode != 0
    assert "models.fraud.image: the tag has changed, but the digest still names the old image" in done.stderr
    both = ("--set-string", "models.fraud.image.tag=5.4,models.fraud.image.digest=")
    assert 'image: "registry.example.com/models/fraud:5.4"' in template(newest_helm, chart, None, *both).stdout


def test_bounds_that_are_the_wrong_way_round_fail_with_a_sentence(newest_helm: Path, tmp_path: Path) -> None:
    chart = written(SETS["dev"], tmp_path / "chart")
    done = template(newest_helm, chart, None, "--set", "models.credit-risk.targets.knative.minScale=6")
    assert "models.credit-risk.targets.knative: minScale 6 is more than maxScale 5" in done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("models.churn.typo=1", "additional properties 'typo' not allowed"),
        ("models.churn.variants.champion.image.tag=7", "at '/models/churn/variants/champion/image/tag': got number"),
        ("models.churn.variants.champion.percent=101", "at '/models/churn/variants/champion/percent': maximum"),
        ("labels.app\\.kubernetes\\.io/name=x", "app.kubernetes.io/name"),
        ("namespace=x", "additional properties 'namespace' not allowed"),
    ],
)
def test_helm_refuses_wrong_values_and_says_where(helm: Path, given: str, said: str, tmp_path: Path) -> None:
    done = template(helm, written(SETS["dev"], tmp_path / "chart"), None, "--set", given)
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize("name", SETS)
def test_each_value_is_refused_when_it_is_wrong(name: str, tmp_path: Path) -> None:
    chart = written(SETS[name], tmp_path / "chart")
    schema = json.loads((chart / "values.schema.json").read_text())
    values = yaml.safe_load((chart / "values.yaml").read_text())
    check = jsonschema_rs.validator_for(schema)
    assert check.is_valid(values)
    assert "$ref" not in json.dumps(schema)
    for path, shape in leaves(schema):
        wrongs: tuple[object, ...] = (["x y"], {"x": {}}, -1, 1.5, "not / right", "x y")
        for wrong in wrongs:
            changed = json.loads(json.dumps(values))
            at(changed, path[:-1])[path[-1]] = wrong
            assert not check.is_valid(changed), (path, wrong)
        for above in range(len(path)):
            changed = json.loads(json.dumps(values))
            at(changed, path[:above])["unknown"] = 1
            assert not check.is_valid(changed), path
        changed = json.loads(json.dumps(values))
        del at(changed, path[:-1])[path[-1]]
        assert check.is_valid(changed) == ("null" in shape["type"]), path
