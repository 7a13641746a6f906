"""check: streams that others wrote, formats, files of reports, and what fails."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml
from junitparser import JUnitXml

from modelyard.api.objects import check_streams
from modelyard.problems import Place, Problem, Related
from tests.cli.test_cli import BAD, GOOD

Command = Callable[..., CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]
STREAM = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {a: "1"}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: churn}
spec:
  template:
    spec:
      nodeSelector: {a: b}
      automountServiceAccountToken: false
      containers:
      - image: registry.example.com/churn:1.0.0
        resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 1Gi}}
        readinessProbe: {httpGet: {path: /}}
        securityContext:
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
          readOnlyRootFilesystem: true
          runAsNonRoot: true
          seccompProfile: {type: RuntimeDefault}
        volumeMounts:
        - {name: a, mountPath: /x}
        - {name: b, mountPath: "/x/"}
      volumes:
      - {name: a, configMap: {name: a}}
      - {name: b, configMap: {name: a}}
"""
SLOW = GOOD.replace("minScale: 1", "minScale: 0")
ACCEPTED = SLOW + '      ignore: [{code: MY231, reason: "nightly batch"}]\n'


def found(*streams: str, features: tuple[str, ...] = ()) -> list[Problem]:
    named = {f"{i}.yaml": content.encode() for i, content in enumerate(streams)}
    return check_streams(named, features=features).problems


def seen(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(each.code, str(each.place)) for each in problems]


# ------------------------------------------------------------ streams


def test_a_finding_stands_at_its_own_line_of_the_stream() -> None:
    selector, mount = found(STREAM)
    assert (selector.code, selector.place) == ("MY301", Place("0.yaml", 12, 7))
    assert (mount.code, mount.place) == ("MY302", Place("0.yaml", 26, 32))
    assert mount.related[0].place == Place("0.yaml", 25, 32)
    assert mount.subject
    assert mount.subject.pointer == "/spec/template/spec/containers/0/volumeMounts/1/mountPath"


def test_what_the_cluster_has_on_is_no_finding() -> None:
    assert [each.code for each in found(STREAM, features=("podspec-nodeselector",))] == ["MY302"]


def test_items_of_a_list_are_objects_in_yaml_and_in_json() -> None:
    bodies = list(yaml.safe_load_all(STREAM))
    whole = {"apiVersion": "v1", "kind": "List", "items": bodies}
    for text in (yaml.safe_dump(whole), json.dumps(whole), json.dumps(whole, indent=2)):
        checked = check_streams({"x": text.encode()})
        assert checked.objects == 2
        assert sorted(each.code for each in checked.problems) == ["MY301", "MY302"]
        for each in checked.problems:
            assert each.place
            line = text.splitlines()[each.place.line - 1][each.place.column - 1 :]
            assert line.lstrip('"').startswith(("nodeSelector", "/x/"))


@pytest.mark.parametrize(
    ("stream", "place"),
    [
        ("kind: X\nmetadata: {name: a}\n", (1, 1)),
        ("apiVersion: v1\nmetadata: {name: a}\n", (1, 1)),
        ("apiVersion: v1\nkind: 7\nmetadata: {name: a}\n", (2, 7)),
        ("apiVersion: v1\nkind: X\nmetadata: {}\n", (3, 11)),
        ("apiVersion: v1\nkind: X\nmetadata: {name: 7}\n", (3, 18)),
        ("apiVersion: v1\nkind: X\nmetadata: [name]\n", (3, 11)),
        ("[1]\n", (1, 1)),
        ("text\n", (1, 1)),
        ("kind: List\nitems:\n- 1\n", (3, 3)),
    ],
)
def test_what_is_no_object_is_named_with_its_place(stream: str, place: tuple[int, int]) -> None:
    (each,) = found(stream)
    assert (each.code, each.place) == ("MY303", Place("0.yaml", *place))


@pytest.mark.parametrize("stream", ["", "---\n---\n", "# nothing\n", "kind: List\nitems: []\n"])
def test_a_stream_without_objects_is_an_error(stream: str) -> None:
    assert seen(found(stream)) == [("MY651", "0.yaml:1:1")]


def test_an_empty_stream_beside_a_full_one_is_an_error() -> None:
    assert seen(found(STREAM.partition("---\n")[0], "")) == [("MY651", "1.yaml:1:1")]
    assert ("MY651", "1.yaml:1:1") in seen(found(STREAM, ""))


