"""What cannot be edited safely is refused with its place; what is edited builds in kustomize."""

import codecs
from pathlib import Path

import pytest

from modelyard.kustomize.kustomization.edit import with_entry, without_entry
from modelyard.kustomize.kustomization.layout import MAX_BYTES, Entry, entries
from modelyard.problems import Place
from tests.conftest import Run
from tests.support.kustomization_texts import ENTRY, SHOWN, added, removed

REFUSED = {  # content -> code, line, column, a part of the message
    b"components: [a\n": ("MY001", 2, 1, "',' or ']'"),
    b"namespace: {{ ns }}-x\n": ("MY001", 1, 20, "did not find expected key"),
    b"components:\n\t- a\n": ("MY001", 2, 1, "cannot start any token"),
    "components: []\n".encode("utf-16"): ("MY002", 1, 1, "UTF-16"),
    b"# \xe4\ncomponents: []\n": ("MY002", 1, 3, "0xe4"),
    "# \u2028\ncomponents: []\n".encode(): ("MY003", 1, 3, "U+2028"),
    b"a: " + b"[" * 100 + b"]" * 100: ("MY009", 1, 67, "more than 64 levels"),
    b"a: !%ED%A0%80 x\ncomponents: []\n": ("MY006", 1, 4, "a tag"),
    b"%YAML 1.1\n---\ncomponents: []\n": ("MY014", 1, 1, "directive"),
    b"components: []\n" + b"#" * MAX_BYTES: ("MY404", 1, 1, "more than 1048576"),
    b"": ("MY404", 1, 1, "no kustomization"),
    b"# nothing\n": ("MY404", 1, 1, "no kustomization"),
    b"{}\n": ("MY404", 1, 1, "not a mapping with keys"),
    b"- components\n": ("MY404", 1, 1, "not a mapping"),
    b"---\nnull\n": ("MY404", 2, 1, "not a mapping"),
    b"a: b\n---\n# x\ncomponents: []\n": ("MY404", 4, 1, "a second document"),
    b"a: b\n--- {c: d}\n": ("MY404", 2, 1, "a second document"),
    b"kind: ConfigMap\ncomponents: []\n": ("MY404", 1, 7, "'ConfigMap'"),
    b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n": ("MY404", 1, 13, "fluxcd"),
    b"components:\n- a\nx: y\ncomponents: []\n": ("MY405", 4, 1, "is repeated here"),
    b'components:\n- a\n"Components":\n- b\n': ("MY405", 3, 1, "the key Components"),
    b"components: a\n": ("MY406", 1, 13, "not a list"),
    b'components: ""\n': ("MY406", 1, 13, "not a list"),
    b"components: {a: b}\n": ("MY406", 1, 13, "not a list"),
    b"components:\n- a\n- {b: c}\n": ("MY406", 3, 3, "not a string"),
    b"components:\n- a\n- [b]\n": ("MY406", 3, 3, "not a string"),
    b"components:\n- {{ x }}\n": ("MY406", 2, 3, "not a string"),
    b"components:\n- a\n- 12\n": ("MY406", 3, 3, "not a string"),
    b"components:\n- a\n-\n": ("MY406", 3, 2, "not a string"),
    b"components: &c\n- a\n": ("MY406", 1, 13, "an anchor"),
    b"components:\n- a\n- &b c\n": ("MY406", 3, 3, "an anchor"),
    b"x: &x [a]\ncomponents: *x\n": ("MY406", 2, 13, "an anchor"),
    b"x: &x a\ncomponents: [b, *x]\n": ("MY406", 2, 17, "an anchor"),
    b"components: !!seq\n- a\n": ("MY406", 1, 13, "a tag"),
    b"components: !!null\n": ("MY406", 1, 13, "a tag"),
    b"x: &x {components: [a]}\n<<: *x\n": ("MY406", 2, 1, "stands for other text"),
    b"x: &x components\n*x : [a]\n": ("MY406", 2, 1, "stands for other text"),
    b"x: y\n&k components:\n- a\n": ("MY406", 2, 1, "stands for other text"),
    b"? components\n: - a\n": ("MY406", 2, 3, "in front of it"),
    b"? components\n: \n": ("MY406", 1, 3, "in front of it"),
    b"? resources\n: |+\n  a\n": ("MY406", 1, 3, "in front of it"),
    b"{components: null}\n": ("MY406", 1, 14, "null between brackets"),
    b"components: [\n  a # b\n  , ]\n": ("MY406", 3, 3, "a comma in a line of its own"),
    b"components: [# a\n]\n": ("MY406", 1, 13, "something else"),
}


