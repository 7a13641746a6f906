"""A SavedModel: that a folder is one, and which signatures it has, without TensorFlow.

Sources: tensorflow 2.21, tensorflow/core/protobuf/saved_model.proto and meta_graph.proto (SavedModel, MetaGraphDef,
MetaInfoDef, SignatureDef, TensorInfo), tensorflow/core/framework/tensor_shape.proto and types.proto; of the text
tensorflow/python/tools/saved_model_cli.py, `show --all`, as far as it is about signatures; of what is served
tensorflow_serving/servables/tensorflow/session_bundle_config.proto (saved_model_tags is `serve` if absent).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelyard.files import disk, regular
from modelyard.manifests.names import SERVING_DEFAULT
from modelyard.problems import Problem, printable, problem
from modelyard.targets.workloads.wire import Budget, Malformed, Message

FILE: Final = "saved_model.pb"
SERVE: Final = "serve"
MAX_BYTES: Final = 1 << 31  # that protobuf reads
# In other forms: text for people, and chunks of what is larger than protobuf allows (proto_splitter).
OTHER_FILES: Final = ("saved_model.pbtxt", "saved_model.cpb")
_TYPES: Final = (
    "INVALID", "FLOAT", "DOUBLE", "INT32", "UINT8", "INT16", "INT8", "STRING", "COMPLEX64", "INT64", "BOOL", "QINT8",
    "QUINT8", "QINT32", "BFLOAT16", "QINT16", "QUINT16", "UINT16", "COMPLEX128", "HALF", "RESOURCE", "VARIANT",
    "UINT32", "UINT64", "FLOAT8_E5M2", "FLOAT8_E4M3FN", "FLOAT8_E4M3FNUZ", "FLOAT8_E4M3B11FNUZ", "FLOAT8_E5M2FNUZ",
    "INT4", "UINT4", "INT2", "UINT2", "FLOAT4_E2M1FN",
)  # fmt: skip
_REF: Final = 100  # what the number of a type is more as a reference


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output. shape: sizes of its dimensions, -1 where any will do; None if not even their number is known.

    name: in the graph; empty of what is made of several tensors.
    """

    dtype: str
    shape: tuple[int, ...] | None
    name: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What is called by one name. method: what it is for, such as tensorflow/serving/predict.

    defaults: inputs that a call may leave out.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    method: str
    defaults: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Graph:
    """One graph of a SavedModel, with its tags."""

    tags: tuple[str, ...]
    signatures: dict[str, Signature]


def load(folder: Path) -> tuple[list[Graph], list[Problem]]:
    """Return the graphs of the SavedModel in a folder, and what keeps TensorFlow Serving from serving it."""
    path = folder / FILE
    try:
        content = regular.content(path, MAX_BYTES + 1)
    except OSError as error:
        return [], [_unread(folder, error)]
    if len(content) > MAX_BYTES:
        hint = "save it with fewer constants in the graph; variables have files of their own"
        return [], [problem("MY112", f"{disk.shown(path)} is larger than 2 GiB", hint=hint)]
    try:
        graphs = read(content)
    except Malformed as wrong:
        hint = "save the model again, with tf.saved_model.save or model.export"
        return [], [problem("MY112", f"{disk.shown(path)} is not a SavedModel: {wrong}", hint=hint)]
    return graphs, [*_check(path, graphs)]


def _unread(folder: Path, error: OSError) -> Problem:
    other = next((each for each in OTHER_FILES if regular.exists(folder / each)), None)
    if other:
        hint = f"save the model again, so that it has {FILE}"
        return problem(
            "MY112", f"{disk.shown(folder / other)} is a form of SavedModel that modelyard cannot read", hint=hint
        )
    if isinstance(error, FileNotFoundError):
        hint = f"name the folder that holds {FILE}, as tf.saved_model.save or model.export wrote it"
        return problem("MY112", f"there is no {FILE} in {disk.shown(folder)}", hint=hint)
    return disk.refused(error, folder / FILE, code="MY112", doing="read")


