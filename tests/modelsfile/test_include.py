"""Fragments that spec.include gathers: models that SAS Model Manager published into Git."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from modelyard import api
from modelyard.modelsfile import patterns
from modelyard.problems import Problem
from tests.conftest import Run
from tests.modelsfile.test_load import HEAD

SET: Final = """\
  include: ["published/*/model.yaml"]
  defaults: {env: {A: default, B: default, C: default, D: default}, targets: {knative: {minScale: 1}}}
  models:
"""
FRAGMENT: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: PublishedModel
metadata: {name: NAME}
spec:
  image: registry.example.com/models/NAME:1.0.0
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def publish(folder: Path, name: str, more: str = "", *, into: str = "") -> Path:
    return write(folder / "published" / (into or name) / "model.yaml", FRAGMENT.replace("NAME", name) + more)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a models file that includes what is published beside it, and declares nothing itself."""
    (tmp_path / ".git").mkdir()
    return write(tmp_path / "models.yaml", HEAD + SET.replace("  models:\n", ""))


def found(file: Path) -> list[Problem]:
    return api.check(file)


def only(file: Path) -> Problem:
    (one,) = found(file)
    return one


def where(problem: Problem, folder: Path) -> str:
    place = problem.place
    return "" if place is None else f"{Path(place.file).relative_to(folder)}:{place.line}:{place.column}"


def test_a_published_model_has_the_name_and_the_path_of_its_fragment(models: Path) -> None:
    publish(models.parent, "Credit_Risk".lower())
    publish(models.parent, "fraud2")
    declared = api.load(models).models
    assert declared is not None
    assert [(each.name, each.whole.model.path) for each in declared.models] == [
        ("credit-risk", "/credit_risk"),
        ("fraud2", "/fraud2"),
    ]


def test_defaults_fragment_model_and_variant_come_together_in_this_order(models: Path, tmp_path: Path) -> None:
    publish(tmp_path, "churn", "  env: {B: fragment, C: fragment, D: fragment}\n")
    item = """\
    - name: churn
      env: {C: model, D: model}
      variants:
        - {name: champion, percent: 90}
        - {name: challenger, percent: 10, image: "registry.example.com/models/churn:2.0.0", env: {D: variant}}
      targets: {deployment: {gateway: {name: g}, host: a.example.com}}
"""
    write(models, HEAD + SET + item)
    declared = api.load(models).models
    assert declared is not None
    challenger, champion = declared.models[0].variants
    assert champion.model.image == "registry.example.com/models/churn:1.0.0"
    assert challenger.model.image == "registry.example.com/models/churn:2.0.0"
    assert challenger.model.env == {"A": "default", "B": "fragment", "C": "model", "D": "variant"}
    assert declared.models[0].targets == ["deployment"], "a model that names its targets has those alone"


def test_a_model_that_names_no_target_runs_where_the_defaults_say(models: Path, tmp_path: Path) -> None:
    publish(tmp_path, "churn")
    publish(tmp_path, "fraud", "  targets: {deployment: {}}\n")
    write(models, HEAD + SET + '    - {name: own, image: "registry.example.com/own:1.0.0"}\n')
    declared = api.load(models).models
    assert declared is not None
    assert [each.targets for each in declared.models] == [["knative"], ["deployment"], []]


@pytest.mark.slow
def test_places_of_values_lead_into_the_fragment(models: Path, tmp_path: Path, modelyard: Run) -> None:
    publish(tmp_path, "churn", "  port: 70000\n")
    assert where(only(models), tmp_path) == "published/churn/model.yaml:6:9"
    publish(tmp_path, "churn")
    write(models, HEAD + SET + "    - {name: churn, port: 9000}\n")
    shown = modelyard("show", "churn", cwd=tmp_path).stdout
    assert "/churn" in shown
    assert "published/churn/model.yaml:3:18" in shown
    assert "published/churn/model.yaml:5:10" in shown
    assert "models.yaml:8:27" in shown


def test_the_line_of_the_fragment_is_shown(models: Path, modelyard: Run) -> None:
    tmp_path = models.parent
    publish(tmp_path, "churn", '  env: {TOKEN: "hunter2-in-plain"}\n  prot: 1\n')
    done = modelyard("check", cwd=tmp_path)
    assert "published/churn/model.yaml:7:3: error: unknown key prot" in done.stderr + done.stdout
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("${sas-scr-published-name}", "the placeholder ${sas-scr-published-name} is left over"),
        ("_churn", "_churn gives no name of a model"),
        ("churn_", "churn_ gives no name of a model"),
        ("2churn", "2churn gives no name of a model"),
        ("chürn", "chürn gives no name of a model"),
        ("a b", "a b gives no name of a model"),
        ("a/b", "a/b gives no name of a model"),
        ("\u212aelvin", "must hold ASCII characters only"),
        ("x" * 64, "gives no name of a model"),
    ],
)
def test_a_name_that_gives_no_model_is_an_error_at_its_line(models: Path, tmp_path: Path, name: str, says: str) -> None:
    text = FRAGMENT.replace("name: NAME", f'name: "{name}"').replace("NAME", "churn")
    write(tmp_path / "published/x/model.yaml", text)
    problem = only(models)
    assert problem.code == "MY132"
    assert says in problem.message
    assert where(problem, tmp_path) == "published/x/model.yaml:3:18"


