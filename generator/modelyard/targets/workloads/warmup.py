"""Warm-up requests of a SavedModel: that TensorFlow Serving can score each of them, without TensorFlow.

The server scores them one by one as it loads a version. One that fails fails the version, and no pod becomes ready.
The name of the model in a request is compared with nothing: the request goes to the version that holds the file.

Sources: tensorflow/serving, g3doc/saved_model_warmup.md; servables/tensorflow/saved_model_warmup_util.cc (file, limit),
saved_model_warmup.cc (kinds of requests), predict_util.cc, classifier.cc, regressor.cc, multi_inference.cc (what each
is held against); apis/prediction_log.proto and what it imports. tensorflow 2.21, cc/saved_model/util.cc
(GetInputValues), core/framework/tensor.proto and tensor.cc (FromProto), core/lib/io/record_writer.h (TFRecord).
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from modelyard.files import disk, regular
from modelyard.manifests.names import SERVING_DEFAULT
from modelyard.problems import Problem, printable, problem
from modelyard.targets.workloads.savedmodel import Signature, Tensor, shape_of, shape_text, type_of
from modelyard.targets.workloads.wire import Budget, Malformed, Message

FILE: Final = "assets.extra/tf_serving_warmup_requests"
MOST: Final = 1000
_HEADER: Final = 12  # bytes: the length, and its checksum of 4
_CHECKSUM: Final = 4
_MAX_RECORD: Final = 1 << 31  # bytes that protobuf reads
_CLASSIFY, _REGRESS, _PREDICT, _STREAMED, _MULTIPLE, _SESSION = 2, 3, 6, 7, 4, 5  # fields of PredictionLog
_REFUSED: Final = {_STREAMED: "predict_streamed_log", _SESSION: "session_run_log"}
_METHODS: Final = {"tensorflow/serving/classify": _CLASSIFY, "tensorflow/serving/regress": _REGRESS}
# Outputs of which one must be there, and how many at most (classifier.cc and regressor.cc).
_OUTPUTS: Final = {_CLASSIFY: (("classes", "scores"), 2), _REGRESS: (("outputs",), 1)}
_SIZES: Final = {  # bytes of a value
    "FLOAT": 4, "DOUBLE": 8, "INT32": 4, "UINT8": 1, "INT16": 2, "INT8": 1, "INT64": 8, "BOOL": 1, "BFLOAT16": 2,
    "UINT16": 2, "HALF": 2, "UINT32": 4, "UINT64": 8, "COMPLEX64": 8, "COMPLEX128": 16,
}  # fmt: skip


class _Wrong(Exception):  # noqa: N818 - a finding about a record
    """A record that keeps the version from loading; the text says why."""


class _NoRequest(Exception):  # noqa: N818 - as above
    """A record that the server takes and does nothing with."""


def check(folder: Path, signatures: Mapping[str, Signature]) -> tuple[int, list[Problem]]:
    """Return how many requests warm up the SavedModel in a folder, and which of them TensorFlow Serving cannot score.

    signatures: of the graph that is served. What is wrong with several records in the same way is one problem.
    """
    path = folder / FILE
    count, wrong = 0, defaultdict[tuple[str, str], list[int]](list)
    try:
        with os.fdopen(regular.opened(path), "rb") as file:
            for count, record in enumerate(_records(file), start=1):
                if found := fault(record, signatures):
                    wrong[found].append(count)
    except OSError as error:
        return 0, [disk.refused(error, path, code="MY121", doing="read")]
    except Malformed as error:
        hint = "write it with tf.io.TFRecordWriter, without compression"
        message = f"{disk.shown(path)}, record {count + 1}: {error}"
        return count, [*_problems(path, wrong), problem("MY121", message, hint=hint)]
    return count, [*_problems(path, wrong), *_too_many(path, count)]


def _too_many(path: Path, count: int) -> Iterator[Problem]:
    if count > MOST:
        hint = f"keep {MOST} or fewer that stand for real calls"
        yield problem("MY121", f"{disk.shown(path)} has {count} records, more than {MOST}", hint=hint)


def _problems(path: Path, wrong: Mapping[tuple[str, str], list[int]]) -> Iterator[Problem]:
    for (code, text), records in wrong.items():
        first, *others = records
        more = f" and {len(others)} more" if others else ""
        hint = {
            "MY121": "write the file again for this SavedModel, or delete it: it is optional",
            "MY122": "write each record as a PredictionLog, with the request in predict_log",
        }[code]
        yield problem(code, f"{disk.shown(path)}, record {first}{more}: {text}", hint=hint)


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Yield the records of a TFRecord file. Raises Malformed, OSError."""
    while header := file.read(_HEADER):
        if len(header) < _HEADER:
            raise Malformed("the file ends within its header")
        if not _is_sound(header[:8], header[8:]):
            raise Malformed("its length has another checksum, so this is no TFRecord file")
        length = int.from_bytes(header[:8], "little")
        if length > _MAX_RECORD:
            raise Malformed("it is larger than 2 GiB")
        data = file.read(length)
        checksum = file.read(_CHECKSUM)
        if len(checksum) < _CHECKSUM:
            raise Malformed("the file ends within it")
        if not _is_sound(data, checksum):
            raise Malformed("its content has another checksum: the file is damaged")
        yield data