def test_the_same_object_twice_is_found_across_files() -> None:
    one = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: %s}\n"
    (each,) = [
        each for each in found(one % "x", (one % "x").replace("apps/v1", "apps/v1beta1")) if each.code == "MY381"
    ]
    assert each.place == Place("1.yaml", 3, 18)
    assert each.related == (Related(Place("0.yaml", 3, 18), "the first"),)
    assert "MY381" not in dict(seen(found(one % "x", one % "y")))
    named = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n"
    assert found(named, named) == []


def test_what_cannot_be_read_is_reported_with_what_can() -> None:
    codes = [each.code for each in found(STREAM + "---\na: [\n")]
    assert codes == ["MY301", "MY302", "MY001"]


def test_a_billion_laughs_and_deep_nesting_are_refused_in_time() -> None:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
    for hostile in (laughs, "[" * 100_000, "a: " * 1, "{a: " * 5000, "&a " * 5000, "a: !!binary " * 9):
        assert found(hostile)


def test_what_kustomize_builds_of_our_samples_has_no_finding(kustomize: Path, modelyard: Command) -> None:
    for name in ("dev", "prod"):
        built = subprocess.run(
            [kustomize, "build", ROOT / "overlays" / name], capture_output=True, check=True, text=True
        )
        done = modelyard("check", "-", stdin=built.stdout)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert done.stderr == "standard input: no problems\n"


# ------------------------------------------------------------ the command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "stream.yaml").write_text(STREAM, "utf-8")
    return tmp_path


