"""`helm modelyard` and the post-renderer, with both majors of Helm: what a user gets, and sees."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from modelyard.models.viya_names import JAVA_POLICY_MAP, PYTHON_MAP
from modelyard.plugin.helm import folders
from modelyard.plugin.helm.post_renderer import POST_RENDERER
from tests.conftest import need
from tests.support import helm_plugin
from tests.support.consoles import blocks, read, sessions
from tests.support.forks import BESIDE, FORKS
from tests.support.helm_plugin import BIN, HEAD, MISTAKES, PATCHES, Person, objects, person

PROGRAM = BIN / "modelyard-helm"
DEPLOYMENT = ("Deployment", "shop-web")


def _is_4(helm: Path) -> bool:
    return "v4" in helm.parent.name


@pytest.fixture
def user(helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Return somebody with one Helm and the plugin, which begins soon: what is beside this Python is what forks."""
    one = person(tmp_path, helm)
    one.env[BESIDE] = str(FORKS.programs() / "python")
    monkeypatch.setattr(sys, "executable", one.env[BESIDE])
    assert folders.install(one.env, post_renderer=False) == ([one.plugins / "modelyard"], [])
    return one


@pytest.fixture
def installed(helm: Path, tmp_path: Path) -> Person:
    """Return somebody with one Helm and the plugin as pip installs it."""
    one = person(tmp_path, helm)
    assert folders.install(one.env, post_renderer=False) == ([one.plugins / "modelyard"], [])
    return one


def test_a_patch_changes_what_it_is_for_and_nothing_else(installed: Person) -> None:
    file = installed.write(PATCHES)
    before = installed.run(installed.helm, "template", "shop", "chart").stdout
    for words in (["--models", file], [f"--models={file}"], ["--models", "."], []):
        done = installed.template(*words)
        assert (done.returncode, done.stderr) == (0, "")
        found, old = objects(done.stdout), objects(before)
        assert list(found) == list(old)
        assert found[DEPLOYMENT]["spec"]["replicas"] == 3
        assert found[DEPLOYMENT]["metadata"] == {"name": "shop-web", "annotations": {"patched": "yes"}}
        found[DEPLOYMENT]["spec"]["replicas"] = 1
        found[DEPLOYMENT]["metadata"] = old[DEPLOYMENT]["metadata"]
        assert found == old
        assert "# Source: web/templates/web.yaml\n# The front.\n" in done.stdout
        assert done.stdout.count("# Source: ") == before.count("# Source: ")
        assert "postrender-filename" not in done.stdout


def test_all_other_words_go_to_helm(user: Person) -> None:
    user.write(PATCHES)
    (user.folder / "more.yaml").write_text('text: "2.20"\n')
    done = user.template("-f", "more.yaml", "--set", "replicas=7", "--models", ".", "-n", "elsewhere", "--no-hooks")
    found = objects(done.stdout)
    assert found["ConfigMap", "shop-web"]["data"]["text"] == "2.20"
    assert ("ConfigMap", "shop-before") not in found
    done = user.template("--values", "-", stdin='text: "3.30"\n')
    assert objects(done.stdout)["ConfigMap", "shop-web"]["data"]["text"] == "3.30"
    told = user.template("--show-only", "templates/hook.yaml", "--namespace=elsewhere", "--debug")
    assert list(objects(told.stdout)) == [("ConfigMap", "shop-before")]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_user_sees_the_place_of_a_mistake(mistake: str, user: Person) -> None:
    text, place, words = MISTAKES[mistake]
    user.write(text)
    done = user.template("--models", "models.yaml")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"models.yaml:{place}: error: " in done.stderr
    assert words in done.stderr
    assert done.stderr.count(f"models.yaml:{place}") == 1


def test_all_mistakes_are_told_in_one_run(user: Person) -> None:
    user.write(PATCHES.replace("shop-web", "nothing") + PATCHES.partition("\n")[2].replace("/replicas", "/replcas"))
    done = user.template()
    assert "models.yaml:6:7: error" in done.stderr
    assert "models.yaml:12:11: error" in done.stderr
    assert "2 errors" in done.stderr


