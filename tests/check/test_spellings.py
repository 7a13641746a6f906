"""Scalars of streams that kustomize, kubectl and YAML 1.2 read differently are said, wherever they stand."""

import time
from typing import Final

import pytest

from modelyard.api.objects import check_streams
from modelyard.problems import Problem

CONFIG_MAP: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
ODD: Final = ("on", "yes", "Off", "n", "017", "1_000", "0b1", "0xF_F", "2024-01-02", "-0x1F", "99999999999999999999")
POD: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {LABEL}, annotations: {ANNOTATION}}
spec:
  containers: [{name: a, image: registry.example.com/a:1, env: [{name: A, value: VALUE}]}]
"""
PLACES: Final = {"LABEL": "/metadata/labels/a", "ANNOTATION": "/metadata/annotations/a", "VALUE": "/env/0/value"}


def found(text: str) -> list[Problem]:
    return check_streams({"a.yaml": text.encode()}).problems


def said(problems: list[Problem]) -> list[Problem]:
    return [each for each in problems if "YAML 1.2" in each.message + each.hint]


def pod(place: str, scalar: str) -> str:
    text = POD
    for each in PLACES:
        own = scalar if each == place else "b"
        text = text.replace(each, own if each == "VALUE" else f"a: {own}")
    return text


@pytest.mark.parametrize("scalar", ODD)
@pytest.mark.parametrize("place", PLACES)
def test_a_value_where_text_is_wanted_is_said_once_with_all_readings(place: str, scalar: str) -> None:
    [one] = said(found(pod(place, scalar)))
    assert one.subject
    assert one.subject.pointer.endswith(PLACES[place])
    assert all(each in one.message + one.hint for each in ("kustomize", "kubectl", "YAML 1.2"))
    # kubectl takes a date for text; all else is refused there.
    assert one.code == ("MY655" if "-01-" in scalar else "MY321" if place == "LABEL" else "MY390")


@pytest.mark.parametrize("scalar", ODD)
def test_a_key_is_said_with_all_readings(scalar: str) -> None:
    [one] = said(found(f"{CONFIG_MAP}data: {{{scalar}: a}}\n"))
    assert (one.code, one.severity) == (("MY358", "error") if len(scalar) > 15 else ("MY655", "warning"))
    assert f"the key {scalar} is " in one.message + one.hint


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{on: a}", 'the key on is "on" to kustomize, "true" to kubectl and "on" to YAML 1.2'),
        ("{true: a}", 'the key true is refused by kustomize, "true" to kubectl and true to YAML 1.2'),
        ("{1.10: a}", 'the key 1.10 is refused by kustomize, "1.1" to kubectl and 1.1 to YAML 1.2'),
        ("{a: 2024-01-02}",
         '2024-01-02 is "2024-01-02T00:00:00Z" to kustomize, "2024-01-02" to kubectl and "2024-01-02" to YAML 1.2'),
    ],
)  # fmt: skip
def test_the_message_has_each_reading(data: str, message: str) -> None:
    assert [each.message for each in found(f"{CONFIG_MAP}data: {data}\n")] == [message]


def test_a_mode_in_octal_is_a_note_with_the_number_to_write() -> None:
    volume = "volumes: [{name: s, secret: {secretName: a, defaultMode: 0644}}]"
    [one] = said(found(pod("", "") + f"  {volume}\n"))
    assert (one.code, one.severity) == ("MY656", "note")
    assert one.message == "0644 is 420 to kustomize, 420 to kubectl and 644 to YAML 1.2"
    assert one.hint == "put it between quotes if it is text, else write 420"


@pytest.mark.parametrize("key", ["~", "null", "18446744073709551615"])
def test_a_key_that_kubectl_stops_at_is_an_error_at_its_place(key: str) -> None:
    [one] = found(f"{CONFIG_MAP}data:\n  {key}: a\n")
    assert (one.code, one.severity, str(one.place)) == ("MY012", "error", "a.yaml:5:3")


@pytest.mark.parametrize("number", [".inf", "-.Inf", ".nan"])
def test_a_number_that_json_does_not_have_is_an_error_at_its_place(number: str) -> None:
    problems = found(f"apiVersion: example.com/v1\nkind: A\nmetadata: {{name: a}}\nspec: {{a: {number}}}\n")
    [one] = [each for each in problems if each.code != "MY391"]
    assert (one.code, one.severity, str(one.place)) == ("MY011", "error", "a.yaml:4:11")


@pytest.mark.parametrize("text", ["'on'", '"017"', "!!str on", "!!str 017", "|\n    on"])
def test_what_is_quoted_is_not_said(text: str) -> None:
    assert found(f"{CONFIG_MAP}data:\n  a: {text}\n") == []


@pytest.mark.parametrize("tagged", ["!!int x", "!!bool 3", "!!float y", "!!null 1"])
def test_a_value_that_is_not_of_its_tag_is_an_error(tagged: str) -> None:
    problems = found(f"{CONFIG_MAP}data:\n  a: {tagged}\n")
    assert "MY006" in {each.code for each in problems if each.severity == "error"}


def test_what_may_be_a_credential_is_not_shown() -> None:
    for text in (f"{CONFIG_MAP}data: {{DB_PASSWORD: 0123_4567}}\n", f"{CONFIG_MAP}data: {{DB_PASSWORD: 01234567}}\n"):
        shown = "".join(f"{each.message}{each.hint}" for each in found(text))
        assert "a number to kubectl" in shown
        assert "342391" not in shown
        assert "4567" not in shown


def test_an_alias_is_said_once() -> None:
    text = f"{CONFIG_MAP}data: {{a: &x 2024-01-02, b: *x}}\n"
    assert len(said(found(text))) == 1


@pytest.mark.slow
def test_a_million_scalars_that_are_read_differently_take_no_longer_than_others() -> None:
    def seconds(word: str) -> float:
        start = time.process_time()
        found("apiVersion: example.com/v1\nkind: A\nmetadata: {name: a}\nspec:\n" + f"- {word}\n" * 200_000)
        return time.process_time() - start

    assert seconds("on") < 5 * seconds("in") + 1
