"""Routes: openshift/api's own test cases have the verdict here that the API server gives them."""

import csv
from pathlib import Path
from typing import Any

import yaml

from modelyard.check import check_objects
from modelyard.check.finding import Cluster
from modelyard.problems.codes import CODES


def _refused(body: Any) -> bool:
    return any(CODES[each.code].severity == "error" for each in check_objects([body], Cluster()))


def test_openshift_s_own_cases_agree(shared: Path) -> None:
    folder = shared / "data" / "suites" / "openshift-route"
    text = (folder / "expected.tsv").read_text("utf-8")
    verdicts = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    assert len(verdicts) == 27
    wrong = []
    for each in verdicts:
        cases = yaml.safe_load((folder / each["file"]).read_text("utf-8"))["tests"]["onCreate"]
        body = yaml.safe_load(cases[int(each["document"]) - 1]["initial"])
        body.setdefault("metadata", {}).setdefault("name", "hello")
        if _refused(body) != (each["expected"] == "refused"):
            wrong.append((each["document"], each["expected"], each["why"]))
    assert wrong == []
