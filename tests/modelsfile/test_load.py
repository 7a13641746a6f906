"""How values come together, and how mistakes are placed."""

from pathlib import Path

import pytest

from modelyard import api
from modelyard.modelsfile.load import load_text
from modelyard.problems import Place, Problem, has_errors

HEAD = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"


def problems(spec: str) -> list[Problem]:
    """Return the problems of a models file with this spec; its first line is line 5 of the file."""
    return load_text((HEAD + spec).encode(), "models.yaml", Path()).problems


def only(spec: str) -> Problem:
    found = problems(spec)
    assert len(found) == 1, found
    return found[0]


def model(rest: str) -> str:
    """Return a spec with one model; `rest` starts in line 8."""
    return f"  models:\n    - name: a\n      image: r.io/a:1.0.0\n{rest}"


def write(folder: Path, name: str, spec: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + spec, "utf-8")
    return path


def test_base_defaults_model_and_variant_merge_in_this_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        "base.yaml",
        """\
  labels: {team: risk, stage: base}
  models:
    - name: churn
      image: r.io/churn:1.0.0
      env: {A: base, B: base, C: base}
      args: [a, b]
      volumes: [{name: v, mountPath: /v, emptyDir: {}}, {name: w, mountPath: /w, emptyDir: {}}]
      targets: {knative: {minScale: 1, maxScale: 2}}
    - {name: gone, image: "r.io/gone:1.0.0", targets: {knative: {minScale: 1}}}
""",
    )
    top = write(
        tmp_path,
        "models.yaml",
        """\
  base: base.yaml
  labels: {stage: null}
  defaults:
    args: [default]
    env: {A: default, D: default}
    targets: {knative: {window: 90s}, deployment: {replicas: 7}}
  models:
    - name: churn
      env: {B: own, C: null}
      volumes: [{name: w, $remove: true}, {name: x, mountPath: /x, emptyDir: {}}]
      variants:
        - name: a
          percent: 100
          env: {B: variant}
          volumes: [{name: v, mountPath: /vv}]
          targets: {knative: {maxScale: 5}}
    - {name: gone, $remove: true}
""",
    )
    loaded = api.load(top)
    assert loaded.problems == []
    assert loaded.models is not None
    assert loaded.models.spec.labels == {"team": "risk"}
    (model,) = loaded.models.models
    (served,) = model.served
    assert served.model.env == {"A": "base", "B": "variant", "D": "default"}
    assert served.model.args == ["a", "b"]
    assert [(v.name, v.mountPath) for v in served.model.volumes or []] == [("v", "/vv"), ("x", "/x")]
    assert served.specs["knative"].model_dump(exclude_none=True, exclude_defaults=True) == {
        "minScale": 1,
        "maxScale": 5,
        "window": "90s",
    }
    assert list(served.specs) == ["knative"]


@pytest.mark.parametrize(
    ("base", "code", "says"),
    [
        ("missing.yaml", "MY108", "does not exist"),
        (".", "MY108", "is a folder"),
        ("models.yaml", "MY108", "leads back"),
        ("loop.yaml", "MY108", "leads back"),
        ("broken.yaml", "MY001", "mapping values"),
    ],
)
def test_a_base_that_cannot_be_used(tmp_path: Path, base: str, code: str, says: str) -> None:
    write(tmp_path, "loop.yaml", "  base: models.yaml\n")
    (tmp_path / "broken.yaml").write_text("a: b: c\n", "utf-8")
    top = write(tmp_path, "models.yaml", f"  base: {base}\n  models: []\n")
    (found,) = api.load(top).problems
    assert found.code == code
    assert says in found.message
    assert found.place


def test_places_in_a_base_name_the_base(tmp_path: Path) -> None:
    write(
        tmp_path,
        "base/models.yaml",
        "  models:\n    - {name: churn, image: UPPER, targets: {knative: {minScale: 1}}}\n",
    )
    (tmp_path / ".git").mkdir()
    top = write(tmp_path, "dev/models.yaml", "  base: ../base/models.yaml\n")
    (found,) = api.load(top).problems
    assert found.place == Place(str(tmp_path / "base" / "models.yaml"), 6, 28)