@pytest.mark.parametrize("name", ["no", "1e5", "1.10", "null"])
def test_a_name_that_readers_disagree_about_is_quoted(models: Path, tmp_path: Path, name: str) -> None:
    publish(tmp_path, name, into="x")
    problem = only(models)
    assert problem.severity == "error"
    assert where(problem, tmp_path).startswith("published/x/model.yaml:3:")


def test_a_placeholder_that_is_left_over_is_an_error_wherever_it_stands(models: Path, tmp_path: Path) -> None:
    text = FRAGMENT.replace("registry.example.com/models/NAME:1.0.0", '"${sas-scr-image-url}"').replace("NAME", "churn")
    write(tmp_path / "published/x/model.yaml", text)
    assert (only(models).code, where(only(models), tmp_path)) == ("MY132", "published/x/model.yaml:5:10")


def test_two_fragments_of_one_name_are_an_error_at_the_second(models: Path, tmp_path: Path) -> None:
    publish(tmp_path, "credit_risk", into="a")
    publish(tmp_path, "credit-risk", into="b")
    problem = only(models)
    assert (problem.code, where(problem, tmp_path)) == ("MY133", "published/b/model.yaml:3:18")
    assert [Path(each.place.file).parent.name for each in problem.related] == ["a"]


@pytest.mark.parametrize("key", ["name: x", "path: /x", "variants: [{name: a, percent: 100}]"])
def test_what_follows_from_the_name_or_belongs_to_the_models_file_is_refused(
    models: Path, tmp_path: Path, key: str
) -> None:
    publish(tmp_path, "churn", f"  {key}\n")
    assert (only(models).code, where(only(models), tmp_path)) == ("MY210", "published/churn/model.yaml:6:3")


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("kind: Deployment", "MY104", 2),
        ("kind: PublishedModel\nspce: {}", "MY101", 3),
        ("a: ]", "MY001", 2),
        ("", "MY102", 1),
    ],
)
def test_a_file_that_is_no_published_model_is_an_error_there(
    models: Path, tmp_path: Path, text: str, code: str, line: int
) -> None:
    head, rest = (
        "apiVersion: modelyard.dev/v1alpha1\n",
        "\nmetadata: {name: churn}\nspec: {image: 'r.io/churn:1.0.0'}\n",
    )
    write(tmp_path / "published/x/model.yaml", f"{head}{text}{rest if text else ''}")
    problems = found(models)
    assert code in {each.code for each in problems if each.place and each.place.file.endswith("x/model.yaml")}
    assert any(each.code == code and each.place and each.place.line == line for each in problems)


@pytest.mark.parametrize("odd", ["[]", "{}", "[[1, [2]]]", "{name: [a]}", "null", "~", "{a: &b c}", "- -"])
@pytest.mark.parametrize("place", ["metadata", "metadata.name", "spec", "spec.image", "spec.targets", "spec.env"])
def test_no_fragment_is_too_odd(models: Path, tmp_path: Path, place: str, odd: str) -> None:
    parts = {"metadata": "{name: churn}", "spec": "{image: 'r.io/churn:1.0.0'}"}
    head, _, rest = place.partition(".")
    parts[head] = f"{{{rest}: {odd}}}" if rest else odd
    text = "\n".join(f"{key}: {value}" for key, value in parts.items())
    write(tmp_path / "published/x/model.yaml", f"apiVersion: modelyard.dev/v1alpha1\nkind: PublishedModel\n{text}\n")
    assert all(each.place for each in found(models))


def test_a_pattern_that_matches_nothing_is_a_warning(models: Path, tmp_path: Path) -> None:
    write(models, HEAD + "  include: ['published/*/model.yaml']\n  allowEmpty: true\n")
    assert (only(models).code, only(models).severity) == ("MY131", "warning")
    assert where(only(models), tmp_path) == "models.yaml:5:13"


@pytest.mark.parametrize("value", ["published", "[{a: b}]", "{a: b}", "[no]"])
def test_include_is_a_list_of_paths(models: Path, value: str) -> None:
    write(models, HEAD + f"  include: {value}\n  allowEmpty: true\n")
    assert [each.code for each in found(models)] == ["MY103"]


