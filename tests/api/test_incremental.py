"""What is rendered in part is what is rendered whole: byte for byte, and finding for finding."""

import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard import api
from modelyard.api import incremental
from modelyard.models.declared import DeclaredSet
from modelyard.problems import has_errors
from modelyard.render.component import HEADER as HEADER_LINE
from tests.conftest import ROOT, Run
from tests.support import shares

LARGE: Final = 2 * incremental.MANY  # models of a set that is rendered in part
BASE: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: base}
spec:
  defaults:
    env: {FROM_BASE: "1"}
"""
HEAD: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: many}
spec:
  base: base.yaml
  namespace: scoring
  registry: registry.example.com/models
  toolImage: modelyard:1
  serviceAccount: {name: default, create: false}
  defaults:
    resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 2Gi}}
  models:
"""
TAILS: Final = ("", "  labels: {team: risk}\n", "# the end\n")
REQUEST_LOG: Final = "requestLog: {table: %s, postgres: {secret: db}}"
BETWEEN: Final = "===\n"
# A model of each kind; %d is its number.
MODELS: Final = """\
- name: m-%d
  image: plain:1.%d.0
  targets: {knative: {maxScale: 2}}
===
- {name: m-%d, image: 'moves:latest', targets: {deployment: {}}}
===
- name: m-%d
  image: mapped:1.0.%d
  targets:
    knative: {domains: [{host: 'm-%d.example.com', claim: true}]}
===
- name: m-%d
  # a comment

  image: text:1.0.0
  config:
    A: |+
      a
      - name: b

    B: "a
      b"
  targets: {knative: {}}

===
- name: m-%d
  path: /m
  variants:
  - {name: champion, image: 'a:1', percent: 90}
  - {name: challenger, image: 'a:1', percent: 10}
  ignore: [{code: MY225, reason: it is a trial}]
  targets: {knative: {}}
===
- name: m-%d
  image: in:1.%d.0
  targets:
    deployment:
      ingress: {host: h-%d.example.com, path: /a, ingressClassName: nginx}
===
- name: m-%d
  image: needs-little:1.%d.0
  resources: {requests: null, limits: null}
  targets: {deployment: {}}
""".split(BETWEEN)
LINES: Final = (
    "      imige: a\n",
    "  - less\n",
    "        image: 'open\n",
    "# of nobody\n",
    "\n",
    "    - name: m-1\n",
    "      env: {A: '1'}\n",
    "    - {name: new, image: 'n:1', targets: {knative: {}}}\n",
    "      nodeSelector: {a: b}\n",
    "\t\n",
    "---\n",
    "    - name: bad\n",
    "      config: |+\n",
    "  platform: openshift\n",
)
WORDS: Final = ("m-1", "m-2", "latest", "plain", "knative", "deployment", "h-3.example.com", "null", "[", "'", '"', "{")


@pytest.fixture(scope="module")
def few() -> Iterator[None]:
    """Let sets of a few models count as large ones."""
    patch = pytest.MonkeyPatch()
    patch.setattr(incremental, "MANY", 3)
    yield
    patch.undo()


def item(kind: int, number: int) -> str:
    lines = MODELS[kind].replace("%d", str(number)).splitlines(keepends=True)
    return "".join(f"    {line}" if line.strip() else line for line in lines)


def edited(text: str, choose: random.Random) -> str:
    """Return a models file with an edit as people make them: of a model, a line or a word."""
    lines = text.splitlines(keepends=True)
    at = choose.randrange(len(lines) + 1)
    starts = [i for i, line in enumerate(lines) if line.startswith("    - ")]
    match choose.randrange(9):
        case 0:
            lines[at:at] = choose.choice(LINES)
        case 1 if lines:
            del lines[min(at, len(lines) - 1)]
        case 2 if len(starts) > 1:
            first = choose.randrange(len(starts) - 1)
            moved = lines[starts[first] : starts[first + 1]]
            del lines[starts[first] : starts[first + 1]]
            others = [i for i, line in enumerate(lines) if line.startswith("    - ")]
            where = choose.choice(others)
            lines[where:where] = moved
        case 3 | 4 | 5 if starts:
            where = choose.choice(starts)
            lines[where:where] = [item(choose.randrange(len(MODELS)), choose.randrange(100))]
        case 6 if len(starts) > 3:
            first = choose.randrange(len(starts) - 1)
            del lines[starts[first] : starts[first + 1]]
        case _:
            words = [*re.finditer(r"[\w.-]+", text)]
            word = choose.choice(words[20:] or words)
            other = choose.choice([*WORDS, word[0] + "1"])
            return text[: word.start()] + other + text[word.end() :]
    return "".join(lines)


