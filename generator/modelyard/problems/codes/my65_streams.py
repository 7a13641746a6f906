"""MY65: streams of objects, whoever wrote them."""

from typing import Final

from modelyard.problems.codes.code import Code

STREAMS: Final[dict[str, Code]] = {
    "MY654": Code(
        "Nothing that can be accepted",
        "--ignore, and each line of --ignore-file, names a code, and maybe an object: MY370:Deployment/churn. What a "
        "cluster refuses cannot be accepted.",
    ),
    "MY651": Code(
        "Nothing to check",
        "The stream holds no objects. A failed build prints nothing, and that must not look like success.",
    ),
    "MY652": Code(
        "Not a usable definition",
        "--crds takes custom resource definitions of apiextensions.k8s.io/v1 as an API server does: each version that "
        "is served has a structural schema. Documents of other kinds are ignored.",
    ),
    "MY653": Code(
        "An object that is there already",
        "What a models file gives is put behind what a chart gives. Of two objects with one name, Helm would install "
        "the one and then change it into the other.",
        several=True,
    ),
}
