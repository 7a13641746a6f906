"""challenger on a models file: the edit, byte for byte, and where there is no place for one."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import pytest

from modelyard import api
from modelyard.api import challenger, locking
from modelyard.api.challenger import Wanted
from modelyard.problems import Problem, has_errors
from tests.support.faulty_proxy import modelyard

HEAD: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  models:
"""
SPLIT: Final = """\
    # Who serves the calls.
    - name: churn      # since 2019
      path: /churn
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 90}    # since May
        - name: challenger   # on trial
          image: churn:2.1.0
          percent: 10
      targets: {knative: {}}
"""
ALONE: Final = """\
    - name: churn
      path: /churn
      variants: [{name: champion, image: "churn:2.0.0"}]   # nobody beside it yet
      targets: {knative: {}}
"""
PLAIN: Final = """\
    - name: churn
      path: /churn
      image: churn:2.0.0   # of May
      targets: {TARGET}
"""
GATEWAY: Final = "deployment: {gateway: {name: public, namespace: gateways, host: models.example.com}}"


def digest(image: str) -> str:
    """Return a digest that a registry would have of an image."""
    return f"sha256:{image.encode().hex():0<64.64}"


def ask(images: Collection[str]) -> tuple[Mapping[str, str], list[Problem]]:
    return {each: digest(each.partition("@")[0].rpartition("/")[2][::-1]) for each in images}, []


NEW: Final = ask(["churn:3.0.0"])[0]["churn:3.0.0"]

THIRD: Final = Wanted(image="churn:3.0.0")


def declare(folder: Path, models: str, *, locked: bool = False) -> Path:
    path = folder / "models.yaml"
    path.write_text(HEAD + models, "utf-8")
    if locked:
        assert not has_errors(locking.lock(path, ask=ask).problems)
    return path


def proposed(path: Path, wanted: Wanted = THIRD) -> str:
    """Write a challenger, and return the models of the file."""
    planned = challenger.plan(path, "churn", wanted, ask=ask)
    assert planned.plan is not None, (planned.said, planned.problems)
    assert challenger.write(planned.plan) == []
    assert not has_errors(api.check(path))
    return path.read_text("utf-8").removeprefix(HEAD)


def refused(path: Path, wanted: Wanted = THIRD) -> Problem:
    before = {each: each.read_bytes() for each in path.parent.iterdir()}
    planned = challenger.plan(path, "churn", wanted, ask=ask)
    assert planned.plan is None
    assert {each: each.read_bytes() for each in path.parent.iterdir()} == before
    return planned.problems[0]


def test_a_challenger_that_is_there_gets_the_image_and_keeps_its_share(tmp_path: Path) -> None:
    after = proposed(declare(tmp_path, SPLIT))
    assert after == SPLIT.replace("churn:2.1.0", f'"churn:3.0.0@{NEW}"')


def test_the_lock_holds_the_digest_where_there_is_one_and_forgets_what_went(tmp_path: Path) -> None:
    path = declare(tmp_path, SPLIT, locked=True)
    before = locking.lock_file(path).read_text("utf-8")
    assert proposed(path) == SPLIT.replace("churn:2.1.0", "churn:3.0.0")
    lines = locking.lock_file(path).read_text("utf-8").splitlines()
    assert lines[:-1] == before.splitlines()[:-1]
    assert lines[-1].split() == ["registry.example.com/models/churn:3.0.0:", NEW]
    assert not has_errors(locking.check(path, ask=ask).problems)


def test_a_new_challenger_takes_its_share_from_the_champion(tmp_path: Path) -> None:
    after = proposed(declare(tmp_path, ALONE), Wanted(image="churn:3.0.0", percent=20))
    variants = (
        f'[{{name: champion, image: "churn:2.0.0", percent: 80}}, '
        f'{{name: challenger, image: "churn:3.0.0@{NEW}", percent: 20}}]'
    )
    assert after == ALONE.replace('[{name: champion, image: "churn:2.0.0"}]', variants)


def test_variants_may_be_called_as_versions(tmp_path: Path) -> None:
    named = SPLIT.replace("champion,", "v2,").replace("challenger ", "v21 ")
    after = proposed(declare(tmp_path, named), Wanted(image="churn:3.0.0", variant="v3", percent=5))
    new = f'        - {{name: v3, image: "churn:3.0.0@{NEW}", percent: 5}}\n'
    assert after == named.replace("percent: 90}", "percent: 85}").replace("10\n", f"10\n{new}")


def test_a_deployment_without_variants_is_split(tmp_path: Path) -> None:
    plain = PLAIN.replace("TARGET", GATEWAY)
    variants = (
        "      variants: [{name: champion, percent: 90}, "
        f'{{name: challenger, image: "churn:3.0.0@{NEW}", percent: 10}}]\n'
    )
    assert proposed(declare(tmp_path, plain)) == plain.replace("churn\n", f"churn\n{variants}", 1)


def test_knative_without_variants_is_refused_with_the_way_in_two_steps(tmp_path: Path) -> None:
    found = refused(declare(tmp_path, PLAIN.replace("TARGET", "knative: {}")))
    assert found.code == "MY783"
    assert "variants: [{name: champion, image: churn:2.0.0, percent: 100}]" in found.hint
    assert "modelyard apply --handover" in found.hint