def test_files_may_be_streams_and_models_files(modelyard: Command, folder: Path) -> None:
    (folder / "models.yaml").write_text(BAD, "utf-8")
    done = modelyard("check", "models.yaml", "stream.yaml", "-", stdin="a: 1\n", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "models.yaml:8:27: error: unknown key minscale [MY101]" in done.stderr
    assert "stream.yaml:12:7: error: Knative refuses nodeSelector" in done.stderr
    assert "standard input:1:1: error: this is not an object: apiVersion is missing [MY303]" in done.stderr
    assert "   12 |       nodeSelector: {a: <hidden>\n      |       ^\n" in done.stderr
    assert "    1 | a: <hidden>\n      | ^\n" in done.stderr


def test_strict_makes_warnings_fail_and_accepted_findings_are_listed(modelyard: Command, folder: Path) -> None:
    (folder / "models.yaml").write_text(SLOW, "utf-8")
    assert modelyard("check", cwd=folder).returncode == 0
    strict = modelyard("check", "--strict", cwd=folder)
    assert strict.returncode == 1
    assert "1 warning\nwarnings fail, because of --strict\n" in strict.stderr
    (folder / "models.yaml").write_text(ACCEPTED, "utf-8")
    accepted = modelyard("check", "--strict", cwd=folder)
    assert accepted.returncode == 0
    assert "1 finding accepted:\n  models.yaml:8:37: churn scales to zero" in accepted.stderr
    assert "    reason: nightly batch\nmodels.yaml: no problems\n" in accepted.stderr


@pytest.mark.parametrize("name", ["json", "sarif", "junit", "github"])
def test_formats_for_machines_go_to_standard_output_with_the_same_exit_code(
    modelyard: Command, folder: Path, name: str
) -> None:
    for models, code in ((GOOD, 0), (SLOW, 0), (BAD, 1)):
        (folder / "models.yaml").write_text(models, "utf-8")
        done = modelyard("check", "--format", name, cwd=folder)
        assert done.returncode == code
        assert done.stdout
        assert "error" not in done.stderr
    assert "models.yaml" in done.stdout
    assert "MY101" in done.stdout


def test_several_files_are_written_at_once_and_tell_the_same(modelyard: Command, folder: Path) -> None:
    outputs = [word for name in ("a.sarif", "b.xml", "c.json", "d.txt") for word in ("--output", name)]
    done = modelyard("check", "stream.yaml", *outputs, cwd=folder)
    assert done.returncode == 1
    sarif, text = json.loads((folder / "a.sarif").read_text("utf-8")), (folder / "d.txt").read_text("utf-8")
    assert len(sarif["runs"][0]["results"]) == 2
    assert JUnitXml.fromfile(str(folder / "b.xml")).failures == 2
    assert json.loads((folder / "c.json").read_text("utf-8"))["summary"]["errors"] == 2
    assert text == done.stderr
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    "arguments",
    [["--output", "x.log"], ["--format", "yaml"], ["--output", "a.json", "--output", "a.json"], ["gone.yaml"],
     ["stream.yaml", "-f", "models.yaml"], ["stream.yaml", "--built", "stream.yaml"], ["."]],
)  # fmt: skip
def test_wrong_usage_writes_nothing(modelyard: Command, folder: Path, arguments: list[str]) -> None:
    done = modelyard("check", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert sorted(path.name for path in folder.iterdir()) == ["models.yaml", "stream.yaml"]


def test_a_report_never_goes_through_a_link_and_a_failure_is_told(modelyard: Command, folder: Path) -> None:
    (folder / "other.txt").write_text("mine\n", "utf-8")
    (folder / "link.json").symlink_to("other.txt")
    (folder / "folder.json").mkdir()
    for name, why in (
        ("link.json", "is a symbolic link"),
        ("folder.json", "is a folder"),
        ("no/x.json", "cannot open"),
    ):
        done = modelyard("check", "--output", name, cwd=folder)
        assert done.returncode == 1
        assert why in done.stderr
        assert "[MY402]" in done.stderr
    assert (folder / "other.txt").read_text("utf-8") == "mine\n"


def test_a_report_replaces_the_old_one_as_a_whole(modelyard: Command, folder: Path) -> None:
    report = folder / "report.json"
    report.write_text("old", "utf-8")
    os.link(report, folder / "kept")
    assert modelyard("check", "--output", "report.json", cwd=folder).returncode == 0
    assert json.loads(report.read_text("utf-8"))["problems"] == []
    assert (folder / "kept").read_text("utf-8") == "old"


def test_an_endless_file_is_refused(modelyard: Command, folder: Path) -> None:
    done = modelyard("check", "/dev/zero", cwd=folder)
    assert done.returncode == 2
    assert "it is a device, not a regular file" in " ".join(done.stderr.replace("│", " ").split())
    models = modelyard("check", "-f", "/dev/zero", cwd=folder)
    assert models.returncode == 1
    assert "/dev/zero cannot be read: it is a device, not a regular file [MY013]" in models.stderr


def test_control_characters_reach_no_format(modelyard: Command, folder: Path) -> None:
    name = "x\x1b[31m\u202e\n::error::y"
    hostile = "apiVersion: v1\nkind: " + json.dumps(name) + "\nmetadata: {}\n"
    for form in ("text", "json", "sarif", "junit", "github"):
        done = modelyard("check", "-", "--format", form, stdin=hostile, cwd=folder)
        assert done.returncode == 1
        assert "\x1b" not in done.stdout + done.stderr
        assert "\u202e" not in done.stdout + done.stderr
        assert not [line for line in done.stdout.splitlines() if line.startswith("::error::")]


MEASURE = """
import gc, re, sys, time
from pathlib import Path
from modelyard.api.objects import check_streams
from modelyard.files.yaml import Sources
from modelyard.files.yaml.stream import read_all
content = Path(sys.argv[1]).read_bytes()
gc.disable()
start = time.process_time()
read_all(content, Sources(), "many")
read = time.process_time() - start
checked = check_streams({"many": content})
check = time.process_time() - start - read
# Of this program alone: what getrusage says begins with the size of the process that started it.
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(checked.objects, len(checked.problems), read, check, peak)
"""


@pytest.mark.slow
def test_ten_thousand_objects_take_little_more_than_reading_them(tmp_path: Path) -> None:
    first, _, one = STREAM.replace("      nodeSelector: {a: b}\n", "").partition("---\n")
    one = one.replace('        - {name: b, mountPath: "/x/"}\n', "").replace(
        "      - {name: b, configMap: {name: a}}\n", ""
    )
    text = "---\n".join([first, *(one.replace("name: churn", f"name: churn-{i}") for i in range(9_999))])
    (tmp_path / "many.yaml").write_text(text, "utf-8")
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "many.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    objects, problems, read, check, kilobytes = map(float, done.stdout.split())
    assert (objects, problems) == (10_000, 0)
    assert check < 4 * read  # 5 s in all on a machine that reads 6.7 MB in 1 s
    assert kilobytes < 500_000


UNPINNED = """\
apiVersion: v1
kind: Pod
metadata: {name: NAME, ANNOTATIONS}
spec: {containers: [{name: a, image: registry.example.com/a}]}
"""


def warned(done: CompletedProcess[str]) -> list[tuple[str, str]]:
    """Return code and reason of the findings MY370."""
    problems = json.loads(done.stdout)["problems"]
    return [(each["code"], each["accepted"] or "") for each in problems if each["code"] == "MY370"]


def test_an_annotation_accepts_a_finding_of_its_object_alone(modelyard: Command, tmp_path: Path) -> None:
    annotation = 'annotations: {modelyard.dev/ignore: "MY342: old; MY370: built each night"}'
    one = UNPINNED.replace("NAME", "one").replace("ANNOTATIONS", annotation)
    two = UNPINNED.replace("NAME", "two").replace("ANNOTATIONS", "labels: {}")
    (tmp_path / "a.yaml").write_text(f"{one}---\n{two}", "utf-8")
    done = modelyard("check", "a.yaml", "--format", "json", cwd=tmp_path)
    assert sorted(warned(done)) == [("MY370", ""), ("MY370", "built each night")]


def test_options_and_a_file_accept_findings(modelyard: Command, tmp_path: Path) -> None:
    text = "---\n".join(UNPINNED.replace("NAME", each).replace("ANNOTATIONS", "labels: {}") for each in ("one", "two"))
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    done = modelyard("check", "a.yaml", "--format", "json", "--ignore", "MY370:Pod/two", cwd=tmp_path)
    assert sorted(warned(done)) == [("MY370", ""), ("MY370", "accepted by --ignore")]
    (tmp_path / "accepted.txt").write_text("# of the platform\nMY370 images are built each night\n", "utf-8")
    done = modelyard("check", "a.yaml", "--format", "json", "--ignore-file", "accepted.txt", cwd=tmp_path)
    assert warned(done) == [("MY370", "images are built each night")] * 2


@pytest.mark.parametrize("word", ["MY390", "MY999", "anything"])
def test_what_a_cluster_refuses_is_not_accepted(modelyard: Command, tmp_path: Path, word: str) -> None:
    (tmp_path / "a.yaml").write_text(UNPINNED.replace("NAME", "a").replace("ANNOTATIONS", "labels: {}"), "utf-8")
    done = modelyard("check", "a.yaml", "--ignore", word, cwd=tmp_path)
    assert done.returncode == 1
    assert "MY654" in done.stderr
    assert word in done.stderr


def test_after_ten_findings_of_a_code_the_rest_is_counted(modelyard: Command, tmp_path: Path) -> None:
    text = "---\n".join(UNPINNED.replace("NAME", f"a{i}").replace("ANNOTATIONS", "labels: {}") for i in range(13))
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    done = modelyard("check", "a.yaml", cwd=tmp_path)
    assert done.stderr.count("names no version [MY370]") == 10
    assert "3 more of MY370; --format json shows all" in done.stderr
    assert len(warned(modelyard("check", "a.yaml", "--format", "json", cwd=tmp_path))) == 13


def test_an_encrypted_secret_is_not_checked(modelyard: Command, shared: Path) -> None:
    folder = shared / "data" / "field" / "sops-secret"
    for name in ("secret.enc.yaml", "ksops.yaml"):
        done = modelyard("check", name, cwd=folder)
        assert done.returncode == 0
        assert "take it out" not in done.stderr
    assert "encrypted with SOPS" in modelyard("check", "secret.enc.yaml", cwd=folder).stderr


def test_ports_that_lead_nowhere(shared: Path) -> None:
    folder = shared / "data" / "field" / "server-refuses"
    problems = check_streams({"x1.yaml": (folder / "x1.yaml").read_bytes()}).problems
    assert {each.code for each in problems if each.severity == "error"} == {"MY367"}
    absent = {each.message.split()[1] for each in problems if each.code == "MY331"}
    assert absent == {"nope", "cm", "zzz"}


def test_services_and_pods_of_a_large_set_are_not_compared_each_with_each() -> None:
    def seconds(count: int) -> float:
        one = """\
apiVersion: v1
kind: Pod
metadata: {name: a-N, labels: {app: a-N, set: x}}
spec: {containers: [{name: a, image: registry.example.com/a:1, ports: [{name: http, containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: a-N}
spec: {selector: {app: a-N, set: x}, ports: [{port: 80, targetPort: http}]}
---
"""
        text = "".join(one.replace("N", str(number)) for number in range(count)).encode()
        start = time.process_time()
        assert "MY329" not in {each.code for each in check_streams({"a.yaml": text}).problems}
        return time.process_time() - start

    seconds(10)
    assert seconds(2_000) < 8 * seconds(500)  # 4 to 5 times; each with each is 16 times


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, annotations: {{kubernetes.io/ingress.class: {class_}}}}}
spec:
  rules:
    - http:
        paths:
          - {{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{name: {port}}}}}}}}}
