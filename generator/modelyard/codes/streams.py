"""MY65: streams of objects, whoever wrote them."""

from typing import Final

from modelyard.codes.code import Code

STREAMS: Final[dict[str, Code]] = {
    "MY651": Code(
        "Nothing to check",
        "The stream holds no objects. A build that failed gives an empty one; that must not look like success.",
    ),
    "MY652": Code(
        "Not an object",
        "An object of Kubernetes is a mapping with apiVersion, kind, and metadata with a name (or generateName). "
        "Objects in a list of kind List are looked at one by one.",
    ),
    "MY653": Code(
        "The same object twice",
        "Two objects with one API group, kind, namespace and name: the one that is applied last wins, and nobody says "
        "so.",
    ),
}
