"""Text with $ reaches the container as it stands in the models file, on every target; `expand` asks for more."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard import api
from modelyard.files.yaml import quote
from modelyard.manifests.expansion import escaped, expanded, references
from modelyard.modelsfile.load import load_text
from modelyard.targets.sagemaker.values import MAX_TEXT

HEAD = (
    "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  registry: r.example.com/m\n"
)
SAGEMAKER = (
    '{region: eu-west-1, executionRoleARN: "arn:aws:iam::123456789012:role/x", instanceType: ml.m5.large, '
    'image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1.0.0"}'
)
ALL = f"{{knative: {{minScale: 1}}, deployment: {{name: a-d}}, sagemaker-proxy: {{name: a-p}}, sagemaker: {SAGEMAKER}}}"
TEXTS = [
    "$$-$$$", "$", "a$", "$$", "$(HOSTNAME)", "$(HOST)/x", "$$(HOST)", "$(", "$(a b)", "$((1))", "${HOME}", "$HOME",
    "$é", "$(HOST", "$)$(", "$$$(HOST)$", "(HOST)", "%$#!", "$()",
]  # fmt: skip


def kubelet(text: str, known: Mapping[str, str], *, by_byte: bool) -> str:
    """Return what the kubelet makes of a text: expand.go of Kubernetes 1.36.3, byte by byte.

    by_byte: as it was before it read characters there: a byte behind a dollar became a character of its own.
    """
    given, result, i = text.encode(), bytearray(), 0
    while i < len(given):
        rest = given[i + 1 :]
        if given[i] != ord("$") or not rest:
            result.append(given[i])
            i += 1
        elif rest[0] == ord("("):
            name, closed, _ = rest[1:].partition(b")")
            result += (known.get(name.decode(), f"$({name.decode()})").encode()) if closed else b"$("
            i += len(name) + 3 if closed else 2
        elif rest[0] == ord("$"):
            result += b"$"
            i += 2
        else:
            result += b"$" + (chr(rest[0]).encode() if by_byte else rest[:1])
            i += 2
    return result.decode(errors="replace")


def containers(rendering: api.Rendering) -> Iterator[dict[str, Any]]:
    """Yield the containers of all Pods."""
    for each in rendering.objects:
        if each.body["kind"] in ("Deployment", "Service") and "template" in each.body["spec"]:
            spec = each.body["spec"]["template"]["spec"]
            yield from (*spec.get("initContainers", ()), *spec["containers"])


def seen(container: dict[str, Any], *, by_byte: bool) -> dict[str, str]:
    """Return the variables that the container gets."""
    env: dict[str, str] = {}
    for each in container["env"]:
        if "value" in each:
            env[each["name"]] = kubelet(each["value"], env, by_byte=by_byte)
    return env


def rendered(model: str) -> api.Rendering:
    rendering = api.render_loaded(load_text((HEAD + model).encode(), "models.yaml", Path()), Path())
    assert [each for each in rendering.problems if each.code not in ("MY245", "MY238")] == []
    return rendering


def model(fields: str, targets: str = ALL) -> str:
    return f"  models:\n    - name: a\n      image: a:1.0.0\n      targets: {targets}\n{fields}"


_DOLLARS = st.text("$(){}aé😀", max_size=12)


@given(text=_DOLLARS, known=st.dictionaries(st.text("a${(", max_size=2), _DOLLARS), by_byte=st.booleans())
def test_the_kubelet_reads_escaped_text_as_the_text(*, text: str, known: dict[str, str], by_byte: bool) -> None:
    assert kubelet(escaped(text), known, by_byte=by_byte) == text


class AllKnown(dict[str, str]):
    """Variables in which every name is one."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value that no text holds."""
        return f"the value of {name}, not {default}"