def test_no_value_of_a_secret_is_told(user: Person) -> None:
    user.write(
        "  patches:\n    - target: {kind: Secret}\n      ops:\n"
        "        - {op: test, path: /stringData/login, value: other}\n"
    )
    done = user.template()
    assert "models.yaml:8:11" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_chart_without_objects_is_an_error(user: Person) -> None:
    for name in ("web", "secret", "hook"):
        (user.folder / "chart" / "templates" / f"{name}.yaml").unlink()
    (user.folder / "chart" / "templates" / "NOTES.txt").write_text("none")
    user.write(PATCHES)
    for done in (user.template(), _direct(user, "template")):
        assert (done.returncode, done.stdout) == (1, "")
        assert "the chart's output holds no objects" in done.stderr


def test_hooks_are_kept(helm: Path, user: Person) -> None:
    user.write(PATCHES + "    - target: {name: shop-before}\n      ops: [{op: add, path: /data/more, value: 'x'}]\n")
    done = user.template()
    if _is_4(helm):  # which hands hooks to a post-renderer
        hook = objects(done.stdout)["ConfigMap", "shop-before"]
        assert hook["data"] == {"step": "first", "more": "x"}
        assert hook["metadata"]["annotations"] == {"helm.sh/hook": "pre-install,pre-upgrade"}
    else:
        assert "models.yaml:10:7: error: the patch's target matches no object" in done.stderr


def test_a_hook_cannot_become_an_object_like_others(newest_helm: Path, tmp_path: Path) -> None:
    user = person(tmp_path, newest_helm)
    user.run("modelyard", "plugin", "install", "--helm")
    user.write(
        "  patches:\n    - target: {name: shop-before}\n      ops: [{op: remove, path: /metadata/annotations}]\n"
    )
    done = user.template()
    assert done.returncode == 1
    assert "models.yaml:6:7: error: ConfigMap shop-before: the patch removes helm.sh/hook" in done.stderr


def test_models_of_the_file_go_with_the_chart(user: Person) -> None:
    user.write(
        "  models: [{name: churn, image: 'r.example.com/churn:1', runtime: pcr, targets: {deployment: {}}}]\n" + PATCHES
    )
    found = objects(user.template().stdout)
    assert found["Deployment", "churn"]["metadata"]["labels"]["app.kubernetes.io/part-of"] == "site"
    assert found[DEPLOYMENT]["spec"]["replicas"] == 3


def test_an_object_that_the_chart_has_already_is_refused(user: Person) -> None:
    chart = user.folder / "chart" / "templates" / "churn.yaml"
    chart.write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: churn}\n")
    user.write("  models: [{name: churn, image: 'r.example.com/churn:1', runtime: pcr, targets: {deployment: {}}}]\n")
    done = user.template()
    assert done.returncode == 1
    assert "models.yaml:3:18: error: Deployment.apps churn is in the chart's output already" in done.stderr


SAS = (
    """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: sas-model-repository}
spec: {template: {spec: {containers: [{name: main, image: x, volumeMounts: []}], volumes: []}}}
---
apiVersion: v1
kind: PodTemplate
metadata: {name: sas-launcher-job-config}
template: {spec: {containers: [{name: main, image: x, envFrom: [], volumeMounts: []}], volumes: []}}
"""
    + helm_plugin.POLICY_MAP
)
VIYA = helm_plugin.VIYA.replace("SERVICES", "model-repository, launcher")


def test_volumes_of_viya_reach_the_services_of_a_chart(user: Person) -> None:
    chart = user.folder / "chart" / "templates" / "sas.yaml"
    chart.write_text(SAS)
    user.write(VIYA + PATCHES)
    done = user.template()
    assert done.returncode == 0, done.stderr
    found = objects(done.stdout)
    repository = found["Deployment", "sas-model-repository"]["spec"]["template"]["spec"]
    launcher = found["PodTemplate", "sas-launcher-job-config"]["template"]["spec"]
    for pod in (repository, launcher):
        volume = {"name": "python-volume", "nfs": {"server": "nfs.example.com", "path": "/vol/python"}}
        assert volume in pod["volumes"]
        mounts = [(each["name"], each["mountPath"]) for each in pod["containers"][0]["volumeMounts"]]
        assert ("python-volume", "/python") in mounts
    # The ConfigMap has a hash in its name, and the pod names that, so that it starts anew with another content.
    (name,) = (each["configMapRef"]["name"] for each in launcher["containers"][0]["envFrom"])
    assert re.fullmatch(f"{PYTHON_MAP}-[0-9a-f]{{10}}", name)
    assert found["ConfigMap", name]["data"]["PROC_PYPATH"] == "/python/bin/python3"
    assert found["ConfigMap", JAVA_POLICY_MAP]["data"]["KEPT"] == "1"
    assert len(found["ConfigMap", JAVA_POLICY_MAP]["data"]) == 2
    assert found[DEPLOYMENT]["spec"]["replicas"] == 3
    chart.write_text(SAS.replace("sas-launcher-job-config", "sas-launcher-job"))
    done = user.template()
    assert done.returncode == 1
    assert "models.yaml:9:36: error: a patch of the models file does nothing: its target PodTemplate" in done.stderr
    assert "did you mean sas-launcher-job?" in done.stderr