---
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http, port: 80}]}\n"


@pytest.mark.parametrize(("class_", "codes"), [("nginx", {"MY380"}), ("alb", set()), ("gce", set())])
def test_ingresses_of_a_class_that_gives_each_an_address_share_no_host(class_: str, codes: set[str]) -> None:
    text = "".join(INGRESS.format(name=each, class_=class_, port="http") for each in ("one", "two"))
    assert {each.code for each in check_streams({"a.yaml": text.encode()}).problems} & {"MY380"} == codes


@pytest.mark.parametrize(("port", "codes"), [("use-annotation", set()), ("https", {"MY367"})])
def test_a_port_that_an_annotation_stands_for_is_not_looked_up(port: str, codes: set[str]) -> None:
    text = INGRESS.format(name="one", class_="alb", port=port) + SERVICE
    assert {each.code for each in check_streams({"a.yaml": text.encode()}).problems} & {"MY367"} == codes


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  {{- range .Nodes }}\n  a: b\n  {{- end }}\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Name }}\nspec:\n  nodeName: {{ .Node }}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: ROLLOUT_NAME-active}\nspec: {ports: [{port: 80}]}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: REPLACEME}\nspec: {ports: [{port: 80}]}\n",
        INGRESS.format(name="a", class_="nginx", port="http").replace("- http:", "- host: __HOST__\n      http:"),
    ],
)
def test_a_template_has_one_message(text: str) -> None:
    assert [each.code for each in check_streams({"a.yaml": text.encode()}).problems] == ["MY396"]