@given(_DOLLARS)
def test_no_dollar_is_doubled_in_vain(text: str) -> None:
    plain = escaped(text)
    for i in (i for i, character in enumerate(plain) if character == "$"):
        less = plain[:i] + plain[i + 1 :]
        assert any(kubelet(less, AllKnown(), by_byte=by_byte) != text for by_byte in (False, True))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("$-$", "$-$"), ("${HOME}", "${HOME}"), ("$$-$$$", "$$$-$$$$$"), ("$(A)", "$$(A)"), ("$(A", "$(A"), ("$é", "$$é")],
)
def test_only_dollars_that_the_kubelet_would_read_are_doubled(text: str, wanted: str) -> None:
    assert escaped(text) == wanted


@given(_DOLLARS, st.dictionaries(st.text("aé", max_size=2), st.text("$a", max_size=3)))
def test_expand_is_what_the_kubelet_does(text: str, known: dict[str, str]) -> None:
    assert expanded(text, known, MAX_TEXT) == kubelet(text, known, by_byte=False)


@given(_DOLLARS)
def test_references_are_the_names_that_the_kubelet_looks_up(text: str) -> None:
    class Asked(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            names.append(name)
            return default

    names: list[str] = []
    kubelet(text, Asked(), by_byte=False)
    assert references(text) == names


def test_escaping_takes_time_in_proportion() -> None:
    assert escaped("$(" * 1_000_000) == "$(" * 1_000_000
    assert references("$(" * 1_000_000) == []
    assert expanded("$(A)" * 1_000_000, {"A": "x" * 1_000_000}, MAX_TEXT) is None


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_means_the_same_on_every_target(text: str) -> None:
    word = quote(text)
    fields = (
        f"      env: {{A: {word}, HOST: h}}\n      config: {{C: {word}}}\n      command: [serve, {word}]\n"
        f"      args: [{word}]\n      probes: {{liveness: {{exec: {{command: [test, {word}]}}}}}}\n"
    )
    rendering = rendered(model(fields))
    models = [each for each in containers(rendering) if each["name"] == "model"]
    assert len(models) == 3
    for container in models:
        words = [*container["command"], *container["args"], *container["livenessProbe"]["exec"]["command"]]
        for by_byte in (False, True):
            env = seen(container, by_byte=by_byte)
            assert env["A"] == text
            assert [kubelet(each, env, by_byte=by_byte) for each in words] == ["serve", text, text, "test", text]
    (own,) = [each.body for each in rendering.objects if each.body["kind"] == "Model"]
    environment = own["spec"]["primaryContainer"]["environment"]
    assert (environment["A"], environment["C"]) == (text, text)
    maps = [each.body["data"] for each in rendering.objects if each.body["kind"] == "ConfigMap"]
    assert [data["C"] for data in maps if "C" in data] == [text] * 3


def test_paths_are_text_too() -> None:
    (container,) = containers(rendered(model('      path: "/a$$(B)"\n', "{deployment: {}}")))
    assert seen(container, by_byte=False) == {"SAS_SCR_APP_PATH": "/a$$(B)"}


def test_expand_has_the_values_of_other_variables_on_every_target() -> None:
    fields = """\
      env:
        A: {expand: "$(B)/$$(B)/$(WORD)"}
        B: {expand: "$(HOST)$(C)"}
        C: $(HOST)
        HOST: h
      config: {WORD: from-config}
      args: [{expand: "--at=$(A)"}, --plain]
"""
    rendering = rendered(model(fields))
    wanted = {"A": "h$(HOST)/$(B)/from-config", "B": "h$(HOST)", "C": "$(HOST)", "HOST": "h"}
    for container in containers(rendering):
        if container["name"] == "model":
            env: dict[str, str] = {"WORD": "from-config"}
            for each in container["env"]:
                env[each["name"]] = kubelet(each["value"], env, by_byte=False)
            assert {name: env[name] for name in wanted} == wanted
            assert kubelet(container["args"][0], env, by_byte=False) == f"--at={wanted['A']}"
    (own,) = [each.body for each in rendering.objects if each.body["kind"] == "Model"]
    environment = own["spec"]["primaryContainer"]["environment"]
    assert {name: environment[name] for name in wanted} == wanted


def test_the_order_of_variables_follows_from_expand_alone() -> None:
    fields = '      env: {A: $(Z), B: {expand: "$(X)"}, X: {expand: "$(Z)"}, Z: z}\n'
    (container,) = containers(rendered(model(fields, "{deployment: {}}")))
    assert [each["name"] for each in container["env"]] == ["A", "SAS_SCR_APP_PATH", "Z", "X", "B"]


def test_a_long_chain_of_variables_is_rendered() -> None:
    chain = ", ".join(f'V{i}: {{expand: "$(V{i - 1})$(V{i - 1})"}}' for i in range(1, 3000))
    (container,) = containers(rendered(model(f"      env: {{V0: x, {chain}}}\n", "{deployment: {}}")))
    assert len(container["env"]) == 3001
    found = load_text(
        (HEAD + model(f"      env: {{V0: x, {chain}}}\n", f"{{sagemaker: {SAGEMAKER}}}")).encode(), "m", Path()
    )
    assert {each.code for each in found.problems} == {"MY243"}


AS_TEXT = "write the text as {expand: …} to get the value of B"
CIRCLE = "write one of them as text"


@pytest.mark.parametrize(
    ("fields", "message", "hint"),
    [
        ("env: {A: $(B), B: x}", "$(B) in A is not expanded", AS_TEXT),
        ("args: [$(B)]\n      env: {B: x}", "$(B) in args is not expanded", AS_TEXT),
        ('env: {A: {expand: "$(BOST)"}, HOST: x}', "there is no variable BOST to expand", "did you mean $(HOST)?"),
        ('command: [{expand: "$(PATH)"}]', "there is no variable PATH to expand", "declare it under env or config"),
        ('env: {PATH: {expand: "$(PATH):/x"}}', "PATH uses itself", CIRCLE),
        ('env: {A: {expand: "$(B)"}, B: {expand: "$(A)"}, C: {expand: "$(A)"}}', "A and B use each other", CIRCLE),
    ],
)
def test_what_is_not_expanded_is_told(fields: str, message: str, hint: str) -> None:
    (found,) = rendered(model(f"      {fields}\n", "{deployment: {}}")).problems
    assert (found.code, found.message, found.hint) == ("MY238", message, hint)


@pytest.mark.parametrize(
    "fields",
    [
        'env: {GREET: $(HOSTNAME), PRICE: $5, TRACE: "${LEVEL:=1}"}',
        'env: {A: {expand: "$(B)"}}\n      envFrom: [{secretRef: {name: s}}]',
        'env: {A: {expand: "$(KUBERNETES_SERVICE_HOST)"}}',
        'env: {PATH: {expand: "$(PATH):/x"}}\n      config: {PATH: /y}',
        'args: [{expand: "$(SAS_SCR_APP_PATH)"}]',
    ],
)
def test_what_is_meant_as_it_stands_is_fine(fields: str) -> None:
    assert rendered(model(f"      {fields}\n", "{deployment: {}}")).problems == []


def test_knatives_own_variables_can_be_put_into_arguments() -> None:
    assert rendered(model('      args: [{expand: "--port=$(PORT)"}]\n', "{knative: {minScale: 1}}")).problems == []


def test_dollars_of_the_field(shared: Path) -> None:
    rendering = api.render(shared / "data" / "field" / "dollar-in-env" / "models.yaml")
    assert [each for each in rendering.problems if each.severity != "note"] == []
    (container,) = containers(rendering)
    assert seen(container, by_byte=False)["MASK"] == "$$-$$$"
    (own,) = [each.body for each in rendering.objects if each.body["kind"] == "Model"]
    environment = own["spec"]["primaryContainer"]["environment"]
    assert environment["MASK"] == environment["MASK_FROM_CONFIG"] == "$$-$$$"
    substituted = api.render(shared / "data" / "field" / "flux-substitution" / "models.yaml")
    for container in containers(substituted):
        if container["name"] == "model":
            env = seen(container, by_byte=False)
            assert (env["TRACE"], env["GREET"]) == ("${TRACE_LEVEL:=1}", "$(HOSTNAME)")