@pytest.mark.parametrize(
    ("value", "code", "hint"),
    [
        ("1.10", "MY010", 'write "1.10"'),
        ("no", "MY010", 'write "no"'),
        ("y", "MY010", 'write "y"'),
        ("1e5", "MY010", 'write "1e5"'),
        ("1:30", "MY010", 'write "1:30"'),
        ("2024-01-02", "MY010", 'write "2024-01-02"'),
        ("30", "MY010", 'write "30"'),
        ("1.5", "MY010", 'write "1.5"'),
        ("true", "MY010", 'write "true"'),
        ("[a]", "MY103", ""),
    ],
)
def test_text_wants_quotes(value: str, code: str, hint: str) -> None:
    found = only(model(f"      targets: {{knative: {{minScale: 1}}}}\n      env:\n        A: {value}\n"))
    assert (found.code, found.hint, found.place) == (code, hint, Place("models.yaml", 10, 12))


@pytest.mark.parametrize("value", ["1.0", "1e1", "010", "0x1F", "1_000", '"1"', "yes", "+1"])
def test_integers_are_plain_decimals(value: str) -> None:
    found = only(model(f"      targets: {{knative: {{minScale: 1, maxScale: {value}}}}}\n"))
    assert found.code in ("MY010", "MY103")
    assert found.place == Place("models.yaml", 8, 50)
    assert found.hint or found.code == "MY103"


@pytest.mark.parametrize("value", ["0", "7", "-0"])
def test_plain_decimals_are_integers(value: str) -> None:
    assert problems(model(f"      targets: {{knative: {{minScale: 1, maxScale: {value}}}}}\n")) == []


def test_ambiguous_values_inside_free_data_are_refused_too() -> None:
    found = only(
        "  models:\n    - name: a\n      image: r.io/a:1.0.0\n      targets: {knative: {minScale: 1}}\n"
        "      volumes: [{name: v, mountPath: /v, secret: {items: [{key: no, path: x}]}}]\n"
    )
    assert (found.code, found.place) == ("MY010", Place("models.yaml", 9, 65))


def test_a_credential_never_appears_in_a_message() -> None:
    found = problems(
        "  models:\n    - name: a\n      image: r.io/a:1.0.0\n      runtime: pcr\n      targets: {deployment: {}}\n"
        "      env: {API_TOKEN: 4711081547, DB_PASSWORD: [hunter2], PIN: hunter2, DSN: 'https://u:hunter2@x/'}\n"
        "      config: {CLIENT_SECRET: hunter2}\n      args: ['--url', 'postgres://u:hunter2@db/x']\n"
    )
    assert {each.code for each in found} == {"MY010", "MY103", "MY208"}
    assert len([each for each in found if each.code == "MY208"]) == 3
    assert not any(secret in f"{each.message} {each.hint}" for each in found for secret in ("hunter2", "4711081547"))


@pytest.mark.parametrize(
    ("rest", "place"),
    [
        ("      args: ['--url=postgres://u:hunter2@db/x']\n", (9, 14)),
        ("      config: {CLIENT_SECRET: hunter2}\n", (9, 31)),
        (
            """\
      patches:
        - target: {kind: Service}
          ops:
            - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: API_KEY, value: hunter2}}
""",
            (12, 101),
        ),
    ],
)
def test_credentials_are_found_wherever_text_goes(rest: str, place: tuple[int, int]) -> None:
    found = only(model(f"      targets: {{knative: {{minScale: 1}}}}\n{rest}"))
    assert (found.code, found.place) == ("MY208", Place("models.yaml", *place))
    assert "hunter2" not in f"{found.message} {found.hint}"


def test_an_accepted_finding_is_kept_with_its_reason() -> None:
    spec = "  models:\n    - name: a\n      image: r.io/a:1.0.0\n      targets: {knative: {minScale: 0}}\n"
    assert (only(spec).code, only(spec).accepted) == ("MY231", "")
    found = only(spec + '      ignore: [{code: MY231, reason: "batch"}]\n')
    assert (found.code, found.accepted) == ("MY231", "batch")


def test_an_accepted_error_stops_nothing() -> None:
    spec = "  models:\n    - name: a\n      image: r.io/a:1.0.0\n      env: {API_TOKEN: none}\n"
    spec += "      targets: {knative: {minScale: 1}}\n"
    assert has_errors(problems(spec))
    accepted = problems(spec + '      ignore: [{code: MY208, reason: "it is no token"}]\n')
    assert [each.code for each in accepted] == ["MY208"]
    assert not has_errors(accepted)


