"""The contract of a SavedModel: a signature of the graph that TensorFlow Serving serves."""

from modelyard.manifests.names import SERVING_DEFAULT, one_of
from modelyard.models.contract import Contract
from modelyard.problems import printable
from modelyard.targets.workloads import savedmodel
from modelyard.targets.workloads.contracts.named import NoContract, named
from modelyard.targets.workloads.contracts.tensors import column
from modelyard.targets.workloads.savedmodel import Graph


def read(graphs: list[Graph], wanted: str = "") -> Contract:
    """Return the contract of a signature, the default one if none is wanted. Raises NoContract."""
    served = next((each.signatures for each in graphs if each.tags == (savedmodel.SERVE,)), {})
    name = wanted or SERVING_DEFAULT
    if name not in served:
        known = one_of(printable(each) for each in served if not each.startswith("__")) or "none"
        raise NoContract(f"{savedmodel.FILE} has no signature {name}; it has {known}")
    found = served[name]
    inputs = {
        key: column(key, each.dtype, each.shape, required=key not in found.defaults)
        for key, each in found.inputs.items()
    }
    outputs = {key: column(key, each.dtype, each.shape) for key, each in found.outputs.items()}
    return named(savedmodel.FILE, inputs, outputs, signature=wanted if name != SERVING_DEFAULT else "")
