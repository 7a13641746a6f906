"""Models as SAS Model Manager publishes them into a bare Git repository: again and again, under any name."""

import hashlib
import random
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import pytest

from modelyard import api
from modelyard.api import locking
from modelyard.problems import has_errors
from tests.conftest import Run
from tests.support.cluster_server import Cluster
from tests.support.git_destination import GitDestination, git

PUBLISHES: Final = 100
GOOD: Final = (
    *(f"model_{each}" for each in range(25)),
    "a", "no", "null", "true", "y", "on", "off", "inf", "nan", "e5", "x" * 63, "credit__risk", "a1_b2", "kube",
    "default",
)  # fmt: skip
# What gives no DNS label, no image, or a name that another one gives too.
HOSTILE: Final = (
    "Credit_Risk", "MODEL_1", "_hidden", "trailing_", "9lives", "1e5", "x" * 64, "chürn", "\u212aelvin", "a b", "__",
    "${sas-scr-published-name}", "model-2", "$(touch x)", "a:b", "-",
)  # fmt: skip


@pytest.fixture
def destination(tmp_path: Path, modelyard: Run) -> GitDestination:
    """Return a destination whose repository has what `init --sas-git` writes."""
    remote, first = tmp_path / "remote.git", tmp_path / "first"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    git(tmp_path, "clone", "--quiet", str(remote), str(first))
    done = modelyard("init", "risk", "--sas-git", cwd=first)
    assert done.returncode == 0, done.stderr
    git(first, "checkout", "--quiet", "-B", "main")
    git(first, "add", "--all")
    git(first, "commit", "--quiet", "--message", "Begin")
    git(first, "push", "--quiet", "origin", "main")
    return GitDestination(remote, tmp_path / "local", "risk/sas-model", "risk/published")


def asked(published: Mapping[str, int]) -> locking.Ask:
    """Return what stands in for the registry: each publish gives a tag another digest."""

    def ask(images: Collection[str]) -> tuple[dict[str, str], list[api.Rendering]]:
        names = {each: each.rpartition("/")[2].partition(":")[0] for each in images}
        made = {each: f"{name}{published[name]}".encode() for each, name in names.items()}
        return {each: f"sha256:{hashlib.sha256(made[each]).hexdigest()}" for each in images}, []

    return ask  # type: ignore[return-value]


def checked_out(destination: GitDestination, folder: Path) -> Path:
    """Clone the repository anew, as a pipeline does; return the folder of the models file."""
    shutil.rmtree(folder, ignore_errors=True)
    git(destination.remote, "clone", "--quiet", str(destination.remote), str(folder))
    return folder / "risk"


def publish_all(destination: GitDestination, names: tuple[str, ...]) -> None:
    """Publish each name at least once, and as often as it takes in all."""
    chance = random.Random(20)  # noqa: S311 - to be the same each time
    order = [*names, *chance.choices(names, k=PUBLISHES - len(names))]
    chance.shuffle(order)
    for name in order:
        destination.publish(name)


def rendered(destination: GitDestination, folder: Path) -> api.Rendering:
    """Lock and render what has been published."""
    risk = checked_out(destination, folder)
    outcome = locking.lock(risk, update=True, ask=asked(destination.published))
    assert not has_errors(outcome.problems), outcome.problems
    rendering = api.render(risk)
    assert not has_errors([*api.check(risk), *rendering.problems]), rendering.problems
    return rendering


def images(rendering: api.Rendering) -> dict[str, str]:
    """Return model -> image of what is rendered."""
    services = [each.body for each in rendering.objects if each.kind == "Service"]
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]["image"]
        for each in services
        if "template" in each["spec"]
    }


@pytest.mark.slow
def test_what_is_published_again_and_again_is_rendered(destination: GitDestination, tmp_path: Path) -> None:
    publish_all(destination, GOOD)
    assert sum(destination.published.values()) == PUBLISHES
    before = images(rendered(destination, tmp_path / "clone"))
    assert sorted(before) == sorted(each.replace("_", "-") for each in GOOD)
    destination.publish("model_7")
    after = images(rendered(destination, tmp_path / "clone"))
    assert [each for each in after if after[each] != before[each]] == ["model-7"]
    assert "/model_7:latest@sha256:" in after["model-7"]


@pytest.mark.slow
def test_a_hostile_name_is_an_error_at_its_own_fragment_and_harms_no_other(
    destination: GitDestination, tmp_path: Path
) -> None:
    publish_all(destination, (*GOOD, *HOSTILE))
    risk = checked_out(destination, tmp_path / "clone")
    found = [each for each in api.check(risk) if has_errors([each]) and each.code != "MY370"]
    faulty = {Path(each.place.file).parent.name for each in found if each.place}
    pairs = ({"MODEL_1", "model_1"}, {"model-2", "model_2"})  # the first that is read has the name
    assert all(faulty & each for each in pairs)
    assert faulty - {"MODEL_1", "model_1", "model-2", "model_2"} == {*HOSTILE} - {"MODEL_1", "model-2"}
    declared = api.load(risk).models
    assert declared is not None
    assert {each.replace("_", "-") for each in GOOD} <= {each.name for each in declared.models}


@pytest.mark.slow
def test_an_api_server_takes_what_is_published(destination: GitDestination, tmp_path: Path, cluster: Cluster) -> None:
    publish_all(destination, GOOD)
    objects = rendered(destination, tmp_path / "clone").objects
    cluster.succeed("create", "namespace", "model-inference")
    cluster.apply([each.body for each in objects if each.kind == "ServiceAccount"])  # Knative tries pods with it
    answer = cluster.apply([each.body for each in objects], "--dry-run=server")
    assert len(answer.splitlines()) == len(objects)