def test_what_two_models_share_is_open_until_both_accept_it() -> None:
    ignore = ', ignore: [{code: MY231, reason: "batch"}]'
    spec = "  defaults: {targets: {knative: {minScale: 0}}}\n  models:\n"
    spec += "".join(f'    - {{name: {name}, image: "{name}:1", targets: {{knative: {{}}}}%s}}\n' for name in "ab")

    def reasons(*ignores: str) -> list[str]:
        return [each.accepted for each in problems(spec % ignores) if each.code == "MY231"]

    assert (reasons(ignore, ""), reasons("", ignore), reasons(ignore, ignore)) == ([""], [""], ["batch"])


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("  models: []\n", "MY213"),
        ("  allowEmpty: true\n  models: []\n", None),
        ("  namespace: x\n", "MY213"),
        ("  models: {}\n", "MY103"),
        ("  models: [churn]\n", "MY103"),
        ("  defaults: []\n  allowEmpty: true\n", "MY103"),
        ("  base: 7\n  allowEmpty: true\n", "MY103"),
        ("  defaults: {name: x}\n  allowEmpty: true\n", "MY101"),
        ("  models: [{name: a, $remove: true}]\n  allowEmpty: true\n", "MY109"),
        ("  models: [{image: 'r.io/a:1', targets: {deployment: {}}}]\n", "MY102"),
        ("  models: [{name: a, image: 'r.io/a:1', variants: [], targets: {deployment: {}}}]\n", "MY103"),
    ],
)
def test_the_set_itself(spec: str, code: str | None) -> None:
    found = [each.code for each in problems(spec)]
    assert found == ([code] if code else [])


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "MY008", (1, 1)),
        ("- a\n", "MY008", (1, 1)),
        ("apiVersion: v1\nkind: ModelSet\nmetadata: {name: a}\nspec: {allowEmpty: true}\n", "MY104", (1, 13)),
        (
            "apiVersion: modelyard.dev/v1alpha1\nkind: Modelset\nmetadata: {name: a}\nspec: {allowEmpty: true}\n",
            "MY104",
            (2, 7),
        ),
        ("apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nspec: {allowEmpty: true}\n", "MY102", (1, 1)),
        ("apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: a}\n", "MY102", (1, 1)),
        ("apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: a}\nspec: x\n", "MY103", (4, 7)),
    ],
)
def test_the_head(text: str, code: str, place: tuple[int, int]) -> None:
    found = load_text(text.encode(), "m.yaml", Path()).problems
    assert [each.code for each in found] == [code]
    assert found[0].place == Place("m.yaml", *place)


def test_long_names_and_tags_are_refused() -> None:
    found = only(
        f"  models:\n    - name: {'m' * 50}\n      targets: {{knative: {{minScale: 1}}}}\n"
        f"      variants: [{{name: {'v' * 20}, image: 'r.io/a:1.0.0', percent: 100}}]\n"
    )
    assert found.code == "MY203"
    assert found.place == Place("models.yaml", 8, 25)


def test_a_tag_takes_a_service_name_too() -> None:
    found = only(
        "  models:\n"
        "    - {name: champion-churn, runtime: pcr, image: 'r.io/a:1.0.0', targets: {deployment: {}}}\n"
        "    - name: churn\n      targets: {knative: {minScale: 1}}\n"
        "      variants: [{name: champion, image: 'r.io/churn:1.0.0', percent: 100}]\n"
    )
    assert found.code == "MY202"
    assert "champion-churn" in found.message


def test_the_path_must_be_given_where_images_differ() -> None:
    variants = (
        "      variants: [{name: a, image: 'r.io/x:1', percent: 50}, {name: b, image: 'r.io/y:1', percent: 50}]\n"
    )
    spec = f"  models:\n    - name: m\n      targets: {{knative: {{minScale: 1}}}}\n{variants}"
    assert only(spec).code == "MY209"
    assert problems(spec + "      path: /m\n") == []


def test_a_single_variant_has_all_calls() -> None:
    variants = "      variants: [{name: a, image: 'r.io/x:1'}]\n"
    spec = f"  models:\n    - name: m\n      targets: {{knative: {{minScale: 1}}}}\n{variants}"
    loaded = load_text((HEAD + spec).encode(), "models.yaml", Path())
    assert loaded.problems == []
    assert loaded.models is not None
    assert [each.percent for each in loaded.models.models[0].variants] == [100]
    route = next(each for each in api.render_loaded(loaded, Path()).objects if each.kind == "Route")
    assert [each["percent"] for each in route.body["spec"]["traffic"]] == [100]


def test_a_missing_file_has_a_hint(tmp_path: Path) -> None:
    (found,) = api.load(tmp_path / "none.yaml").problems
    assert (found.code, found.place) == ("MY013", None)
    assert has_errors([found])
    assert "modelyard init" in found.hint
