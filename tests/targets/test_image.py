"""`modelyard image`: what it writes, what it refuses, and that nothing of a user's leaves its place."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import image
from modelyard.files.yaml import quote
from modelyard.targets.sagemaker_proxy import caddy as proxy
from modelyard.targets.sagemaker_proxy.image import HEADER
from tests.conftest import Run
from tests.support import sagemaker_proxy
from tests.targets.test_quoting import strings

ROOT: Final = Path(__file__).resolve().parents[2]
CASE: Final = ROOT / "tests" / "render" / "cases" / "sagemaker-proxy-every-field"
FILES: Final = {"Caddyfile", "Containerfile", "README.md", "entrypoint.sh"}
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: churn
      MODEL
      targets: {sagemaker-proxy: {gateway: {name: public, host: churn.example.com}}}
"""


def made(folder: Path, model: str, variant: str | None = None) -> dict[str, str]:
    """Return the build context of a model with some fields."""
    (folder / "models.yaml").write_text(MODELS.replace("MODEL", model), "utf-8")
    content, problems = image.context(folder, "churn", variant=variant)
    assert not problems
    return content


def test_it_writes_a_whole_build_context(modelyard: Run, tmp_path: Path) -> None:
    done = modelyard("image", "credit-risk", "-f", CASE, "-o", tmp_path / "context")
    assert (done.returncode, done.stdout) == (0, "")
    assert {path.name for path in (tmp_path / "context").iterdir()} == FILES
    assert all(path.read_text("utf-8").startswith(f"{HEADER}\n") for path in (tmp_path / "context").iterdir())


