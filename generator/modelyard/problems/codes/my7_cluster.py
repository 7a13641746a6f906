"""MY7: a live cluster."""

from typing import Final

from modelyard.problems.codes.code import Code

CLUSTER: Final[dict[str, Code]] = {
    "MY701": Code(
        "No cluster to speak to",
        "The cluster comes from --kubeconfig, from the variable KUBECONFIG, from ~/.kube/config, or from the pod that "
        "the command runs in. The file must be readable and must hold the context that is asked for.",
    ),
    "MY702": Code(
        "The API server does not answer",
        "The connection failed or took too long. Earlier changes stay: run the same command again to continue.",
    ),
    "MY703": Code(
        "Not permitted",
        "The API server knows no such user, or its roles do not allow the call. The message names the verb and the "
        "object, which is what a Role needs.",
    ),
    "MY704": Code(
        "The cluster refuses an object",
        "The API server, an admission webhook or a quota does not accept the object. All objects are tried on the "
        "server first, so that nothing is applied when one would be refused.",
    ),
    "MY705": Code(
        "Another field manager owns a field",
        "Server-side apply does not take over a field that another program or person has set. Remove the field there, "
        "or decide with --force-conflicts that the models file is right.",
    ),
    "MY706": Code(
        "The cluster does not know a kind", "What defines the kind, such as Knative Serving, is not installed there."
    ),
    "MY707": Code(
        "The API server failed",
        "It was too busy, an object changed at the same moment, or it had an error of its own. It is not known "
        "whether this call changed anything: run the command again.",
    ),
    "MY708": Code(
        "Not ready", "An object reports a failure, or was not ready in time. `modelyard status MODEL` says more."
    ),
    "MY709": Code(
        "A model gained or lost its list of variants",
        "Its address then moves between a Knative Service and a Route of the same name. If one is applied over the "
        "other, Knative keeps using the old one or refuses the Route. Delete the model and apply it again, "
        "or give the new form another name.",
    ),
    "MY710": Code("No such model in the cluster", "`modelyard list` names what is there."),
    "MY711": Code(
        "Not deployed by modelyard",
        "Only objects with the label app.kubernetes.io/managed-by: modelyard are deleted; --force takes others.",
    ),
    "MY712": Code(
        "A revision that is in use", "A revision that gets calls, or that a tag names, cannot be deleted safely."
    ),
    "MY713": Code("Two namespaces", "The models file names a namespace, and the command line another one."),
    "MY714": Code(
        "An object of another set",
        "Two sets in one namespace must not have models of the same name: each would change the other's objects. "
        "Rename "
        "one, or take the model out of the other set first.",
    ),
    "MY715": Code(
        "Calls that cannot be split like this",
        "The names must be tags or revisions of the Knative Service or Route, and the percents must add up to 100.",
    ),
    "MY716": Code("No log to read", "No pod of the model runs, or its container has not started."),
    "MY717": Code(
        "An object that an endpoint still runs",
        "An EndpointConfig or Model of SageMaker goes only after the Endpoint has moved to another one, which takes "
        "minutes. It stays until a later --prune finds the Endpoint ready; `apply --wait --prune` waits for that.",
        "warning",
    ),
    "MY721": Code("Not in a git repository", "What is compared with an earlier commit must be under git."),
    "MY722": Code("No such revision", "A revision is what `git rev-parse` takes: a branch, a tag, a commit, HEAD~1."),
    "MY723": Code(
        "No such model, variant or split",
        "The percents of a model's variants add up to 100; those that a command does not name stay as they are.",
    ),
    "MY724": Code(
        "Nothing to roll back to",
        "A rollback takes image and percents from the newest commit in which they were different. That commit must "
        "have the same variants. To undo other changes, use `git revert`.",
    ),
    "MY725": Code(
        "A run that nobody takes up, or that does not end",
        "The Spark operator starts runs in the namespaces that its installation names. A run that takes longer than "
        "--timeout is ended.",
    ),
    "MY726": Code(
        "A run that failed", "The driver ended with an error, or could not be started; the end of its log says why."
    ),
    "MY727": Code(
        "A job that cannot be run", "`modelyard run` needs a model of runtime spark, and a job that it declares."
    ),
    "MY728": Code(
        "A shard that failed",
        "Its pods ended with an error, three times more after the first. The parts of the other shards are whole. "
        "When the cause is gone, run the command again: it scores all shards anew, and replaces their parts.",
    ),
    "MY729": Code(
        "A model that no Job can score with",
        "Each shard's pod needs the model, which the models file declares with a target that runs containers, and the "
        "image in spec.toolImage, which scores.",
    ),
    "MY730": Code(
        "A set that Helm has installed",
        "What Helm has installed is changed by Helm alone: it knows nothing of what others change, and takes that back "
        "with its next upgrade. `modelyard list`, `status`, `logs` and `score` know such a set.",
    ),
    "MY741": Code(
        "A models file without a history",
        "`modelyard register` and `modelyard history` read what the main line of Git's history says. A branch counts "
        "from its merge, and what is not committed does not count.",
    ),
    "MY742": Code(
        "A history that is cut off",
        "This clone holds the newest commits alone, so the register begins with the oldest of them.",
        "warning",
    ),
    "MY743": Code(
        "A library that is not installed",
        "A CycloneDX bill of materials is written by cyclonedx-python-lib, which modelyard[bom] brings.",
    ),
    "MY744": Code(
        "A commit that git refuses",
        "`--commit` commits the models file, and nothing else. git may lack a name for who commits, or a hook refuses.",
    ),
    "MY745": Code(
        "A notice that was not sent",
        "The command has done what it says; who should hear of it has not. Addresses are in the environment or in "
        "Secrets, and no message repeats them. A server that answers 429 or 5xx, or not at all, is tried four times.",
        "warning",
    ),
}
