"""The CronJob that rolls a challenger out: as strict as what models run in, and nothing without Git's login."""

from typing import Any, Final

import yaml

from tests.conftest import Run
from tests.support.consoles import ROOT

SAMPLE: Final = ROOT / "ci" / "rollout" / "cronjob.yaml"


def _container() -> dict[str, Any]:
    (job,) = (each for each in yaml.safe_load_all(SAMPLE.read_text("utf-8")) if each["kind"] == "CronJob")
    (found,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_its_objects_are_checked_as_strictly_as_those_of_models(modelyard: Run) -> None:
    done = modelyard("check", SAMPLE, "--strict")
    assert (done.returncode, done.stdout + done.stderr) == (0, f"{SAMPLE}: no problems\n")


def test_its_logins_are_in_secrets_without_which_it_does_not_start() -> None:
    secrets = [each["valueFrom"]["secretKeyRef"] for each in _container()["env"] if "valueFrom" in each]
    assert {(each["name"], each["key"]) for each in secrets} == {
        ("rollout-git", "username"), ("rollout-git", "password"), ("scoring-log-reader", "uri"),
    }  # fmt: skip
    assert not any(each.get("optional") for each in secrets)


def test_its_command_has_options_that_there_are(modelyard: Run) -> None:
    (line,) = (each for each in _container()["command"][2].splitlines() if "modelyard rollout" in each)
    text = modelyard("rollout", "--help").stdout
    assert all(word in text for word in line.split() if word.startswith("--"))
