"""The check and Knative's own validation judge the same objects: what Knative refuses is never passed."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml

from modelyard.check import check_objects
from modelyard.check.finding import Cluster
from modelyard.problems.codes import CODES
from tests.support import rule_examples
from tests.support.mutations import mutated

Object: TypeAlias = dict[str, Any]

TABLE: Final = yaml.safe_load((Path(__file__).parent / "knative_objects.yaml").read_text("utf-8"))
KINDS: Final = ("service", "route", "configuration", "revision", "mapping")
# Code -> why we refuse what Knative's webhook lets pass.
STRICTER: Final = {
    "MY301": "Knative takes false and empty for absent; there is no need to write either",
    "MY303": "a name is a text",
    "MY306": "8112 is queue-proxy's port when TLS is on inside the cluster",
    "MY307": "an annotation that is not text is refused by the API server",
    "MY309": "a number or flag where a name is wanted is no name; Go reads it as one",
    "MY316": "the webhook makes it immutable, so that the next apply fails",
    "MY320": "the API server's own rules of names",
    "MY321": "the API server's own rules of labels and annotations",
    "MY322": "port 0 is taken for absent, and means 8080",
    "MY323": "an amount below 0, or over its limit, is refused when the Deployment is made",
    "MY326": "a variable that stands twice is refused by server-side apply",
    "MY327": "an unknown word is refused when the Deployment is made, after the revision was",
    "MY328": "names of containers and volumes are refused when the Deployment is made",
    "MY339": "numbers below 0 in a liveness probe are refused when the Deployment is made",
    "MY390": "the API server's schema, which comes before the webhook",
}


def _table() -> Iterator[tuple[str, Object]]:
    """Yield the objects of the table, with words for what was changed."""
    for kind in KINDS:
        for changes in ({}, *TABLE[kind], *(TABLE["service-traffic"] if kind == "service" else ())):
            yield f"{kind} {changes}", _one(kind, changes)
    places = {"service": "/0/spec/template/metadata/annotations", "revision": "/0/metadata/annotations"}
    for kind, path in places.items():
        for name, values in TABLE["annotations"].items():
            for value in values:
                changes = {f"{path}/autoscaling.knative.dev~1{name}": value}
                yield f"{kind} {changes}", _one(kind, changes)
    for kind, path in (("service", "/0/spec/template/spec"), ("revision", "/0/spec")):
        for below, part in (("", "pod"), ("/containers/0", "container")):
            for name, values in TABLE[part].items():
                for value in values:
                    changes = {f"{path}{below}/{name}": value}
                    yield f"{kind} {changes}", _one(kind, changes)


def _one(kind: str, changes: Object) -> Object:
    return rule_examples.changed([kind], changes)[0]


@pytest.fixture(scope="module")
def judged(kservice_check: Path) -> list[tuple[str, Object, str, set[str]]]:
    """Return words, object, what Knative says, and the codes of our errors."""
    made = [*_table()]
    for kind in KINDS:
        made += [(f"{kind} {what}", each) for what, each in mutated(rule_examples.OBJECTS[kind])]
    bodies = [body for _, body in made]
    verdicts = _knative(kservice_check, bodies)
    return [(words, body, verdict, _errors(body)) for (words, body), verdict in zip(made, verdicts, strict=True)]


def _knative(program: Path, bodies: Sequence[Object]) -> list[str]:
    """Return what Knative says of each object: `ok`, or what is wrong."""
    # An error may have several lines, so an object that passes stands between each two.
    end = rule_examples.OBJECTS["mapping"]
    ends = [{**end, "metadata": {"name": f"{number}.end.example.com"}} for number in range(len(bodies))]
    text = "\n---\n".join(json.dumps(each) for pair in zip(bodies, ends, strict=True) for each in pair)
    done = subprocess.run([str(program)], input=text, capture_output=True, text=True, check=False)
    assert not done.stderr
    parts = re.split(r"^DomainMapping/\d+\.end\.example\.com: ok$", done.stdout, flags=re.MULTILINE)
    said = [part.strip().partition(": ")[2] for part in parts[:-1]]
    assert len(said) == len(bodies)
    assert all(said), "an object that Knative has not judged"
    return said


def _errors(body: Object) -> set[str]:
    return {each.code for each in check_objects([body], Cluster()) if CODES[each.code].severity == "error"}


def test_enough_objects_of_each_kind_are_judged(judged: list[tuple[str, Object, str, set[str]]]) -> None:
    assert len(list(_table())) > 500
    counts = Counter((body["kind"], verdict == "ok") for _, body, verdict, _ in judged)
    assert all(counts[kind, good] >= 5 for kind in ("Service", "Configuration", "Route") for good in (True, False))
    assert all(counts[kind, good] >= 5 for kind in ("Revision", "DomainMapping") for good in (True, False))


def test_nothing_that_knative_refuses_is_passed(judged: list[tuple[str, Object, str, set[str]]]) -> None:
    missed = [f"{words}: {verdict}" for words, _, verdict, codes in judged if verdict != "ok" and not codes]
    assert not missed, "\n".join(missed)


def test_what_we_refuse_besides_has_a_reason(judged: list[tuple[str, Object, str, set[str]]]) -> None:
    besides = [(words, codes) for words, _, verdict, codes in judged if verdict == "ok" and codes]
    unreasoned = [f"{words}: {sorted(codes - STRICTER.keys())}" for words, codes in besides if codes - STRICTER.keys()]
    assert not unreasoned, "\n".join(unreasoned)
    assert STRICTER.keys() - {code for _, codes in besides for code in codes} == set(), "reasons that nothing needs"
