"""MY66: what other tools found in rendered objects."""

from typing import Final

from modelyard.problems.codes.code import Code

FOREIGN: Final[dict[str, Code]] = {
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