def is_same(folder: Path) -> tuple[bool, bool]:
    """Render a set in both ways, compare, and write it; return whether a part was enough, and whether it is sound."""
    whole = api.overlay(folder)
    part = incremental.overlay(folder)
    assert part.problems == whole.problems
    if has_errors(whole.problems):
        return False, False
    assert part.content == whole.content
    assert api.write(folder, part) == []
    return count(part.models) < count(whole.models), True


def count(models: DeclaredSet | None) -> int:
    return len(models.models) if models else 0


@pytest.mark.many
@pytest.mark.usefixtures("few")
@settings(shares.examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_part_gives_what_the_whole_does(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    choose = random.Random(seed)  # noqa: S311 - it only chooses edits
    folder = tmp_path_factory.mktemp("set")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    (folder / "base.yaml").write_text(BASE, "utf-8")
    file = folder / "models.yaml"
    numbers = choose.sample(range(100, 200), choose.randrange(4, 9))
    sound = HEAD + "".join(item(choose.randrange(len(MODELS)), each) for each in numbers) + choose.choice(TAILS)
    file.write_text(sound, "utf-8")
    is_same(folder)
    for _ in range(8):
        changed = edited(sound, choose)
        file.write_text(changed, "utf-8")
        if choose.randrange(6) == 0:
            written = [*folder.glob("generated/models/*")]
            if written:
                choose.choice(written).write_text(f"{HEADER_LINE}\nx: 1\n", "utf-8")
        if is_same(folder)[1]:
            sound = changed


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: None) -> Path:  # noqa: ARG001
    """Return a set of one model of each kind that has been rendered and written, with a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "base.yaml").write_text(BASE, "utf-8")
    items = [item(kind, number) for number, kind in enumerate([*range(len(MODELS)), 0, 0, 0], 50)]
    (folder / "models.yaml").write_text(HEAD + "".join(items) + TAILS[1], "utf-8")
    assert is_same(folder) == (False, True)
    return folder


def change(folder: Path, old: str, new: str, name: str = "models.yaml") -> None:
    text = (folder / name).read_text("utf-8")
    assert text.count(old) == 1, old
    (folder / name).write_text(text.replace(old, new), "utf-8")


def test_what_has_not_changed_is_not_rendered(large: Path) -> None:
    assert len(api.check(large)) > 3
    assert count(incremental.overlay(large).models) == 1
    assert is_same(large) == (True, True)
    change(large, "plain:1.57.0", "plain:1.57.1")
    assert count(incremental.overlay(large).models) == 2


def test_findings_have_the_lines_that_they_stand_in_now(large: Path) -> None:
    change(large, "    - name: m-52\n", f"    # one\n\n{item(0, 1)}    - name: m-52\n")
    change(large, "# a comment", "# a comment\n      # of two lines")
    assert is_same(large) == (True, True)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("models.yaml", "limits: {memory: 2Gi}", "limits: {memory: 3Gi}"),
        ("models.yaml", "{team: risk}", "{team: fraud}"),
        ("models.yaml", "namespace: scoring", "namespace: other"),
        ("base.yaml", '"1"', '"2"'),
    ],
)
def test_what_all_models_follow_from_renders_all(large: Path, name: str, old: str, new: str) -> None:
    change(large, old, new, name)
    assert is_same(large) == (False, True)
    assert is_same(large) == (True, True)


def test_a_lock_that_comes_renders_all(large: Path, modelyard: Run) -> None:
    digest = f"sha256:{'a' * 64}"
    images = [f"plain:1.{i}.0" for i in (50, 57, 58, 59)]
    entries = "".join(f"  registry.example.com/models/{each}: {digest}\n" for each in images)
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages:\n"
    (large / "models.lock.yaml").write_text(head + entries, "utf-8")
    part, done = is_same(large), modelyard("check", "-f", large)
    assert "models.lock.yaml" not in done.stderr + done.stdout, done.stdout
    assert part == (False, True)
    assert is_same(large) == (True, True)
    (large / "models.lock.yaml").unlink()
    assert is_same(large) == (False, True)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("name: m-57", "name: m-58", "MY201"),
        ("    knative: {domains: [{host: 'm-52.example.com', claim: true}]}", "    knative: {name: m-57}", "MY202"),
        ("m-52.example.com", "h-55.example.com", ""),
        ("      image: plain:1.58.0\n", "      image: plain:1.58.0\n      " + REQUEST_LOG % "a" + "\n", ""),
    ],
)
def test_what_models_have_together_is_seen(large: Path, old: str, new: str, code: str) -> None:
    change(large, old, new)
    is_same(large)
    assert not code or code in {each.code for each in api.overlay(large).problems}


def test_two_entrances_of_one_host_are_seen(large: Path) -> None:
    change(large, "    - name: m-57\n", f"{item(5, 60)}    - name: m-57\n")
    assert is_same(large) == (True, True)
    change(large, "h-60.example.com", "h-55.example.com")
    assert is_same(large) == (False, False)
    assert "MY380" in {each.code for each in api.overlay(large).problems}


def test_one_log_has_one_table(large: Path) -> None:
    for number, table in ((57, "a"), (58, "a"), (59, "b")):
        change(large, f"      image: plain:1.{number}.0\n", f"      image: p:{number}\n      {REQUEST_LOG % table}\n")
        is_same(large)
    assert "MY254" in {each.code for each in api.overlay(large).problems}


def test_a_file_that_somebody_changed_is_written_again(large: Path) -> None:
    file = large / "generated" / "models" / "m-57.yaml"
    written = file.read_bytes()
    for content in (written + b"# mine\n", written[:-5], None):
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        assert is_same(large) == (True, True)
        assert file.read_bytes() == written


def kept(folder: Path) -> Path:
    (found,) = (folder.parent / "cache" / "modelyard" / "renders").iterdir()
    return found


def spoilt(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize(
    "spoil",
    [spoilt, Path.unlink, lambda file: file.write_bytes(b""), lambda file: file.chmod(0o622)],
    ids=["changed", "deleted", "empty", "of others"],
)
def test_what_cannot_be_trusted_is_not_read(large: Path, spoil: Callable[[Path], object]) -> None:
    spoil(kept(large))
    assert is_same(large) == (False, True)
    assert is_same(large) == (True, True)


def test_a_home_that_cannot_be_written_harms_nobody(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (large / "file").touch()
    for home in ("/proc/none", str(large / "file"), ""):
        monkeypatch.setenv("XDG_CACHE_HOME", home)
        monkeypatch.setenv("HOME", "/proc/none")
        assert is_same(large) == (False, True)


def test_another_program_remembers_for_itself(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelyard.__version__", "0.0.9")
    assert is_same(large) == (False, True)


def test_no_cache_renders_all_and_remembers_nothing(modelyard: Run, tmp_path: Path) -> None:
    lines = [f"    - {{name: m-{i}, image: 'a:{i}', targets: {{knative: {{}}}}}}\n" for i in range(LARGE)]
    (tmp_path / "models.yaml").write_text(HEAD.replace("  base: base.yaml\n", "") + "".join(lines), "utf-8")
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = modelyard("render", "--no-cache", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "cache" / "modelyard" / "renders").exists()
    first = modelyard("render", cwd=tmp_path, env=env).stderr
    assert "nothing has changed in generated" in first
    assert (tmp_path / "cache" / "modelyard" / "renders").exists()
    assert modelyard("render", cwd=tmp_path, env=env).stderr == first


def test_whoever_looks_at_several_models_is_known_to_what_renders_a_part() -> None:
    package = ROOT / "generator" / "modelyard"
    rooms = ("check", "manifests", "models", "modelsfile", "render", "targets")
    found = {
        str(path.relative_to(package))
        for room in rooms
        for path in (package / room).rglob("*.py")
        if re.search(r"\bmodels\.models\b", path.read_text("utf-8"))
    }
    # Names of models and what they claim, tables of logs; BATCH; each model for itself; all in one go; after the fact.
    held_together = {"modelsfile/set_rules.py", "modelsfile/request_log_rules.py"}
    batch = {"targets/dataproc/rules.py", "targets/spark_operator/beside.py", "targets/spark_operator/rules.py"}
    alone = {f"modelsfile/{each}_rules.py" for each in ("image", "monitor", "shadow", "source")}
    others = {"modelsfile/tags.py", "render/locate.py", "render/changes/between_objects.py"}
    assert found == held_together | batch | alone | others