@pytest.mark.parametrize("content", REFUSED, ids=lambda content: repr(content)[:40])
def test_what_cannot_be_edited_is_refused_with_its_place(content: bytes) -> None:
    new, problems = with_entry(content, "components", ENTRY, shown=SHOWN)
    code, line, column, message = REFUSED[content]
    assert new is None
    (found,) = problems
    assert (found.code, found.place) == (code, Place(SHOWN, line, column))
    assert message in found.message
    assert found.hint


@pytest.mark.parametrize("content", [each for each, (code, *_) in REFUSED.items() if code != "MY406"], ids=repr)
def test_looking_and_taking_out_are_refused_too(content: bytes) -> None:
    listed, problems = entries(content, "components", shown=SHOWN)
    assert (listed, [each.code for each in problems]) == ([], [REFUSED[content][0]])
    assert without_entry(content, "components", ENTRY, shown=SHOWN) == (None, problems)


@pytest.mark.parametrize(
    "others",
    [
        b"x: &x {a: b}\ny: {<<: *x}\nz: !!str 1\n",
        b"images: []\nimages: []\nIMAGES: []\n",
        b"namespace: {{ NAME-OF-NAMESPACE }}\n",
        b"? - a\n: b\n",
        b"a: |\n  x\t# tabs\t\n#\t\n",
        b"a: [{b: [{c: d}]}]\n",
    ],
)
def test_what_is_odd_elsewhere_is_no_reason(others: bytes) -> None:
    content = others + b"resources:\n- a\n"
    for key in ("resources", "components"):
        new = added(content, key)
        assert new.startswith(content)
        assert removed(new, key) == content


def test_entries_have_their_places() -> None:
    content = codecs.BOM_UTF8 + "# ä\r\ncomponents:\r\n  - \"a\" # x\r\n  - ./b/\r\nresources: [c, 'd']\r\n".encode()
    listed, problems = entries(content, "components", shown="k")
    assert (listed, problems) == ([Entry("a", Place("k", 3, 5)), Entry("./b/", Place("k", 4, 5))], [])
    listed, problems = entries(content, "resources", shown="k")
    assert (listed, problems) == ([Entry("c", Place("k", 5, 13)), Entry("d", Place("k", 5, 16))], [])
    assert entries(content, "transformers", shown="k") == ([], [])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("./x/y", "x/y/", True),
        ("x//y/../z", "x/z", True),
        ("../x", "x", False),
        ("https://h/x//y", "https://h/x/y", False),
    ],
)
def test_entries_are_compared_as_paths(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    content = f"components:\n- a\n- {one}\n".encode()
    assert (added(content, entry=other) == content) is same
    assert (removed(content, entry=other) == b"components:\n- a\n") is same


KUSTOMIZATIONS = {
    "missing": "resources:\n- own.yaml\n",
    "missing, no newline": "resources:\n  - own.yaml",
    "missing, CRLF": "resources:\r\n- own.yaml\r\n",
    "block": "resources:\n- own.yaml\ncomponents:\n- first\n# end\n",
    "flow": "resources: [own.yaml]\ncomponents: [first]\n",
    "flow, several lines": "resources: [own.yaml]\ncomponents: [\n  first # x\n]\n",
    "empty": "resources: [own.yaml]\ncomponents: []\n",
    "null": "components: ~ # none\nresources: [own.yaml]\n",
    "not written": "components:\nresources: [own.yaml]\n",
    "JSON": '{"resources": ["own.yaml"]}',
    "open block": "resources: [own.yaml]\nconfigMapGenerator:\n- name: made\n  literals:\n  - |\n    a=b",
    "capitals": "resources: [own.yaml]\nComponents:\n- first\n",
    "two documents": "resources: [own.yaml]\n---\n# nothing\n",
}


def config_map(folder: Path, name: str, kustomization: str | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
    if kustomization:
        (folder / "kustomization.yaml").write_text(kustomization)


@pytest.mark.parametrize("start", [b"", codecs.BOM_UTF8], ids=["", "BOM"])
@pytest.mark.parametrize("form", KUSTOMIZATIONS)
def test_kustomize_builds_what_was_edited(form: str, start: bytes, kustomize: Path, run: Run, tmp_path: Path) -> None:
    old = start + KUSTOMIZATIONS[form].encode()
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [{0}.yaml]\n"
    config_map(tmp_path, "own")
    config_map(tmp_path / "first", "first", component.format("first"))
    config_map(tmp_path / ENTRY, "added", component.format("added"))
    path = tmp_path / "kustomization.yaml"

    def names(content: bytes) -> set[str]:
        path.write_bytes(content)
        done = run(kustomize, "build", tmp_path)
        assert done.returncode == 0, done.stderr
        return {line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("  name: ")}

    before = names(old)
    assert "own" in before
    assert names(added(old)) == before | {"added"}