def test_a_patch_without_directives_has_one_message() -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {CONTAINERS}}}\n"
    patch = text.replace("CONTAINERS", "containers: [{name: a, args: [b]}]")
    assert [each.code for each in check_streams({"a.yaml": patch.encode()}).problems] == ["MY397"]
    whole = text.replace("CONTAINERS", "containers: [{name: a, image: registry.example.com/a:1}]")
    codes = {each.code for each in check_streams({"a.yaml": whole.encode()}).problems}
    assert "MY324" in codes
    assert "MY397" not in codes


def test_users_that_constraints_of_the_set_allow_are_not_refused() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  securityContext: {runAsUser: 5}\n"
    pod += "  containers: [{name: a, image: registry.example.com/a:1}]\n---\n"
    route = (
        "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: a}\nspec: {to: {kind: Service, name: a}}\n"
    )
    own = "---\napiVersion: security.openshift.io/v1\nkind: SecurityContextConstraints\nmetadata: {name: a}\n"
    role = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}\n"
    role += "rules: [{apiGroups: [security.openshift.io], resources: [securitycontextconstraints], verbs: [use]}]\n"
    found = [check_streams({"a.yaml": (pod + route + each).encode()}).problems for each in ("", own, role)]
    assert ["MY360" in {each.code for each in problems} for problems in found] == [True, False, False]


def test_a_label_that_a_controller_fills_in_is_not_refused() -> None:
    pods = "{template: {metadata: {labels: {rev: '{{args.rev}}'}}, spec: {containers: [{name: a, image: 'a:1'}]}}}"
    foreign = f"apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: a}}\nspec: {pods}\n"
    assert "MY321" not in {each.code for each in check_streams({"a.yaml": foreign.encode()}).problems}


def test_what_is_found_in_many_objects_does_not_tell_by_how_many_processes(modelyard: Command, tmp_path: Path) -> None:
    text = (Path(__file__).parent / "rules" / "objects.yaml").read_text("utf-8")
    objects = list(yaml.safe_load(text).values())
    copies = [{**each, "metadata": {**each["metadata"], "name": f"copy-{i}"}} for i in range(40) for each in objects]
    (tmp_path / "stream.yaml").write_text(yaml.safe_dump_all(copies), "utf-8")
    one, three = (
        modelyard("check", "stream.yaml", "--format", "json", "--jobs", jobs, cwd=tmp_path) for jobs in ("1", "3")
    )
    assert len(copies) > 500
    assert len(one.stdout) > 10_000
    assert (one.returncode, one.stdout, one.stderr) == (three.returncode, three.stdout, three.stderr)
