"""The benchmark beside other programs: nothing is timed that does not give the same objects, and the sums are right."""

import copy
import re
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.peers import __main__ as program
from bench.peers import again, check, gate, kustomizations, machine, plugin
from bench.peers.chart import svg
from bench.peers.measure import Command, Failed, Measured, Peak, in_turn, peak, run
from bench.peers.peers import HELM, KUSTOMIZE, PEERS, Peer, Source, Unavailable
from bench.peers.render import compare, objects_of
from bench.peers.sets import FINDINGS, HOSTILE, SETS, models_file
from bench.peers.tables import Row, growth, line, markdown, ratio
from modelyard import api

OURS = PEERS[0]
AT_HAND = {peer.name: peer for peer in PEERS if peer.name in ("Helm", "kustomize")}


def rendered(folder: Path, name: str, count: int) -> dict[str, gate.Object]:
    return objects_of(OURS, folder / "ours", name, count)[1]


@pytest.mark.parametrize("name", SETS)
def test_peers_at_hand_give_the_same_objects(name: str, newest_helm: Path, kustomize: Path, tmp_path: Path) -> None:
    assert {HELM.program(), KUSTOMIZE.program()} == {newest_helm, kustomize}
    ours = rendered(tmp_path, name, 3)
    assert len(ours) == (18 if name == "variants" else 9)
    for each, peer in AT_HAND.items():
        gate.require_same(ours, objects_of(peer, tmp_path / each, name, 3)[1])


def test_every_hostile_text_is_rendered_as_it_is(tmp_path: Path) -> None:
    ours = rendered(tmp_path, "hostile", len(HOSTILE))
    texts = {text for each in ours.values() if each["kind"] == "ConfigMap" for text in each["data"].values()}
    assert texts == set(HOSTILE)