def test_a_second_post_renderer_is_refused(user: Person) -> None:
    user.write(PATCHES)
    done = user.template("--post-renderer", "cat")
    assert done.returncode == 2
    assert "helm takes one post-renderer" in done.stderr


@pytest.mark.parametrize("words", [["list"], ["template", "--models"], ["template", "--models=a", "--models", "b"]])
def test_wrong_usage_is_told(words: list[str], user: Person) -> None:
    done = user.run(user.helm, "modelyard", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "helm modelyard template|install|upgrade RELEASE CHART" in done.stderr


def test_help_is_that_of_helm(user: Person) -> None:
    assert "Usage:\n  helm template" in user.template("--help").stdout


def test_the_exit_code_of_helm_is_kept(user: Person, tmp_path: Path) -> None:
    user.write(PATCHES)
    fake = tmp_path / "fake"
    fake.write_text('#!/bin/sh\n[ "$1" = version ] && { echo v4.3.2; exit; }\nexit 7\n')
    fake.chmod(0o755)
    assert user.run(PROGRAM, "template", "shop", "chart", HELM_BIN=str(fake)).returncode == 7
    assert user.run(user.helm, "modelyard", "template", "shop", "nowhere").returncode == 1


def test_helm_is_told_to_end_and_nothing_is_left(user: Person, tmp_path: Path) -> None:
    user.write(PATCHES)
    (tmp_path / "tmp").mkdir()
    fake = tmp_path / "fake"
    fake.write_text(
        '#!/bin/sh\n[ "$1" = version ] && { echo v4.3.2; exit; }\n'
        'trap "echo ended > ended; exit 9" TERM\ntouch begun\nwhile :; do sleep 0.1; done\n'
    )
    fake.chmod(0o755)
    env = {**user.env, "HELM_BIN": str(fake), "TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen([PROGRAM, "install", "shop", "chart"], env=env, cwd=user.folder) as process:
        deadline = time.monotonic() + 20
        while not (user.folder / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 9
    assert (user.folder / "ended").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_helm_4_keeps_its_other_plugins(newest_helm: Path, tmp_path: Path) -> None:
    user = person(tmp_path, newest_helm)
    fake = tmp_path / "fake"
    fake.write_text('#!/bin/sh\n[ "$1" = version ] && { echo v4.3.2; exit; }\necho "$HELM_PLUGINS"\n')
    fake.chmod(0o755)
    user.write(PATCHES)
    done = user.run(PROGRAM, "template", "shop", "chart", HELM_BIN=str(fake), HELM_PLUGINS="/a:/b")
    assert done.stdout.strip().endswith("/plugins:/a:/b")


def _direct(user: Person, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Helm with the post-renderer of its major."""
    is_4 = "v4" in Path(user.helm).resolve().parent.name
    if is_4 and not (user.plugins / POST_RENDERER).exists():
        assert folders.install(user.env, post_renderer=True)[1] == []
    name = POST_RENDERER if is_4 else str(PROGRAM)
    options = ["--post-renderer", name, "--post-renderer-args", "--models=models.yaml"]
    return user.run(user.helm, *words, "shop", "chart", *options, **more)


def test_the_post_renderer_gives_what_the_command_gives(installed: Person) -> None:
    installed.write(PATCHES)
    done = _direct(installed, "template")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == installed.template().stdout


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_post_renderer_tells_the_place_of_a_mistake(mistake: str, helm: Path, user: Person) -> None:
    text, place, words = MISTAKES[mistake]
    user.write(text)
    done = _direct(user, "template")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"models.yaml:{place}: error: " in done.stderr
    assert words in done.stderr
    written = Path(user.env["HOME"], ".cache", "modelyard", "helm-problems.txt")
    assert f"models.yaml:{place}: error: " in written.read_text()
    user.write(PATCHES)
    assert _direct(user, "template").returncode == 0
    assert written.read_text() == ""
    assert _is_4(helm) == (user.plugins / POST_RENDERER).exists()


def test_under_helm_3_nothing_is_printed_where_something_is_wrong(tmp_path: Path, newest_helm: Path) -> None:
    user = person(tmp_path, newest_helm)
    user.write(PATCHES.replace("shop-web", "nothing"))
    stream = user.run(user.helm, "template", "shop", "chart").stdout
    for name in ("", "modelyard", "secrets"):  # Helm 3 sets it to a command that runs Helm
        done = user.run(PROGRAM, stdin=stream, HELM_PLUGIN_NAME=name)
        assert (done.returncode, done.stdout) == (1, "")
        assert "models.yaml:6:7: error" in done.stderr
    done = user.run(PROGRAM, stdin=stream, HELM_PLUGIN_NAME=POST_RENDERER)
    assert (done.returncode, done.stderr) == (0, "")
    assert "models.yaml:6:7: error" in yaml.safe_load(done.stdout)
    done = user.run(PROGRAM, "--what", stdin=stream, HELM_PLUGIN_NAME=POST_RENDERER)
    assert "a post-renderer takes no --what" in yaml.safe_load(done.stdout)


def test_a_terminal_is_told_where_helm_4_throws_standard_error_away(tmp_path: Path, newest_helm: Path) -> None:
    script = need(Path(shutil.which("script") or "script"), "install bsdutils")
    user = person(tmp_path, newest_helm)
    user.write(PATCHES.replace("shop-web", "nothing"))
    (tmp_path / "stream").write_text(user.run(user.helm, "template", "shop", "chart").stdout)
    command = f"{PROGRAM} < stream > out 2> err"
    done = user.run(script, "-qec", command, "/dev/null", HELM_PLUGIN_NAME=POST_RENDERER)
    assert "models.yaml:6:7: error" in done.stdout
    assert (tmp_path / "err").read_text() == ""


def test_one_folder_serves_both_majors(tmp_path: Path, newest_helm: Path, helm: Path) -> None:
    oldest = newest_helm.parents[1] / "helm-v3.22.0" / "helm"
    user = person(tmp_path, helm, newest_helm, need(oldest, "`make tools` builds it"))
    done = user.run("modelyard", "plugin", "install", "--helm")
    assert done.stderr.splitlines()[0] == f"installed {user.plugins}/modelyard"
    for name in ("helm", "helm3", "helm4"):
        assert user.run(name, "plugin", "list").stdout.splitlines()[1].split()[0] == "modelyard"
    refused = user.run("modelyard", "plugin", "install", "--helm-post-renderer")
    assert refused.returncode == 1
    assert f"helm 3.22 looks for plugins in {user.plugins} too, and would load none" in refused.stderr
    assert "[MY507]" in refused.stderr
    assert [each.name for each in user.plugins.iterdir()] == ["modelyard"]


def test_install_goes_where_helm_looks_and_can_be_repeated_and_undone(installed: Person, tmp_path: Path) -> None:
    before = {each: each.lstat().st_ino for each in installed.plugins.rglob("*")}
    assert sorted(each.name for each in before) == ["modelyard", "modelyard-helm", "plugin.yaml"]
    assert (installed.plugins / "modelyard" / "modelyard-helm").readlink() == PROGRAM
    own = tmp_path / "own plugins"
    done = installed.run(BIN / "modelyard", "plugin", "install", "--helm", HELM_PLUGINS=str(own))
    assert done.returncode == 0
    installed.write(PATCHES)
    done = installed.run(installed.helm, "modelyard", "template", "shop", "chart", HELM_PLUGINS=str(own))
    assert objects(done.stdout)[DEPLOYMENT]["spec"]["replicas"] == 3
    assert installed.run(BIN / "modelyard", "plugin", "install", "--helm").returncode == 0
    done = installed.run(BIN / "modelyard", "plugin", "uninstall")
    assert done.stderr == f"removed {installed.plugins}/modelyard\n"
    assert list(installed.plugins.iterdir()) == []
    assert (own / "modelyard").exists()
    assert installed.run(BIN / "modelyard", "plugin", "uninstall").stderr == "there was nothing to remove\n"


@pytest.mark.parametrize("form", ["a file beside", "another plugin.yaml", "a link", "a file"])
def test_what_is_foreign_stays(form: str, tmp_path: Path, newest_helm: Path) -> None:
    user = person(tmp_path, newest_helm)
    plugin = user.plugins / "modelyard"
    user.plugins.mkdir(parents=True)
    if form == "a file":
        plugin.write_text("mine")
    elif form == "a link":
        (tmp_path / "mine").mkdir()
        plugin.symlink_to(tmp_path / "mine")
    else:
        plugin.mkdir()
        (plugin / ("mine" if form == "a file beside" else "plugin.yaml")).write_text("name: modelyard\n")
    for words in (["install", "--helm"], ["uninstall"]):
        done = user.run("modelyard", "plugin", *words)
        assert (done.returncode == 1) is (words[0] == "install")
        assert plugin.is_symlink() or plugin.is_file() or len(list(plugin.iterdir())) == 1
    told = user.run("modelyard", "plugin", "status").stdout
    assert "is not modelyard's" in " ".join(told.split())


def test_install_needs_helm(tmp_path: Path, newest_helm: Path) -> None:
    user = person(tmp_path, newest_helm)
    Path(user.helm).unlink()
    for option in ("--helm", "--helm-post-renderer"):
        done = user.run("modelyard", "plugin", "install", option)
        assert (done.returncode, "[MY506]" in done.stderr) == (1, True)
    assert "it looks for plugins" not in user.run("modelyard", "plugin", "status").stdout


def test_status_knows_helm(tmp_path: Path, newest_helm: Path) -> None:
    oldest = need(newest_helm.parents[1] / "helm-v3.22.0" / "helm", "`make tools` builds it")
    user = person(tmp_path, newest_helm, oldest)

    def status() -> str:
        return " ".join(user.run("modelyard", "plugin", "status").stdout.split())

    told = status()
    assert f"ok helm 4.3 is {user.helm}; it looks for plugins in ~/.local/share/helm/plugins" in told
    assert f"ok helm 3.22 is {user.helm}3; it looks for plugins in" in told
    assert "note `helm modelyard` is not installed for helm 4.3 and helm 3.22" in told
    assert "modelyard plugin install --helm" in told
    user.run("modelyard", "plugin", "install", "--helm")
    assert "ok `helm modelyard` of helm 4.3 and helm 3.22: installed" in status()
    other = user.plugins / "newer" / "plugin.yaml"
    other.parent.mkdir()
    other.write_text(folders.V1.format(name="newer"))
    assert "problem helm 3.22 loads no plugin at all from ~/.local/share/helm/plugins" in status()
    assert user.run("modelyard", "plugin", "status").returncode == 1
    assert "modelyard" not in user.run("helm3", "plugin", "list").stdout  # the claim is true
    assert "modelyard" in user.run("helm", "plugin", "list").stdout
    shutil.rmtree(other.parent)
    link = user.plugins / "modelyard" / "modelyard-helm"
    link.unlink()
    link.symlink_to(tmp_path / "modelyard-helm")
    assert f"installed as a link to {tmp_path}/modelyard-helm, which is gone" in status()
    link.with_name("plugin.yaml").unlink()
    link.unlink()
    link.symlink_to(PROGRAM)
    assert "installed without its plugin.yaml" in status()


def test_the_page_prints_what_it_says(user: Person) -> None:
    page = read("docs/how-to/helm-patches.md")
    (user.folder / "models.yaml").write_text(blocks(page, "yaml")[0])
    steps = sessions(page)
    assert len(steps) >= 5
    for command, output in steps:
        done = user.run("bash", "-c", command)
        assert (done.stderr + done.stdout).replace(user.env["HOME"], "~") == output, command


def test_only_patches_are_a_set_and_nothing_else_renders_them(user: Person) -> None:
    user.write(PATCHES)
    assert user.run("modelyard", "check").returncode == 0
    for words in (["render"], ["render", "--stdout"], ["chart", "-o", "out"], ["plugin", "argocd"]):
        done = user.run("modelyard", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "models.yaml:5:3: error: spec.patches changes objects that others wrote" in done.stderr
    assert not (user.folder / "out").exists()
    assert not (user.folder / "generated").exists()
    assert HEAD.count("\n") == 4
