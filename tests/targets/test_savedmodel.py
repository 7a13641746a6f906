"""SavedModels are read without TensorFlow: as saved_model_cli prints them, and whatever the bytes are."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.targets.workloads import savedmodel
from modelyard.targets.workloads.wire import MAX_FIELDS, Malformed

WELLS: Final = Path(__file__).parent / "wells"
MODEL: Final = WELLS / "well-failure" / "7"
CONTENT: Final = (MODEL / savedmodel.FILE).read_bytes()


def varint(value: int) -> bytes:
    """Return a number as protobuf writes it."""
    value &= (1 << 64) - 1
    parts = []
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, value: int | bytes | str) -> bytes:
    """Return a field as protobuf writes it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, dtype: int, sizes: list[int] | None) -> bytes:
    """Return a TensorInfo; sizes: None for an unknown rank."""
    shape = field(3, 1) if sizes is None else b"".join(field(2, field(1, size)) for size in sizes)
    return field(1, name) + field(2, dtype) + field(3, shape)


def graph(*tags: str, signature: str = "serving_default", info: bytes = b"") -> bytes:
    """Return a MetaGraphDef with one signature."""
    entry = field(1, field(1, "x") + field(2, info or tensor("x:0", 1, [-1, 2])))
    own = entry + field(2, field(1, "y") + field(2, tensor("y:0", 1, [-1])))
    meta = b"".join(field(4, tag) for tag in tags)
    return field(1, meta) + field(5, field(1, signature) + field(2, own + field(3, "tensorflow/serving/predict")))


def model(*graphs: bytes, version: int = 1) -> bytes:
    """Return a SavedModel."""
    return field(1, version) + b"".join(field(2, each) for each in graphs)


def test_signatures_are_printed_as_saved_model_cli_prints_them() -> None:
    graphs, problems = savedmodel.load(MODEL)
    assert problems == []
    printed = (WELLS / "show-all.txt").read_text("utf-8")
    assert savedmodel.text(graphs) == printed.partition("The MetaGraph with tag set")[0]


def test_every_type_has_the_name_that_tensorflow_gives_it() -> None:
    names = {1: "DT_FLOAT", 7: "DT_STRING", 9: "DT_INT64", 10: "DT_BOOL", 14: "DT_BFLOAT16", 19: "DT_HALF"}
    names |= {
        23: "DT_UINT64",
        33: "DT_FLOAT4_E2M1FN",
        0: "DT_INVALID",
        101: "DT_FLOAT_REF",
        133: "DT_FLOAT4_E2M1FN_REF",
    }
    names |= {34: "DT_34", 1000: "DT_900_REF"}
    for number, name in names.items():
        (found,) = savedmodel.read(model(graph("serve", info=tensor("x:0", number, []))))
        assert found.signatures["serving_default"].inputs["x"] == savedmodel.Tensor(name, (), "x:0")


def test_graphs_stand_in_the_order_of_their_tags_and_an_unknown_rank_is_said() -> None:
    graphs = savedmodel.read(model(graph("serve", "gpu"), graph("serve", info=tensor("x:0", 1, None))))
    assert [each.tags for each in graphs] == [("serve",), ("serve", "gpu")]
    text = savedmodel.text(graphs)
    assert "MetaGraphDef with tag-set: 'serve, gpu' contains the following SignatureDefs:" in text
    assert "        shape: unknown_rank\n" in text


def test_parts_of_one_message_are_merged_and_of_two_values_the_last_holds() -> None:
    parts = field(1, "a:0") + field(2, 1) + field(3, field(2, field(1, 3))) + field(3, field(2, field(1, 4)))
    (found,) = savedmodel.read(model(graph("serve", info=parts + field(1, "b:0"))))
    assert found.signatures["serving_default"].inputs["x"] == savedmodel.Tensor("DT_FLOAT", (3, 4), "b:0")


def test_names_cannot_control_a_terminal() -> None:
    (found,) = savedmodel.read(model(graph("serve", signature="a\x1b[31m\nb")))
    assert "signature_def['a\\u001b[31m\\u000ab']:" in savedmodel.text([found])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "version is 0, not 1"), (model(), "it has no graph"), (model(graph("serve"), version=2), "version is 2"),
        (CONTENT[:-1], "ends within a field"), (b"\x08", "ends within a number"), (b"\x80" * 11, "more than 64 bits"),
        (b"\xff" * 9 + b"\x7f", "more than 64 bits"), (b"\x00\x01", "there is no field"), (b"\x0b", "unknown type 3"),
        (field(1, 1) + field(2, 5), "should be a text or a message"), (field(1, "1"), "field 1 is not an integer"),
        (model(graph("serve")[:-1]), "ends within a field"),
        (model(field(1, field(4, b"\xff"))), "not UTF-8"), (b"\x10\x01" * (MAX_FIELDS + 1), "more than 200000 fields"),
        (b"<html>not found</html>", "unknown type 4"), (b"PK\x03\x04" + bytes(30), "there is no field"),
    ],
)  # fmt: skip
def test_what_is_no_savedmodel_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / savedmodel.FILE).write_bytes(content)
    graphs, (found,) = savedmodel.load(tmp_path)
    assert (graphs, found.code) == ([], "MY112")
    assert words in found.message


def test_a_folder_without_one_says_what_is_looked_for(tmp_path: Path) -> None:
    assert savedmodel.load(tmp_path)[1][0].message == f"there is no saved_model.pb in {tmp_path}"
    (tmp_path / "saved_model.pbtxt").write_text("saved_model_schema_version: 1", "utf-8")
    assert savedmodel.load(tmp_path)[1][0].hint == "save the model again, so that it has saved_model.pb"
    (tmp_path / savedmodel.FILE).mkdir()
    assert savedmodel.load(tmp_path / "absent")[1][0].code == "MY112"


def test_only_a_graph_with_the_tag_serve_alone_is_served(tmp_path: Path) -> None:
    (tmp_path / savedmodel.FILE).write_bytes(model(graph("train"), graph("serve", "gpu")))
    (found,) = savedmodel.load(tmp_path)[1]
    assert "there is serve,gpu and train" in found.message
    (tmp_path / savedmodel.FILE).write_bytes(model(graph("serve", signature="other")))
    (found,) = savedmodel.load(tmp_path)[1]
    assert (found.code, found.severity) == ("MY113", "warning")


def test_a_file_larger_than_protobuf_reads_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(savedmodel, "MAX_BYTES", 1000)
    shutil.copy(MODEL / savedmodel.FILE, tmp_path)
    (found,) = savedmodel.load(tmp_path)[1]
    assert "larger than 2 GiB" in found.message


def read(content: bytes) -> None:
    """Read what may be anything: it is a SavedModel, which has a text, or Malformed."""
    with suppress(Malformed):
        assert savedmodel.text(savedmodel.read(content)).startswith("\nMetaGraphDef with tag-set: ")


@given(st.binary(max_size=400))
def test_no_bytes_stop_the_reader(content: bytes) -> None:
    read(content)
    read(model(content))
    read(model(graph("serve", info=content)))


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_changed_bytes_of_a_savedmodel_stop_the_reader(changes: list[tuple[int, int]]) -> None:
    content = bytearray(CONTENT)
    for at, byte in changes:
        content[at] = byte
    read(bytes(content))


@given(st.integers(0, len(CONTENT)), st.integers(0, len(CONTENT)), st.binary(max_size=20))
def test_no_part_of_a_savedmodel_stops_the_reader(start: int, end: int, between: bytes) -> None:
    read(CONTENT[:start] + between + CONTENT[end:])