@pytest.mark.parametrize("pattern", ["/etc/*", "**/model.yaml", "published/*/../model.yaml", ""])
def test_patterns_have_a_form(models: Path, pattern: str) -> None:
    write(models, HEAD + f"  include: ['{pattern}']\n  allowEmpty: true\n")
    assert only(models).code == "MY105"


def test_patterns_lead_not_out_of_the_working_tree(tmp_path: Path) -> None:
    publish(tmp_path / "outside", "churn")
    tree = tmp_path / "repository"
    (tree / ".git").mkdir(parents=True)
    publish(tree / "shared", "fraud")
    spec = "  include: ['PATTERN']\n  defaults: {targets: {knative: {minScale: 1}}}\n  allowEmpty: true\n"
    for pattern, codes in {
        "../shared/published/*/model.yaml": [],
        "../../outside/published/*/model.yaml": ["MY015"],
        "../../outside/published/churn/model.yaml": ["MY015"],
        "../../*/published/churn/model.yaml": ["MY015"],
        "link/*/model.yaml": ["MY015"],
    }.items():
        file = write(tree / "dev/models.yaml", HEAD + spec.replace("PATTERN", pattern))
        if not (tree / "dev/link").exists():
            (tree / "dev/link").symlink_to(tmp_path / "outside/published")
        assert [each.code for each in found(file)] == codes, pattern
    with api.allowing_outside(tmp_path / "outside"):
        assert found(file) == []


def test_a_base_and_what_builds_on_it_each_include_their_own(tmp_path: Path) -> None:
    base = write(tmp_path / "base/models.yaml", HEAD + SET.replace("  models:\n", ""))
    publish(base.parent, "churn", "  env: {A: base, B: base}\n")
    publish(base.parent, "fraud")
    (tmp_path / ".git").mkdir()
    prod = write(tmp_path / "prod/models.yaml", HEAD + "  base: ../base/models.yaml\n  include: ['sas/*.yaml']\n")
    write(tmp_path / "prod/sas/churn.yaml", FRAGMENT.replace("NAME", "churn") + "  env: {A: prod}\n")
    write(tmp_path / "prod/models.yaml", prod.read_text() + "  models: [{name: fraud, $remove: true}]\n")
    declared = api.load(prod).models
    assert declared is not None
    assert [each.name for each in declared.models] == ["churn"]
    assert declared.models[0].whole.model.env == {"A": "prod", "B": "base", "C": "default", "D": "default"}
    assert found(prod) == []


def test_a_published_model_is_what_no_command_takes_for_a_models_file(tmp_path: Path) -> None:
    path = publish(tmp_path, "churn")
    assert "spec.include" in only(path).hint


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("published/*/model.yaml", "published/churn/model.yaml", True),
        ("published/*/model.yaml", "published/a/b/model.yaml", False),
        ("published/*/model.yaml", "published/.git/model.yaml", False),
        ("published/[ab]?.yaml", "published/b1.yaml", True),
        ("*.yaml", "Model.yaml", True),
        ("*.yaml", "a/model.yaml", False),
    ],
)
def test_git_and_the_disk_match_alike(tmp_path: Path, pattern: str, path: str, *, fits: bool) -> None:
    write(tmp_path / path, "")
    assert patterns.matches(pattern, path) is fits
    assert list(patterns.found(tmp_path, pattern, lambda _: False)) == ([path] if fits else [])


def test_what_was_published_at_an_earlier_commit_is_compared(models: Path, tmp_path: Path, modelyard: Run) -> None:
    (tmp_path / ".git").rmdir()

    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet")
    publish(tmp_path, "churn")
    git("add", ".")
    git("commit", "--quiet", "--message", "one")
    publish(tmp_path, "fraud")
    done = modelyard("diff", "-f", models, "--git", "HEAD")
    assert "fraud" in done.stdout
    assert "churn" not in done.stdout


def test_kustomize_builds_what_is_published(models: Path, kustomize: Path, run: Run) -> None:
    tmp_path = models.parent
    publish(tmp_path, "churn")
    write(
        tmp_path / "generator.yaml",
        "apiVersion: modelyard.dev/v1alpha1\nkind: ModelGenerator\nmetadata:\n  name: models\n  annotations:\n"
        "    config.kubernetes.io/function: |\n      exec: {path: ./fn}\nspec: {models: models.yaml}\n",
    )
    write(tmp_path / "kustomization.yaml", "generators: [generator.yaml]\n")
    (tmp_path / "fn").symlink_to(Path(sys.executable).parent / "modelyard-fn")
    done = run(kustomize, "build", "--enable-alpha-plugins", "--enable-exec", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "image: registry.example.com/models/churn:1.0.0" in done.stdout
