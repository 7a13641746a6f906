"""A stream of others under patches: which text stays, which objects are reached, what is refused."""

from pathlib import Path
from typing import Final

import pytest
import yaml

from modelyard.api.post_render import PostRendered, check, post_render
from modelyard.problems import has_errors

HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: site}\nspec:\n"
PATCH: Final = (
    "  patches:\n    - target: {kind: ConfigMap, name: one}\n      ops: [{op: add, path: /data/new, value: 'on'}]\n"
)
ONE: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {old: 'x'}\n"
OTHER: Final = "# A comment.\nkind:   Secret # aligned\napiVersion: v1\nmetadata: {name: two}\ndata: {'a' : b}\n"


def _done(folder: Path, stream: str, text: str = PATCH) -> PostRendered:
    (folder / "models.yaml").write_text(HEAD + text, "utf-8")
    return post_render(folder, stream.encode())


@pytest.mark.parametrize(
    "stream",
    [
        f"{ONE}---\n{OTHER}",
        f"---\n# Source: a.yaml\n{ONE}---\n# Source: b.yaml\n{OTHER}",
        f"---\n{ONE}\n---\n\n--- # empty\n---\n{OTHER}\n---\n# nothing but a comment\n",
        f"---\r\n{ONE}---\r\n{OTHER}",
        f"{ONE}---\n{OTHER.rstrip()}",
        f"{ONE}---\n{OTHER}text: |\n  --- is no marker here\n",
    ],
)
def test_what_no_patch_is_for_stays_byte_for_byte(stream: str, tmp_path: Path) -> None:
    done = _done(tmp_path, stream)
    assert not has_errors(done.problems), done.problems
    assert OTHER.rstrip() in done.text
    found = {each["metadata"]["name"]: each for each in yaml.safe_load_all(done.text) if each}
    assert found["one"]["data"] == {"old": "x", "new": "on"}
    assert len(found) == 2


def test_objects_in_a_list_are_reached(tmp_path: Path) -> None:
    items = "".join(f"- {text.replace(chr(10), chr(10) + '  ').rstrip(' ')}" for text in (ONE, ONE.replace("one", "b")))
    done = _done(tmp_path, f"apiVersion: v1\nkind: List\nitems:\n{items}")
    found = yaml.safe_load(done.text)
    assert [each["data"] for each in found["items"]] == [{"old": "x", "new": "on"}, {"old": "x"}]


def test_values_keep_their_types_in_what_a_patch_changes(tmp_path: Path) -> None:
    values = {"a": "1.10", "b": 0o644, "c": 1.5, "d": True, "e": None, "f": "yes", "g": "2024-01-02", "h": 2**40}
    text = "{a: '1.10', b: 0644, c: 1.5, d: on, e: ~, f: 'yes', g: 2024-01-02, h: 1099511627776}"
    done = _done(tmp_path, f"{ONE}more: {text}\nagain: &x {{k: v}}\nonce: *x\n")
    found = yaml.safe_load(done.text)
    assert found["more"] == {**values, "g": found["more"]["g"]}
    assert 'g: "2024-01-02"' in done.text
    assert found["again"] == found["once"] == {"k": "v"}


def test_of_two_values_for_a_key_the_last_stands_as_for_helm(tmp_path: Path) -> None:
    done = _done(tmp_path, f"{ONE}---\n{OTHER}---\n{ONE.replace('one', 'three')}data: {{b: c}}\n")
    assert not has_errors(done.problems)
    assert done.text.count("data: {old: 'x'}\ndata: {b: c}") == 1


@pytest.mark.parametrize("stream", ["", "\n---\n", "# nothing\n", "just: text\n"])
def test_a_stream_without_objects_is_an_error(stream: str, tmp_path: Path) -> None:
    done = _done(tmp_path, stream)
    assert (done.text, [each.code for each in done.problems]) == ("", ["MY651"])


def test_a_stream_that_cannot_be_read_is_an_error_at_its_line(tmp_path: Path) -> None:
    done = _done(tmp_path, f"{ONE}---\n{OTHER}---\na: [\n")
    assert done.text == ""
    (problem,) = done.problems
    assert str(problem.place).startswith("the chart's output:13:")


def test_the_file_of_an_object_is_kept_and_not_seen_by_patches(tmp_path: Path) -> None:
    name = "postrenderer.helm.sh/postrender-filename"
    stream = ONE.replace("{name: one}", f"{{name: one, annotations: {{{name}: a.yaml}}}}")
    add = "  patches: [{target: {}, ops: [{op: add, path: /metadata/annotations, value: {b: c}}]}]\n"
    assert yaml.safe_load(_done(tmp_path, stream, add).text)["metadata"]["annotations"] == {"b": "c", name: "a.yaml"}
    under = add.replace("/metadata/annotations, value: {b: c}", "/metadata/annotations/b, value: c")
    done = _done(tmp_path, stream, under)  # as under Helm 3, which adds no annotations
    assert [each.code for each in done.problems] == ["MY207"]
    removed = "  patches: [{target: {}, ops: [{op: remove, path: /data/old}]}]\n"
    assert yaml.safe_load(_done(tmp_path, stream, removed).text)["metadata"]["annotations"] == {name: "a.yaml"}


def test_patches_are_applied_in_order_and_see_what_earlier_ones_did(tmp_path: Path) -> None:
    text = PATCH + "    - target: {name: one}\n      ops: [{op: test, path: /data/new, value: 'on'}]\n"
    assert not has_errors(_done(tmp_path, ONE, text).problems)


def test_a_credential_in_a_patch_is_refused_and_not_told(tmp_path: Path) -> None:
    text = PATCH.replace("/data/new, value: 'on'", "/data/DB_PASSWORD, value: tr0ub4dor")
    (tmp_path / "models.yaml").write_text(HEAD + text)
    (problem,) = check(tmp_path)
    assert (problem.code, problem.place and problem.place.line) == ("MY208", 7)
    assert "tr0ub4dor" not in problem.message + problem.hint
