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
    "MY655": Code(
        "What kustomize and kubectl read differently",
        "Both read plain scalars by rules of their own: kubectl takes yes, no, on, off, y and n for true and false, as "
        "YAML 1.1 did, and kustomize for text; kustomize writes dates out as times, and stops at keys such as true and "
        "1.5. Which of them a cluster gets depends on the way that it takes. Put text between quotes.",
        "warning",
        ignorable=True,
    ),
    "MY656": Code(
        "What YAML 1.2 reads differently",
        "kustomize and kubectl read it alike, and so does the cluster; readers of YAML 1.2, as other languages have "
        "them, do not: 0644 is 420 to the one and 644 to the other, and 1_000 is text. Write numbers in plain digits, "
        "and put text between quotes.",
        "note",
        ignorable=True,
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