def _is_sound(data: bytes, checksum: bytes) -> bool:
    """Hold bytes against their CRC32C, which is rotated and shifted by a constant (core/lib/hash/crc32c.h, Mask)."""
    import google_crc32c

    plain: int = google_crc32c.value(data)
    masked = ((plain >> 15 | plain << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return masked == int.from_bytes(checksum, "little")


def fault(record: bytes, signatures: Mapping[str, Signature]) -> tuple[str, str] | None:
    """Return code and text of what is wrong with a record."""
    try:
        _check(Message(memoryview(record), Budget()), signatures)
    except Malformed as wrong:
        return "MY121", f"it is not a PredictionLog: {wrong}"
    except _Wrong as wrong:
        return "MY121", str(wrong)
    except _NoRequest as wrong:
        return "MY122", str(wrong)
    return None


def _check(log: Message, signatures: Mapping[str, Signature]) -> None:
    if (kind := log.last(_CLASSIFY, _REGRESS, _PREDICT, _STREAMED, _MULTIPLE, _SESSION)) is None:
        raise _NoRequest("it holds no request, and warms up nothing")
    if kind in _REFUSED:
        raise _Wrong(f"the server takes no {_REFUSED[kind]} for warm-up")
    request = log.message(kind).message(1)
    if kind == _MULTIPLE:
        _check_multiple(request, signatures)
        return
    signature = _signature(request.message(1), signatures)
    if kind == _PREDICT:
        _check_inputs(request, signature)
        _check_filter(request.texts(3), signature)
    else:
        _check_method(kind, signature)
        _check_examples(request.message(2))


def _signature(spec: Message, signatures: Mapping[str, Signature]) -> Signature:
    name = spec.text(3) or SERVING_DEFAULT
    if name not in signatures:
        known = ", ".join(printable(each) for each in signatures) or "none"
        raise _Wrong(f"the SavedModel has no signature {printable(name)}, but {known}")
    return signatures[name]


def _check_multiple(request: Message, signatures: Mapping[str, Signature]) -> None:
    models, asked = set(), set()
    for task in request.messages(1):
        spec, method = task.message(1), task.text(2)
        models.add(spec.text(1))
        name = spec.text(3) or SERVING_DEFAULT
        if name in asked:
            raise _Wrong(f"it asks twice for the signature {printable(name)}")
        asked.add(name)
        if method not in _METHODS:
            raise _Wrong(f"it asks for the method {printable(method) or '(none)'}, not {' or '.join(_METHODS)}")
        _check_method(_METHODS[method], _signature(spec, signatures))
    if "" in models or len(models) > 1:
        raise _Wrong("its tasks do not all name one model")
    _check_examples(request.message(2))


def _check_method(kind: int, signature: Signature) -> None:
    """Hold a signature against what classify or regress want: examples come in, and outputs have fixed names."""
    wanted, most = _OUTPUTS[kind]
    known = signature.inputs.keys() == {"inputs"} and signature.inputs["inputs"].dtype == "DT_STRING"
    if not known or len(signature.outputs) > most or not signature.outputs.keys() & set(wanted):
        what = "classify" if kind == _CLASSIFY else "regress"
        raise _Wrong(f"its signature is none for {what}: that has one input, inputs, and the output {wanted[0]}")


def _check_examples(given: Message) -> None:
    if not any(True for kind in (1, 2) for _ in given.message(kind).messages(1)):
        raise _Wrong("its input has no examples")


def _check_filter(names: list[str], signature: Signature) -> None:
    for name in names:
        if name not in signature.outputs:
            raise _Wrong(f"its output_filter names {printable(name)}; the signature gives {_listed(signature.outputs)}")
    if len(set(names)) < len(names):
        raise _Wrong("its output_filter names an output twice")


def _check_inputs(request: Message, signature: Signature) -> None:
    given = {each.text(1): each.message(2) for each in request.messages(2)}
    if lacking := signature.inputs.keys() - given.keys() - signature.defaults:
        raise _Wrong(f"it lacks the input {_listed(lacking)}")
    if further := given.keys() - signature.inputs.keys():
        raise _Wrong(f"it has the input {_listed(further)}; the signature takes {_listed(signature.inputs)}")
    for name, tensor in sorted(given.items()):
        if wrong := _misfit(tensor, signature.inputs[name]):
            raise _Wrong(f"its input {printable(name)} {wrong}")


def _listed(names: Mapping[str, object] | set[str]) -> str:
    return ", ".join(printable(each) for each in sorted(names)) or "none"


def _misfit(given: Message, wanted: Tensor) -> str | None:
    """Return why a TensorProto cannot be an input."""
    dtype, shape = type_of(given.integer(1)), shape_of(given.message(2))
    expected = wanted.dtype.removesuffix("_REF")
    if dtype != expected:
        return f"is {dtype}, not {expected}"
    if shape is None or any(size < 0 for size in shape):
        return "has no known shape"
    # TensorFlow feeds any shape; of one that does not fit, the first operation of the graph fails.
    if wanted.shape is not None and not _fits(shape, wanted.shape):
        return f"has the shape {shape_text(shape)}, which is none of {shape_text(wanted.shape)}"
    content = sum(len(each) for each in given.contents(4)[-1:])
    size = _SIZES.get(dtype.removeprefix("DT_"), 0)
    for each in shape:
        size *= each
    if content and size and content != size:
        return f"has {content} bytes of tensor_content, not the {size} of its shape"
    return None


def _fits(given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(given) == len(wanted) and all(size in (-1, own) for own, size in zip(given, wanted, strict=True))
