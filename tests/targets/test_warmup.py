"""Warm-up requests are checked without TensorFlow: what would keep the server from loading a version is said before."""

import shutil
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.targets.workloads import savedmodel, warmup
from modelyard.targets.workloads.savedmodel import Signature, Tensor
from modelyard.targets.workloads.wire import Malformed
from tests.conftest import Run
from tests.targets.test_savedmodel import MODEL, WELLS, field, varint
from tests.targets.test_savedmodel_image import declared

WRITTEN: Final = (WELLS / "tf_serving_warmup_requests").read_bytes()  # by TensorFlow, see wells/make.py
SIGNATURES: Final = next(each.signatures for each in savedmodel.load(MODEL)[0])
EXAMPLES: Final = {
    "classes": Signature({"inputs": Tensor("DT_STRING", (-1,), "")}, {"classes": Tensor("DT_STRING", (-1, 2), "")}, ""),
    "values": Signature({"inputs": Tensor("DT_STRING", (-1,), "")}, {"outputs": Tensor("DT_FLOAT", (-1, 1), "")}, ""),
    "optional": Signature(
        {"x": Tensor("DT_INT64_REF", None, ""), "y": Tensor("DT_HALF", (), "")}, {}, "", frozenset({"y"})
    ),
}
EXAMPLE: Final = field(1, field(1, b"\x0a\x00"))  # an Input with an ExampleList of one


def record(data: bytes) -> bytes:
    """Return a record of a TFRecord file."""
    head = struct.pack("<Q", len(data))
    return b"".join(each + struct.pack("<I", masked(each)) for each in (head, data))