def test_a_peer_with_other_objects_is_not_timed(tmp_path: Path) -> None:
    def other(folder: Path, values: dict[str, Any]) -> None:
        values["models"][0]["maxScale"] = 77
        kustomizations.lay_out(folder, values)

    peer = AT_HAND["kustomize"]
    wrong = Peer("other", peer.source, other, peer.lines)
    rows = compare(tmp_path, "plain", [1], lambda _: 1, [OURS, wrong])
    cell = rows[1].cells[1]
    assert isinstance(cell, str)
    assert "Service model-0" in cell
    assert "'77' there" in cell
    assert isinstance(rows[0].cells[1], Measured)
    assert list(tmp_path.rglob("models.yaml")) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: it.pop(), "is lacking"),
        (lambda it: it.append({**it[0], "metadata": {"name": "more-config-0123456789"}}), "is too much"),
        (lambda it: it.append(it[1]), "stands twice"),
        (lambda it: it[0]["data"].update(SAS_SCR_PROMETHEUS_RATE=1), "'1' here, 1 there"),
        (lambda it: it[0]["metadata"].update(name="model-0-config"), "no hash"),
        (lambda it: it[0]["metadata"].update(name="model-9-config-0123456789"), "which is not there"),
        (lambda it: it[1]["spec"]["policyTypes"].append("Egress"), "/spec/policyTypes"),
        (lambda it: it[0].pop("immutable"), "/immutable: only here"),
    ],
)
def test_the_gate_sees_a_difference(change: Any, said: str, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(models_file("plain", 1), "utf-8")
    objects = [each.body for each in api.render(tmp_path).objects]
    other = copy.deepcopy(objects)
    gate.require_same(gate.canonical(objects), gate.canonical(other))
    change(other)
    with pytest.raises(gate.Different, match=re.escape(said)):
        gate.require_same(gate.canonical(objects), gate.canonical(other))


@pytest.mark.parametrize(("text", "value"), [("1e5", 1e5), ("'1e5'", "1e5"), ("=", "="), ("<<", "<<"), ("no", False)])
def test_the_gate_reads_as_the_strictest_reader(text: str, value: object) -> None:
    read = gate.read(f"a: {text}\n")[0]["a"]
    assert (read, type(read)) == (value, type(value))


def test_of_the_set_with_findings_a_hundred_models_have_one(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(models_file("findings", FINDINGS + 3), "utf-8")
    assert [each.code for each in api.render(tmp_path).problems] == ["MY370"] * FINDINGS


def test_the_stream_that_is_checked_has_the_mistakes_it_says(tmp_path: Path) -> None:
    clean = list(rendered(tmp_path, "plain", 4).values())
    changed = [a for a, b in zip(check.stream(clean), clean, strict=True) if a != b]
    assert [each["kind"] for each in changed] == ["Service"] * 4
    assert "imagePullPolice" not in str(clean)


def cells(**seconds: float) -> dict[int, Measured | str]:
    return {int(n[1:]): Measured(each, each / 2, Peak(10, 15), 7) for n, each in seconds.items()}


def test_a_line_has_the_start_up_and_what_each_more_takes() -> None:
    fitted = line(cells(n1=0.3, n10=0.5, n101=1.3))
    assert fitted is not None
    assert (round(fitted.start_up, 4), round(fitted.each, 4)) == (0.29, 10.0)
    assert line(cells(n1=0.3)) is None
    assert line(cells(n1=0.3, n10=0.2)) is None


def test_growth_is_one_where_a_program_is_linear_and_ten_where_it_is_quadratic() -> None:
    assert growth(cells(n10=1.0, n100=10.0)) == 1.0
    assert growth(cells(n10=1.0, n100=100.0)) == 10.0
    assert growth(cells(n1=5.0, n10=1.0, n100=5.0)) == 0.5


def test_a_ratio_is_of_the_largest_size_that_both_have() -> None:
    assert ratio({**cells(n1=1.0, n10=6.0), 100: "too long"}, cells(n1=1.0, n10=2.0, n100=3.0)) == (3.0, 10)
    assert ratio({1: "cannot be had"}, cells(n1=1.0)) is None


def test_a_table_names_what_has_no_figures_and_why() -> None:
    rows = [Row("ours", "", "yes", cells(n1=0.5, n10=1.4)), Row("theirs", "1.2", "no", {**cells(n1=1.0), 10: "broke"})]
    lines = markdown(rows, "model", "checks").splitlines()
    assert (
        lines[2] == "| ours | yes | 0.50 (0.25) | 1.40 (0.70) | 0.40 s | 100.00 ms | 0.28 | 1.00 at 10 | 10 / 15 MiB |"
    )
    assert lines[3] == "| theirs 1.2 | no | 1.00 (0.50) | — |  |  |  | 2.00 at 1 | 10 / 15 MiB |"
    assert lines[-1] == "* theirs at 10: broke."


def test_the_drawing_is_an_svg_with_each_name_apart() -> None:
    rows = [Row(f"<{i}>", "", "", cells(n1=0.5, n10=1.0)) for i in range(9)] + [Row("none", "", "", {1: "broke"})]
    root = ET.fromstring(svg(rows, "a & b", "models"))  # noqa: S314 - our own
    texts = {each.text: float(each.get("y", "")) for each in root.iter("{http://www.w3.org/2000/svg}text")}
    places = sorted(texts[f"<{i}>"] for i in range(9))
    assert all(b - a >= 14 for a, b in pairwise(places))
    assert "none" not in texts
    with pytest.raises(ValueError, match="no figures"):
        svg(rows[-1:], "", "")


def test_the_page_is_written_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_bytes(program.PAGE.read_bytes())
    monkeypatch.setattr(program, "PAGE", page)
    monkeypatch.setattr(program, "DRAWING", page.with_suffix(".svg"))
    monkeypatch.setattr(program, "WITHOUT", {"ytt": Source("a", "1", packages=("a",), needs="no-such-program")})
    monkeypatch.setattr("bench.peers.render.compare", lambda *_: [Row("ours", "", "yes", cells(n1=0.5, n10=1.4))])
    arguments = ["--sizes", "1,10", "--sets", "plain", "--parts", "render", "--page"]
    assert (program.main(arguments), program.main(arguments)) == (0, 0)
    text = page.read_text("utf-8")
    head, _, written = text.partition(program.BEGIN)
    assert "How it measures" in head
    assert written.count("| ours | yes | 0.50 (0.25) |") == written.count("(performance.svg)") == 1
    assert "* ytt could not be installed: needs no-such-program.\n" in written
    assert "`python -m bench.peers --sizes 1,10 --sets plain --parts render --page`" in written
    assert text.endswith(program.END)
    assert (tmp_path / "performance.svg").read_text("utf-8").startswith("<svg ")


def command(tmp_path: Path, code: str) -> Command:
    return Command([[sys.executable, "-Ic", code]], tmp_path, tmp_path / "a.out")


def test_memory_is_of_the_largest_process_and_of_all(tmp_path: Path) -> None:
    code = "import subprocess, sys, time; x = bytearray({} << 20); {}; time.sleep(0.3)"
    inner = code.format(60, "pass")
    found = peak(command(tmp_path, code.format(90, f"y = subprocess.Popen([sys.executable, '-Ic', {inner!r}])")), 30)
    assert 90 < found.largest < 130
    assert found.together > found.largest + 40


def test_a_command_that_fails_or_takes_too_long_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="exited with 3: over"):
        run(command(tmp_path, "import sys; print('over', file=sys.stderr); sys.exit(3)"), 30)
    with pytest.raises(Failed, match="more than 1 s"):
        run(command(tmp_path, "import time; time.sleep(30)"), 1)
    measured = in_turn({"bad": command(tmp_path, "x"), "good": command(tmp_path, "pass")}, 2, 30)
    assert "NameError" in str(measured["bad"])
    good = measured["good"]
    assert isinstance(good, Measured)
    assert good.runs == 2


def test_a_peer_that_cannot_be_had_is_named_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.peers.peers.CACHE", tmp_path)
    with pytest.raises(Unavailable, match="needs no-such-program"):
        Source("a", "1", packages=("a",), needs="no-such-program").program()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("bench.peers.peers.ENVIRONMENT", {"PATH": ""})
    with pytest.raises(Unavailable, match="needs go"):
        Source("a", "v1", module="example.com/a").program()


def test_a_busy_machine_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (0.1, 0.1, 0.1))
    assert "busy" not in machine.described()
    monkeypatch.setattr("os.getloadavg", lambda: (900.0, 900.0, 900.0))
    assert "900.0 processes" in machine.described()


def test_what_is_rendered_again_is_another_model_each_time(tmp_path: Path) -> None:
    rows = again.compare(tmp_path, [200], lambda _: 2)
    assert [row.name for row in rows] == [again.WHOLE, again.UNCHANGED, again.CHANGED]
    assert all(isinstance(row.cells[200], Measured) for row in rows)
    commands = again._commands(tmp_path / "more", 200)
    said = []
    for _ in range(2):
        for name in (again.UNCHANGED, again.CHANGED):
            run(commands[name], 100)
            said.append(commands[name].output.with_suffix(".err").read_text("utf-8").partition(" ")[0])
    assert said == ["nothing", "wrote"] * 2


def test_builds_with_and_without_the_plugin_give_the_same_objects(kustomize: Path, tmp_path: Path) -> None:
    assert KUSTOMIZE.program() == kustomize
    commands = plugin._commands(tmp_path, 2)
    assert [*commands] == [*plugin.BUILDS]
    outputs = {command.output.read_text("utf-8") for command in commands.values()}
    assert len(outputs) == 1
    assert outputs.pop().count("\nkind: ") == 6
