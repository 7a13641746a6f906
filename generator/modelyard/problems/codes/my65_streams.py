"""MY65: streams of objects, whoever wrote them, and from MY661 what other tools found in them."""

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
    "MY661": Code(
        "What another tool found",
        "`modelyard map` shows it at the line of the models file that the field came from: the field that the tool "
        "names, else the one that its rule speaks of, else the model. It weighs what it weighs for that tool.",
        several=True,
    ),
    "MY662": Code(
        "What another tool found in an object of others",
        "The models file renders no such object. The finding is passed on with the place that the tool gave.",
        several=True,
    ),
    "MY663": Code(
        "What another tool found, without a place",
        "The report does not say which object it speaks of, or several could be meant. --built FILE names the stream "
        "that the tool read, and lines in the report then lead to its objects.",
        several=True,
    ),
    "MY664": Code(
        "Not a report that is known",
        "`modelyard map` reads SARIF, the JSON of kubeconform, kube-score, kube-linter, checkov and trivy, policy "
        "reports, an Application of Argo CD, and what kubectl, helm and Argo CD say. Ask the tool for one of these.",
    ),
}