def test_it_makes_the_folders_around_its_own(modelyard: Run, tmp_path: Path) -> None:
    done = modelyard("image", "credit-risk", "-f", CASE, "-o", "build/x/context", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert {path.name for path in (tmp_path / "build" / "x" / "context").iterdir()} == FILES
    (tmp_path / "file").write_text("mine", "utf-8")
    refused = modelyard("image", "credit-risk", "-f", CASE, "-o", "file/context", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "cannot make file: " in refused.stderr
    assert "[MY402]" in refused.stderr
    assert (tmp_path / "file").read_text("utf-8") == "mine"


def test_the_caddyfile_is_the_one_of_the_target(tmp_path: Path) -> None:
    rendered = sagemaker_proxy.rendered(tmp_path / "set", timeout="58s").caddyfile
    assert made(tmp_path, "image: r.io/churn:2.0.0")["Caddyfile"] == f"{HEADER}\n{rendered}"


def test_a_second_run_changes_nothing_and_a_foreign_file_stops_it(modelyard: Run, tmp_path: Path) -> None:
    command = ("image", "credit-risk", "-f", CASE, "-o", tmp_path / "context")
    assert modelyard(*command).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "context").iterdir()}
    assert modelyard(*command).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "context").iterdir()} == before
    (tmp_path / "context" / "notes.txt").write_text("mine", "utf-8")
    done = modelyard(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert "[MY401]" in done.stderr
    assert (tmp_path / "context" / "notes.txt").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [(["credit"], "MY110", "did you mean credit-risk?"), (["fraud"], "MY110", "name one with --variant"),
     (["fraud", "--variant", "nex"], "MY110", "did you mean next?"),
     (["fraud", "--variant", "next"], "MY111", "add command: to the model")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_written(
    modelyard: Run, tmp_path: Path, arguments: list[str], code: str, words: str
) -> None:
    done = modelyard("image", *arguments, "-f", CASE, "-o", tmp_path / "context")
    assert (done.returncode, done.stdout) == (1, "")
    assert code in done.stderr
    assert words in done.stderr
    assert not (tmp_path / "context").exists()


def test_any_mistake_in_the_file_stops_it(modelyard: Run, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(MODELS.replace("MODEL", "image: r.io/churn:2.0.0\n      porto: 1"), "utf-8")
    done = modelyard("image", "churn", "-f", tmp_path, "-o", tmp_path / "context")
    assert done.returncode == 1
    assert "unknown key porto [MY101]" in done.stderr
    assert not (tmp_path / "context").exists()


def test_the_containerfile_takes_the_models_image_and_limits(tmp_path: Path) -> None:
    text = made(tmp_path, "image: registry.example.com/churn:2.0.0\n      path: /churn")["Containerfile"]
    assert 'ARG MODEL_IMAGE="registry.example.com/churn:2.0.0"\n' in text
    assert f'ARG PROXY_IMAGE="{proxy.IMAGE}"\n' in text
    assert 'ENV SAS_SCR_APP_PATH="/churn" \\\n    MODEL_TIMEOUT="58s" \\\n' in text
    assert 'MAX_BODY="6291456"\n' in text
    assert text.endswith('ENTRYPOINT ["/bin/bash", "/opt/proxy/entrypoint.sh"]\nCMD ["serve"]\n')
    assert not re.search(r"(?m)^\s*(RUN|ADD).*(dnf|yum|pip|apt|curl|http)", text)


def test_a_variant_has_an_image_of_its_own(tmp_path: Path) -> None:
    variants = '[{name: a, image: "r.io/churn:1", percent: 50}, {name: b, image: "r.io/churn:2", percent: 50}]'
    variants = f"path: /churn\n      variants: {variants}"
    assert 'MODEL_IMAGE="r.io/churn:2"' in made(tmp_path, variants, "b")["Containerfile"]


def test_a_models_own_probe_and_command_are_carried_over(tmp_path: Path) -> None:
    model = (
        'image: r.io/churn:1\n      runtime: custom\n      port: 9000\n      env: {MODEL_PORT: "9000"}\n'
        '      command: [/app/serve, {expand: "--port=$(MODEL_PORT)"}, "it\'s"]\n'
        "      probes: {readiness: {httpGet: {path: /ready}}}"
    )
    content = made(tmp_path, model)
    assert 'MODEL_PING_METHOD="GET" \\\n    MODEL_PING_PATH="/ready"' in content["Containerfile"]
    words = re.search(r"exec_model\(\) \{\n    exec (.*)\n", content["entrypoint.sh"])
    assert words
    script = f"printf '%s\\n' {words[1]}"
    done = subprocess.run(
        ["bash", "-c", script], env={"MODEL_PORT": "9090"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["/app/serve", "--port=9090", "it's"]


def test_no_argument_of_a_model_leaves_its_quotes(shared: Path, tmp_path: Path) -> None:
    wanted = [text for text in strings(shared) if not re.search("[\x7f-\x9f\ufffe\uffff]", text)]
    words = ", ".join(quote(text) for text in ["printf", "%s\\0", *wanted])
    content = made(tmp_path, f"image: r.io/churn:1\n      command: [{words}]")
    script = re.search(r"exec_model\(\) \{\n    exec (.*?)\n\n?\}\n\n# GOGC", content["entrypoint.sh"], re.DOTALL)
    assert script
    done = subprocess.run(["bash", "-c", script[1]], capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout.decode().split("\0")[:-1] == wanted
    assert len(wanted) > 300


def test_a_path_that_would_need_quotes_is_refused(shared: Path, tmp_path: Path) -> None:
    refused = 0
    for text in strings(shared):
        if re.fullmatch(r"[A-Za-z0-9._~!&'()*+,;=:@/-]*", text) or re.search("[\x00\x7f-\x9f\ufffe\uffff]", text):
            continue
        (tmp_path / "models.yaml").write_text(
            MODELS.replace("MODEL", f"image: r.io/churn:1\n      path: {quote('/' + text)}"), "utf-8"
        )
        content, problems = image.context(tmp_path, "churn")
        assert {each.code for each in problems} == {"MY105"}, text
        assert content == {}
        refused += 1
    assert refused > 100


def test_no_variable_of_a_model_is_part_of_the_caddyfile(shared: Path, caddy: Path, tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(proxy.caddyfile(), "utf-8")
    hostile = [text for text in strings(shared) if text and re.search(r"[\s\"'`{}$\\#]", text)][:40]
    plain = _adapted(caddy, tmp_path, "/credit_risk")
    assert [text for text in hostile if _adapted(caddy, tmp_path, f"/{text}") != plain] == []
    assert len(hostile) == 40


def _adapted(caddy: Path, folder: Path, path: str) -> bytes:
    env = {"PATH": os.environ["PATH"], "SAS_SCR_APP_PATH": path, "MODEL_PING_PATH": path}
    command = [str(caddy), "adapt", "--config", str(folder / "Caddyfile")]
    return subprocess.run(command, env=env, capture_output=True, check=True).stdout


def test_the_readmes_commands_are_a_shells(tmp_path: Path) -> None:
    text = made(tmp_path, "image: r.io/churn:2.0.0")["README.md"]
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 4
    subprocess.run(["bash", "-n", "-c", "\n".join(blocks)], check=True)
    assert "--tag churn-sagemaker:2.0.0 ." in blocks[0]


def test_the_caddyfile_is_formatted_as_caddy_does(caddy: Path) -> None:
    path = ROOT / "templates" / "sagemaker-proxy" / "Caddyfile"
    done = subprocess.run([str(caddy), "fmt", str(path)], capture_output=True, check=False)
    assert done.stdout.decode() == path.read_text("utf-8")
