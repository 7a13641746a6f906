"""modelyard-fn as hosts call it: what it answers, and how it fails."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from modelyard import plugin
from modelyard.plugin.call import USAGE
from tests.conftest import Run
from tests.support.plugin_calls import (
    GENERATOR,
    MODELS,
    NOTHING,
    ROOT,
    Terminal,
    call,
    function,
    generator,
    inline,
    legacy,
)

FN: Final = Path(sys.executable).parent / "modelyard-fn"
COLD: Final = "    - {name: cold, image: 'registry.example.com/cold:1', targets: {knative: {}}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a models file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.yaml").write_text(MODELS)
    return tmp_path


# ---------------------------------------------------------------- who calls


@pytest.mark.parametrize("arguments", [[], ["--help"], ["render"], ["models.yaml"]])
def test_people_are_told_how_to_use_it(arguments: list[str]) -> None:
    stdin = Terminal() if not arguments else io.BytesIO(b"")
    assert call(stdin, *arguments) == (2, "", USAGE)


def test_without_standard_input_it_says_how_to_use_it(folder: Path) -> None:
    assert call(None) == (2, "", USAGE)
    done = subprocess.run(["sh", "-c", f"{FN} <&-"], capture_output=True, text=True, check=False, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", USAGE)


def test_an_argument_is_no_configuration_without_the_variable_of_kustomize(folder: Path) -> None:
    assert call(io.BytesIO(b""), "models.yaml", env={}) == (2, "", USAGE)
    assert call(io.BytesIO(b""), "missing.yaml", env={ROOT: str(folder)}) == (2, "", USAGE)


def test_both_mechanisms_give_the_same(folder: Path) -> None:
    answer = function()
    assert [item["kind"] for item in answer.items] == ["ServiceAccount", "NetworkPolicy", "Service"]
    assert legacy(folder) == answer
    assert answer.err == ""


def test_an_inline_set_gives_the_same_as_a_file() -> None:
    assert function({**yaml.safe_load(MODELS)}).items == function().items


def test_plain_text_of_an_inline_set_is_text() -> None:
    texts = ["churn:1", "?x", "-x", "a, b", "{a}x", "x]", "x#y", "a: b", "1.2.3", "%", "*x", "a\tb", "'", "=x"]
    env = {f"A{i}": text for i, text in enumerate(texts)}
    config = yaml.safe_dump({"functionConfig": inline(models=[{**MODEL, "env": env}])}, width=1000)
    answer = call(io.BytesIO(f"kind: ResourceList\n{config}".encode()))
    (service,) = (item for item in answer.items if item["kind"] == "Service")
    (container,) = service["spec"]["template"]["spec"]["containers"]
    assert {each["name"]: each["value"] for each in container["env"]} == env


def test_the_base_of_an_inline_set_is_looked_up_from_the_kustomization(folder: Path) -> None:
    below = folder / "overlay"
    below.mkdir()
    (folder / ".git").mkdir()
    config = inline(base="../models.yaml")
    assert legacy(below, config).items == function().items


def test_a_variable_of_an_outer_build_does_not_move_a_function(tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = str(tmp_path_factory.mktemp("elsewhere"))
    stdin = yaml.safe_dump({"kind": "ResourceList", "functionConfig": generator("models.yaml")})
    assert call(io.BytesIO(stdin.encode()), env={ROOT: elsewhere}).items == function().items


def test_nothing_but_the_configuration_and_the_files_changes_the_answer(run: Run, tmp_path: Path) -> None:
    stdin = yaml.safe_dump({"kind": "ResourceList", "functionConfig": generator("models.yaml")})
    answers = set()
    for i, env in enumerate(
        [
            {"PYTHONHASHSEED": "0", "LANG": "C", "TZ": "UTC", "COLUMNS": "40"},
            {"PYTHONHASHSEED": "1", "LC_ALL": "de_DE.ISO-8859-1", "TZ": "Asia/Tokyo", "NO_COLOR": "1"},
        ]
    ):
        cwd = tmp_path / f"folder {i}"
        cwd.mkdir()
        (cwd / "models.yaml").write_text(MODELS + COLD + "  annotations: {note: 'größer'}\n", "utf-8")
        done = run(FN, stdin=stdin, cwd=cwd, env=env)
        assert done.returncode == 0, done.stderr
        answers.add(done.stdout)
    assert len(answers) == 1
    assert "größer" in answers.pop()


# ---------------------------------------------------------------- mistakes

LIST: Final = b"apiVersion: v1\nkind: List\nitems: []\n"
STDIN_MISTAKES: Final[dict[str, tuple[bytes, str]]] = {
    "empty": (b"", "error: standard input is empty, not a ResourceList [MY501]"),
    "blank": (b" \n\n", "error: standard input is empty, not a ResourceList [MY501]"),
    "binary": (b"\x7fELF\x80\x00", "standard input:1:5: error: the byte 0x80 is not UTF-8 [MY002]"),
    "control": (b"a: \x1b[31m", "standard input:1:4: error: the character U+001B is not allowed [MY003]"),
    "huge": (b"#" * (16 * 1024 * 1024 + 1), "standard input:1:1: error: the file has 16777217 bytes [MY009]"),
    "broken": (b"kind: [ResourceList\n", "standard input:2:1: error: "),
    "sequence": (b"- kind: ResourceList\n", "standard input:1:1: error: the top level is a list [MY008]"),
    "List": (LIST, "error: standard input is a List, not a ResourceList [MY501]"),
    "object": (b"kind: ConfigMap\n", "error: standard input is a ConfigMap, not a ResourceList [MY501]"),
    "no kind": (b"items: []\n", "error: standard input is a mapping without kind, not a ResourceList [MY501]"),
    "stream": (b"kind: ResourceList\n---\nkind: ResourceList\n", "a second document starts here [MY007]"),
    "items": (b"kind: ResourceList\nitems: x\n", "error: the items on standard input are not a list [MY501]"),
    "no config": (b"kind: ResourceList\nitems: []\n", "error: there is no functionConfig [MY501]"),
    "config": (b"kind: ResourceList\nfunctionConfig: x\n", "error: there is no functionConfig [MY501]"),
}


@pytest.mark.parametrize("name", STDIN_MISTAKES)
def test_what_is_no_call_is_refused(name: str) -> None:
    stdin, message = STDIN_MISTAKES[name]
    answer = call(io.BytesIO(stdin))
    assert (answer.code, answer.out) == (1, "")
    assert message in answer.err
    assert answer.err.endswith("\n1 error\n")


MODEL: Final = {"name": "churn", "image": "churn:1", "runtime": "pcr", "targets": {"knative": {"minScale": 1}}}
CONFIG_MISTAKES: Final[dict[str, tuple[object, str]]] = {
    "other kind": ({"apiVersion": "v1", "kind": "ConfigMap"}, "error: the configuration is a ConfigMap of v1 [MY501]"),
    "other version": ({**GENERATOR, "apiVersion": "modelyard.dev/v1"}, "is a ModelGenerator of modelyard.dev/v1 ["),
    "no kind": ({"a": "b"}, "error: the configuration has no kind [MY501]"),
    "no version": ({"kind": "ModelSet"}, "error: the configuration has no apiVersion [MY501]"),
    "misspelt": ({**GENERATOR, "spec": {"model": "x"}}, "ModelGenerator models: spec.model: error: unknown key model"),
    "no spec": (GENERATOR, "ModelGenerator models: error: spec is missing [MY102]"),
    "no name": ({**GENERATOR, "metadata": {}, "spec": 1}, "ModelGenerator: spec: error: spec wants a mapping"),
    "no file": (generator("no.yaml"), "error: no.yaml cannot be read: no such file or directory [MY013]"),
    "folder": (generator("."), "error: . cannot be read: is a directory [MY013]"),
    "transformers": (generator("models.yaml", emit="transformers"), "ModelGenerator models: spec.emit: error: "),
    "wrong file": (generator("wrong.yaml"), "wrong.yaml:2:1: error: unknown key sepc [MY101]"),
    "base": (inline(base="no.yaml"), "ModelSet risk: spec.base: error: no.yaml does not exist [MY108]"),
    "field": (
        inline(models=[{**MODEL, "image": "Churn"}]),
        "ModelSet risk: spec.models[0].image: error: Churn ",
    ),
    "first key": (inline(models=[{"bad": "", **MODEL}]), "ModelSet risk: spec.models[0].bad: error: unknown key bad"),
    "whole model": (
        inline(models=[MODEL, {"name": "a", "targets": {"deployment": {}}}]),
        "ModelSet risk: spec.models[1]: error: image is missing in a [MY102]",
    ),
    "number": (inline(registry=1.5), "ModelSet risk: spec.registry: error: 1.5 is a number to YAML"),
    "quoted": (inline(labels={"a/b/c": "x"}), 'ModelSet risk: spec.labels["a/b/c"]: error: '),
    "nothing": (inline(serviceAccount={"create": False}), "renders nothing"),
}


@pytest.mark.parametrize("name", CONFIG_MISTAKES)
def test_a_mistake_is_shown_with_its_place(name: str, folder: Path) -> None:
    (folder / "wrong.yaml").write_text(MODELS.replace("kind: ModelSet", "sepc: {}"))
    config, message = CONFIG_MISTAKES[name]
    for answer in (function(config), legacy(folder, config)):
        assert (answer.code, answer.out) == (1, "")
        assert message in answer.err


def test_hints_are_for_who_calls_it() -> None:
    assert "hint: spec.models is a path from the folder of the kustomization\n" in function(generator("no.yaml")).err
    assert "hint: write emit: resources" in function(generator("models.yaml", emit="transformers")).err


def test_signs_of_per_cent_are_doubled_for_a_legacy_plugin_alone(folder: Path) -> None:
    # kustomize before 5.8 takes the errors of a legacy plugin for a format.
    config = inline(models=[{**MODEL, "50%d": 1}])
    assert "unknown key 50%d " in function(config).err
    assert "unknown key 50%%d " in legacy(folder, config).err


def test_a_legacy_transformer_is_refused_before_it_deletes_everything(folder: Path) -> None:
    answer = legacy(folder, stdin=b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n")
    assert (answer.code, answer.out) == (1, "")
    assert "to generators" in answer.err


# ---------------------------------------------------------------- the process


def test_a_bug_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> int:
        raise RuntimeError("secret")

    monkeypatch.setattr("modelyard.plugin.call.run", fail)
    monkeypatch.delenv("MODELYARD_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as left:
        plugin.main()
    assert left.value.code == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("modelyard-fn: a bug in modelyard (RuntimeError); please report it")
    assert err.count("\n") == 1
    monkeypatch.setenv("MODELYARD_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        plugin.main()


@pytest.mark.parametrize("models", ["models.yaml", "nothing.yaml"])  # more, and less, than a buffer holds
def test_a_host_that_has_gone_is_no_bug(models: str, folder: Path) -> None:
    (folder / "nothing.yaml").write_text(MODELS.partition("spec:")[0] + NOTHING)
    stdin = yaml.safe_dump({"kind": "ResourceList", "functionConfig": generator(models)}).encode()
    env = {**os.environ, "PYTHONUNBUFFERED": ""}
    with subprocess.Popen([FN], stdin=-1, stdout=-1, stderr=-1, cwd=folder, env=env) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(stdin)
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def _python(run: Run, folder: Path, code: str) -> str:
    stdin = yaml.safe_dump({"kind": "ResourceList", "functionConfig": generator("models.yaml")})
    done = run(sys.executable, "-c", code, stdin=stdin, cwd=folder)
    assert done.returncode == 0, done.stderr
    return str(done.stderr)


def test_it_is_light(run: Run, folder: Path) -> None:
    code = "import sys; from modelyard import plugin; sys.argv = ['modelyard-fn']\ntry: plugin.main()\n"
    code += "finally: print(*(name for name in sys.modules if '.' not in name), file=sys.stderr)"
    loaded = set(_python(run, folder, code).split())
    assert {"modelyard", "pydantic", "jinja2"} <= loaded
    assert not {"typer", "click", "rich", "kubernetes", "aiohttp"} & loaded


def test_it_searches_no_metadata_for_plugins_of_pydantic(run: Run, folder: Path) -> None:
    code = "import importlib.metadata, io, sys; from modelyard import plugin; sys.argv = ['modelyard-fn']\n"
    # Older ones go through all distributions.
    code += "def search(**_): print('searched', file=sys.stderr); return ()\n"
    code += "importlib.metadata.entry_points = importlib.metadata.distributions = search\n"
    assert _python(run, folder, f"{code}plugin.program()") == ""
    # Called as a function it leaves the environment alone, so pydantic searches: this test can fail.
    direct = f"{code}from modelyard.plugin.call import run; run([], {{}}, sys.stdin.buffer, io.BytesIO(), sys.stderr)"
    assert "searched" in _python(run, folder, direct)


def test_what_a_model_accepts_is_not_said_at_each_build() -> None:
    model = {"name": "churn", "image": "r.io/churn:1.0.0", "targets": {"knative": {"minScale": 0}}}
    warned = function(inline(models=[model]))
    assert (warned.code, "[MY231]" in warned.err, "results:" in warned.out) == (0, True, True)
    accepted = function(inline(models=[{**model, "ignore": [{"code": "MY231", "reason": "batch"}]}]))
    assert (accepted.code, accepted.err, "results:" in accepted.out) == (0, "", False)