def _check(path: Path, graphs: list[Graph]) -> Iterator[Problem]:
    served = next((each for each in graphs if each.tags == (SERVE,)), None)
    if served is None:
        found = " and ".join(printable(",".join(each.tags)) or "no tag" for each in graphs)
        hint = "save it for serving: tf.saved_model.save does, and model.export of Keras"
        message = f"{disk.shown(path)} has no graph whose only tag is {SERVE}: there is {found}"
        yield problem("MY112", message, hint=hint)
    elif SERVING_DEFAULT not in served.signatures:
        hint = f"save it with signatures={{'{SERVING_DEFAULT}': …}}, or let each call name its signature"
        yield problem("MY113", f"{disk.shown(path)} has no signature {SERVING_DEFAULT}", hint=hint)


def read(content: bytes) -> list[Graph]:
    """Return the graphs of a saved_model.pb, sorted by their tags. Raises Malformed."""
    whole = Message(memoryview(content), Budget())
    if (version := whole.integer(1)) != 1:
        raise Malformed(f"its schema's version is {version}, not 1")
    graphs = [_graph(each) for each in whole.messages(2)]
    if not graphs:
        raise Malformed("it has no graph")
    return sorted(graphs, key=lambda each: each.tags)


def _graph(message: Message) -> Graph:
    signatures = {each.text(1): _signature(each.message(2)) for each in message.messages(5)}
    return Graph(tuple(message.message(1).texts(4)), dict(sorted(signatures.items())))


def _signature(message: Message) -> Signature:
    defaults = frozenset(each.text(1) for each in message.messages(4))
    return Signature(_tensors(message, 1), _tensors(message, 2), message.text(3), defaults)


def _tensors(message: Message, number: int) -> dict[str, Tensor]:
    found = {each.text(1): _tensor(each.message(2)) for each in message.messages(number)}
    return dict(sorted(found.items()))


def _tensor(message: Message) -> Tensor:
    return Tensor(type_of(message.integer(2)), shape_of(message.message(3)), message.text(1))


def shape_of(message: Message) -> tuple[int, ...] | None:
    """Return the sizes that a TensorShapeProto says; None where not even their number is known."""
    return None if message.integer(3) else tuple(each.integer(1) for each in message.messages(2))


def type_of(number: int) -> str:
    """Return the name of a type; of one that this table does not have, DT_ and its number."""
    plain = number - _REF if number > _REF else number
    name = _TYPES[plain] if 0 <= plain < len(_TYPES) else str(plain)
    return f"DT_{name}{'_REF' if plain != number else ''}"


def text(graphs: list[Graph]) -> str:
    """Return what people read of the signatures: what `saved_model_cli show --all` prints of them."""
    return "".join(f"{line}\n" for each in graphs for line in _lines(each))


def _lines(graph: Graph) -> Iterator[str]:
    yield from (
        "",
        f"MetaGraphDef with tag-set: '{printable(', '.join(graph.tags))}' contains the following SignatureDefs:",
    )
    for name, signature in graph.signatures.items():
        yield from ("", f"signature_def['{printable(name)}']:")
        yield "  The given SavedModel SignatureDef contains the following input(s):"
        yield from _tensor_lines("inputs", signature.inputs)
        yield "  The given SavedModel SignatureDef contains the following output(s):"
        yield from _tensor_lines("outputs", signature.outputs)
        yield f"  Method name is: {printable(signature.method)}"


def _tensor_lines(what: str, tensors: dict[str, Tensor]) -> Iterator[str]:
    for name, each in tensors.items():
        yield f"    {what}['{printable(name)}'] tensor_info:"
        yield f"        dtype: {each.dtype}"
        yield f"        shape: {'unknown_rank' if each.shape is None else shape_text(each.shape)}"
        yield f"        name: {printable(each.name)}"


def shape_text(shape: tuple[int, ...]) -> str:
    """Return the sizes of a shape, as `saved_model_cli` prints them."""
    return f"({', '.join(map(str, shape))})"