def masked(data: bytes) -> int:
    value: int = google_crc32c.value(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def tensor(sizes: tuple[int, ...], dtype: int = 1, more: bytes = b"") -> bytes:
    """Return a TensorProto."""
    return field(1, dtype) + field(2, b"".join(field(2, field(1, size)) for size in sizes)) + more


def spec(signature: str = "", name: str = "well-failure") -> bytes:
    return field(1, name) + field(3, signature)


def predict(inputs: dict[str, bytes], signature: str = "", output: tuple[str, ...] = ()) -> bytes:
    """Return a PredictionLog with a PredictRequest."""
    entries = b"".join(field(2, field(1, name) + field(2, each)) for name, each in inputs.items())
    request = field(1, spec(signature)) + entries + b"".join(field(3, each) for each in output)
    return field(6, field(1, request))


def multiple(*tasks: tuple[bytes, str], given: bytes = EXAMPLE) -> bytes:
    """Return a PredictionLog with a MultiInferenceRequest; tasks: ModelSpec and method."""
    asked = b"".join(field(1, field(1, each) + field(2, method)) for each, method in tasks)
    return field(4, field(1, asked + field(2, given)))


def laid(folder: Path, content: bytes) -> Path:
    """Put a file of warm-up requests into a SavedModel."""
    file = folder / warmup.FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return folder


def said(folder: Path, *records: bytes, signatures: dict[str, Signature] | None = None) -> list[tuple[str, str]]:
    """Return codes and texts of what is wrong with records, without the file."""
    laid(folder, b"".join(map(record, records)))
    return [
        (each.code, each.message.partition(", record ")[2] or each.message)
        for each in warmup.check(folder, signatures or SIGNATURES)[1]
    ]


KNOWN: Final = "__saved_model_init_op, plain, serving_default"
CLASSIFY: Final = "tensorflow/serving/classify"
REGRESS: Final = "tensorflow/serving/regress"
GOOD: Final = {"PRESSURE": tensor((2, 1)), "TEMPERATURE": tensor((2, 1)), "LIFT": tensor((2, 1), 7)}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a folder with a models file, and in `export/7` its SavedModel."""
    shutil.copytree(MODEL, declared(tmp_path) / "export" / "7")
    return tmp_path


def test_a_file_that_tensorflow_wrote_is_sound_and_counted(modelyard: Run, model: Path) -> None:
    laid(model / "export" / "7", WRITTEN)
    done = modelyard("image", "well-failure", "-f", model, "--from", model / "export", "-o", model / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\nwarm-up: 3 requests\n")
    assert (model / "out" / "model" / warmup.FILE).read_bytes() == WRITTEN


def test_a_request_that_fails_stops_the_image_with_its_file_and_record(modelyard: Run, model: Path) -> None:
    file = laid(model / "export" / "7", record(predict(GOOD)) + record(predict({**GOOD, "LIFT": tensor((2, 1))})))
    done = modelyard("image", "well-failure", "-f", model, "--from", model / "export", "-o", model / "out")
    assert (done.returncode, done.stdout) == (1, "")
    wanted = f"{file / warmup.FILE}, record 2: its input LIFT is DT_FLOAT, not DT_STRING"
    assert wanted in done.stderr.replace("\n", " ").replace("  ", " ")
    assert "write the file again for this SavedModel, or delete it: it is optional" in done.stderr
    assert not (model / "out").exists()


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (predict(GOOD, "other"), "the SavedModel has no signature other, but " + KNOWN),
        (predict({**GOOD, "LIFT": tensor((2, 1))}), "its input LIFT is DT_FLOAT, not DT_STRING"),
        (predict({**GOOD, "LIFT": tensor((2, 3), 7)}), "its input LIFT has the shape (2, 3), which is none of (-1, 1)"),
        (predict({**GOOD, "LIFT": tensor((), 7)}), "its input LIFT has the shape (), which is none of (-1, 1)"),
        (predict({**GOOD, "LIFT": tensor((-1, 1), 7)}), "its input LIFT has no known shape"),
        (predict({**GOOD, "LIFT": field(1, 7) + field(2, field(3, 1))}), "its input LIFT has no known shape"),
        (predict({**GOOD, "WELL": tensor((2, 1))}),
         "it has the input WELL; the signature takes LIFT, PRESSURE, TEMPERATURE"),
        (predict({"LIFT": GOOD["LIFT"]}), "it lacks the input PRESSURE, TEMPERATURE"),
        (predict({**GOOD, "PRESSURE": tensor((2, 1), 1, field(4, bytes(7)))}),
         "its input PRESSURE has 7 bytes of tensor_content, not the 8 of its shape"),
        (predict(GOOD, output=("P_FAILURE",)),
         "its output_filter names P_FAILURE; the signature gives I_FAILURE, P_FAILURE1"),
        (predict(GOOD, output=("I_FAILURE",) * 2), "its output_filter names an output twice"),
        (field(7, b""), "the server takes no predict_streamed_log for warm-up"),
        (field(5, b""), "the server takes no session_run_log for warm-up"),
        (predict(GOOD) + field(5, b""), "the server takes no session_run_log for warm-up"),
        (field(2, field(1, field(1, spec()) + field(2, EXAMPLE))),
         "its signature is none for classify: that has one input, inputs, and the output classes"),
        (predict(GOOD)[:-1], "it is not a PredictionLog: it ends within a field, at byte 98"),
        (b"\xff", "it is not a PredictionLog: it ends within a number, at byte 1"),
    ],
)  # fmt: skip
def test_what_the_server_would_refuse_is_said(tmp_path: Path, log: bytes, words: str) -> None:
    assert said(tmp_path, log) == [("MY121", f"1: {words}")]


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (field(2, field(1, field(1, spec("values")) + field(2, EXAMPLE))),
         "its signature is none for classify: that has one input, inputs, and the output classes"),
        (field(3, field(1, field(1, spec("classes")) + field(2, EXAMPLE))),
         "its signature is none for regress: that has one input, inputs, and the output outputs"),
        (field(3, field(1, field(1, spec("values")))), "its input has no examples"),
        (multiple((spec("classes"), "tensorflow/serving/predict")),
         f"it asks for the method tensorflow/serving/predict, not {CLASSIFY} or {REGRESS}"),
        (multiple(*[(spec("classes"), CLASSIFY)] * 2), "it asks twice for the signature classes"),
        (multiple((spec("classes", ""), CLASSIFY)), "its tasks do not all name one model"),
        (multiple((spec("classes"), CLASSIFY), (spec("values", "b"), REGRESS)),
         "its tasks do not all name one model"),
        (multiple((spec("classes"), CLASSIFY), given=b""), "its input has no examples"),
        (predict({"y": tensor((), 19)}, "optional"), "it lacks the input x"),
    ],
)  # fmt: skip
def test_so_it_is_with_requests_over_examples(tmp_path: Path, log: bytes, words: str) -> None:
    assert said(tmp_path, log, signatures=EXAMPLES) == [("MY121", f"1: {words}")]


def test_all_kinds_that_the_server_takes_pass(tmp_path: Path) -> None:
    classes, values = (spec("classes"), CLASSIFY), (spec("values"), REGRESS)
    context = field(2, field(1, b"\x0a\x00"))
    logs = [
        field(2, field(1, field(1, spec("classes")) + field(2, EXAMPLE))),
        field(3, field(1, field(1, spec("values")) + field(2, context))),
        multiple(classes, values),
        predict({"x": tensor((3, 1, 4), 9)}, "optional"),
        predict({"x": tensor((), 9), "y": tensor((), 19, field(4, b"\0\0"))}, "optional"),
    ]
    assert said(tmp_path, *logs, signatures=EXAMPLES) == []


def test_the_name_of_the_model_is_compared_with_nothing_as_in_the_server(tmp_path: Path) -> None:
    entries = b"".join(field(2, field(1, name) + field(2, each)) for name, each in GOOD.items())
    assert said(tmp_path, field(6, field(1, field(1, spec("", "another")) + entries))) == []


def test_one_mistake_of_many_records_is_one_problem(tmp_path: Path) -> None:
    bad = predict({**GOOD, "LIFT": tensor((2, 1))})
    assert said(tmp_path, predict(GOOD), bad, predict(GOOD, "other"), bad, bad) == [
        ("MY121", "2 and 2 more: its input LIFT is DT_FLOAT, not DT_STRING"),
        ("MY121", "3: the SavedModel has no signature other, but __saved_model_init_op, plain, serving_default"),
    ]


def test_an_example_in_place_of_a_log_warms_up_nothing(tmp_path: Path) -> None:
    (found,) = warmup.check(laid(tmp_path, record(field(1, b"\x0a\x00"))), SIGNATURES)[1]
    assert (found.code, found.severity, found.hint) == (
        "MY122",
        "warning",
        "write each record as a PredictionLog, with the request in predict_log",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (WRITTEN[:-1], "record 3: the file ends within it"),
        (WRITTEN + b"\0", "record 4: the file ends within its header"),
        (WRITTEN[:20] + b"\xff" + WRITTEN[21:], "record 1: its content has another checksum: the file is damaged"),
        (b"[{}]" * 9, "record 1: its length has another checksum, so this is no TFRecord file"),
        (b"\x1f\x8b" + bytes(30), "record 1: its length has another checksum, so this is no TFRecord file"),
        (struct.pack("<QI", 1 << 40, masked(struct.pack("<Q", 1 << 40))), "record 1: it is larger than 2 GiB"),
    ],
)
def test_what_is_no_tfrecord_file_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    (found,) = warmup.check(laid(tmp_path, content), SIGNATURES)[1]
    assert found.message == f"{tmp_path / warmup.FILE}, {words}"
    assert found.hint == "write it with tf.io.TFRecordWriter, without compression"


def test_1000_requests_pass_and_one_more_does_not(tmp_path: Path) -> None:
    thousand = record(predict(GOOD)) * 1000
    assert warmup.check(laid(tmp_path, thousand), SIGNATURES) == (1000, [])
    count, (found,) = warmup.check(laid(tmp_path, thousand + record(predict(GOOD))), SIGNATURES)
    assert (count, found.message) == (1001, f"{tmp_path / warmup.FILE} has 1001 records, more than 1000")


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / warmup.FILE).mkdir(parents=True)
    assert warmup.check(tmp_path, SIGNATURES)[1][0].code == "MY121"


@given(st.binary(max_size=200), st.integers(0, 9))
def test_no_bytes_stop_the_check(content: bytes, number: int) -> None:
    for data in (content, field(6, field(1, content)), field(number + 1, field(1, content)), varint(len(content))):
        with suppress(Malformed):
            warmup.fault(data, {**SIGNATURES, **EXAMPLES})