def test_who_serves_the_calls_is_no_challenger(tmp_path: Path) -> None:
    path = declare(tmp_path, SPLIT.replace("90}", "0}").replace("percent: 10", "percent: 100"))
    found = refused(path)
    assert (found.code, found.hint) == ("MY783", "name another one with --variant")
    after = proposed(path, Wanted(image="churn:3.0.0", variant="next", percent=5))
    assert "percent: 95\n" in after, "who has all calls gives some"
    found = refused(path, Wanted(image="churn:3.1.0"))
    assert (found.code, found.hint) == ("MY783", "name another one with --variant")


def test_one_that_gets_no_calls_is_offered_in_place_of_the_one_that_serves_them(tmp_path: Path) -> None:
    old = "        - {name: old, image: c:1, percent: 0}\n"
    text = SPLIT.replace("90}", "0}").replace("percent: 10\n", f"percent: 100\n{old}")
    hint = "name another one with --variant, such as old, which gets none"
    assert refused(declare(tmp_path, text)).hint == hint


def test_a_challenger_has_another_name_than_who_is_held_against(tmp_path: Path) -> None:
    path = declare(tmp_path, SPLIT.replace("90}", "0}").replace("percent: 10", "percent: 100"))
    found = refused(path, Wanted(image="churn:3.0.0", variant="champion", percent=5))
    assert found.code == "MY783"
    assert found.message == "champion is the name of what others are held against, and is no challenger"


def test_a_share_that_nobody_can_give_is_refused(tmp_path: Path) -> None:
    old = "        - {name: old, image: c:1, percent: 60}\n"
    several = SPLIT.replace("percent: 90}", "percent: 30}").replace("10\n", f"10\n{old}")
    assert refused(declare(tmp_path, several), Wanted(image="churn:3.0.0", percent=50)).code == "MY723"


@pytest.mark.parametrize("image", ["churn:2.0.0", "churn:2.1.0", "registry.example.com/models/churn:2.1.0"])
def test_what_runs_already_is_not_new(tmp_path: Path, image: str) -> None:
    for locked in (False, True):
        planned = challenger.plan(declare(tmp_path, SPLIT, locked=locked), "churn", Wanted(image=image), ask=ask)
        assert (planned.plan, planned.problems) == (None, [])
        assert "already" in planned.said


def test_a_tag_that_has_moved_stands_with_its_digest(tmp_path: Path) -> None:
    path = declare(tmp_path, SPLIT, locked=True)

    def moved(images: Collection[str]) -> tuple[Mapping[str, str], list[Problem]]:
        return dict.fromkeys(images, NEW), []

    planned = challenger.plan(path, "churn", Wanted(image="churn:2.1.0"), ask=moved)
    assert planned.plan is not None
    assert f'"churn:2.1.0@{NEW}"' in planned.plan.files[path][1].decode()


def test_without_a_digest_nothing_is_proposed(tmp_path: Path) -> None:
    path = declare(tmp_path, SPLIT)
    done = modelyard("challenger", "churn", "-f", path, "--image", "127.0.0.1:9/churn:3")
    assert done.code == 1
    assert "[MY751]" in done.err
    assert path.read_text("utf-8") == HEAD + SPLIT


def test_another_file_is_proposed_as_it_pins(tmp_path: Path) -> None:
    for name in ("dev", "prod"):
        (tmp_path / name).mkdir()
    dev = declare(tmp_path / "dev", SPLIT.replace("2.1.0", "3.0.0"), locked=True)
    prod = declare(tmp_path / "prod", SPLIT, locked=True)
    planned = challenger.plan(prod, "churn", Wanted(other=dev), ask=ask)
    assert planned.plan is not None, planned.problems
    assert planned.plan.files[prod][1].decode() == HEAD + SPLIT.replace("2.1.0", "3.0.0")
    assert planned.plan.candidate.evidence == [f"`{dev}` gives `challenger` 10 % of the calls."]
    assert challenger.write(planned.plan) == []
    again = challenger.plan(prod, "churn", Wanted(other=dev), ask=ask)
    assert (again.plan, again.problems, bool(again.said)) == (None, [], True)


def test_another_file_without_digests_proposes_nothing(tmp_path: Path) -> None:
    for name in ("dev", "prod"):
        (tmp_path / name).mkdir()
    dev = declare(tmp_path / "dev", SPLIT.replace("2.1.0", "3.0.0"))
    found = refused(declare(tmp_path / "prod", SPLIT, locked=True), Wanted(other=dev))
    assert (found.code, found.hint) == ("MY781", f"pin it first: modelyard lock -f {dev}")


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = declare(tmp_path, SPLIT)
    planned = challenger.plan(path, "churn", Wanted(image="churn:3.0.0"), ask=ask)
    path.write_text(f"{HEAD}{SPLIT}# more\n", "utf-8")
    assert planned.plan is not None
    assert [each.code for each in challenger.write(planned.plan)] == ["MY407"]
    assert path.read_text("utf-8").endswith("# more\n")
