"""Files of others: nothing is removed or replaced that is not known as modelyard's own."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.api.scoring import Scored, score
from modelyard.files import disk
from modelyard.plugin import install
from tests.support.model_server import REFUSED, Server, running
from tests.support.score_tables import QUICK, errors, rows, table


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


def scored(server: Server, folder: Path, *, stream: bool, fails: bool = False) -> Scored:
    """Score five rows, to a file with failed rows beside it or to a stream with failed rows in a file."""
    body = [*rows(4), ["r4", str(REFUSED if fails else 4), "", ""]]
    source = table(folder / "in.csv", body)
    if stream:
        return score(server.url(), source, io.BytesIO(), errors=folder / "out.errors.csv", options=QUICK)
    return score(server.url(), source, folder / "out.csv", options=QUICK)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("text", ["keep me\n", "row,line\n", "a,b,error\n1,2,3\n", "\0"])
def test_a_file_of_others_is_not_taken_for_failed_rows(
    server: Server, tmp_path: Path, text: str, *, stream: bool, fails: bool
) -> None:
    other = tmp_path / "out.errors.csv"
    other.write_text(text, "utf-8")
    done = scored(server, tmp_path, stream=stream, fails=fails)
    assert [each.code for each in done.problems] == ["MY809"]
    assert str(other) in done.problems[0].message
    assert other.read_text("utf-8") == text
    assert server.posts == 0


@pytest.mark.parametrize("stream", [False, True])
def test_failed_rows_of_an_earlier_run_go_when_all_rows_are_scored(
    server: Server, tmp_path: Path, *, stream: bool
) -> None:
    scored(server, tmp_path, stream=stream, fails=True)
    assert len(errors(tmp_path / "out.csv")) == 1
    assert scored(server, tmp_path, stream=stream, fails=True).problems[0].code == "MY808"
    assert scored(server, tmp_path, stream=stream).problems == []
    assert not (tmp_path / "out.errors.csv").exists()


def test_an_empty_file_of_others_stays_where_nothing_failed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "out.errors.csv").touch()  # as of mktemp
    assert scored(server, tmp_path, stream=True).problems == []
    assert (tmp_path / "out.errors.csv").exists()


@pytest.mark.parametrize("name", [".ModelSet.new", ".ModelSet.modelyard-new"])
def test_plugin_install_removes_nothing_of_others(name: str, tmp_path: Path) -> None:
    env = {**os.environ, install.OWN_HOME: str(tmp_path)}
    folder = install.links(tmp_path)["ModelSet"].parent
    folder.mkdir(parents=True)
    (folder / name).write_text("keep me", "utf-8")
    _, problems = install.install(env)
    assert (folder / name).read_text("utf-8") == "keep me"
    assert bool(problems) == name.endswith("modelyard-new")


def test_plugin_install_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    env = {**os.environ, install.OWN_HOME: str(tmp_path)}
    folder = install.links(tmp_path)["ModelSet"].parent
    folder.mkdir(parents=True)
    (folder / ".ModelSet.modelyard-new").symlink_to("/gone/modelyard-fn")
    made, problems = install.install(env)
    assert problems == []
    assert len(made) == 2
    assert sorted(each.name for each in folder.iterdir()) == ["ModelSet"]


def test_a_folder_in_the_way_of_a_new_file_stays(tmp_path: Path) -> None:
    folder = tmp_path / ".report.json.modelyard-new"
    folder.mkdir()
    (folder / "keep").touch()
    for write in (disk.write, lambda path, content: disk.create(path, content)[1]):
        assert [each.code for each in write(tmp_path / "report.json", b"x")] == ["MY402"]
    assert (folder / "keep").exists()
    assert not (tmp_path / "report.json").exists()
