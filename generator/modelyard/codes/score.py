"""MY80 to MY82: scoring."""

from typing import Final

from modelyard.codes.code import Code

SCORE: Final[dict[str, Code]] = {
    "MY801": Code(
        "A model without a known address",
        "A name is looked up in the models file: the host of its domains, ingress, gateway or route. Where "
        "that does not say it, a URL or --ingress does.",
    ),
    "MY802": Code(
        "A model that does not describe itself",
        "The inputs are learned from GET PATH/apiMeta/api, of TensorFlow Serving from PATH/metadata. Nothing "
        "was sent to be scored.",
    ),
    "MY803": Code(
        "A description that is not understood",
        "It must be OpenAPI 3 with SCRInput and SCROutput (SAS Container Runtime), Swagger 2 with PCRInput "
        "and PCROutput (SAS Python Container Runtime), or the metadata of TensorFlow Serving. Nothing was "
        "sent to be scored.",
    ),
    "MY804": Code(
        "A missing column",
        "Each input of the model needs a column of its name; case matters only where two would fit. Nothing was sent.",
    ),
    "MY805": Code(
        "Not a CSV file",
        "Files follow RFC 4180: quotes are closed, there is no NUL, columns have different names. A row of "
        "another length than the header can be passed over with --on-error skip; a file that cannot be cut "
        "into rows cannot.",
    ),
    "MY806": Code(
        "A cell that does not fit",
        "It is not of the type that the model declares. A file is read to its end before anything is sent; "
        "with --on-error skip such a row gets its reason in the error column.",
    ),
    "MY807": Code(
        "A row that failed",
        "The model did not score it, after all retries. What was scored before it is kept beside the output: "
        "--resume goes on from there. With --on-error skip the row gets its reason in the error column "
        "instead.",
    ),
    "MY808": Code("Rows with an error", "The output is complete; the error column says why these have no scores."),
    "MY809": Code("An output that cannot be written", "The old file stands."),
    "MY810": Code(
        "An unfinished output",
        "An earlier run to the same output was stopped or killed; its rows are kept beside the output.",
    ),
    "MY811": Code(
        "Another run than the unfinished one",
        "--resume goes on only with the same input, model and options, or rows would be lost or doubled.",
    ),
    "MY812": Code("The output is being written", "Another modelyard writes the same output at this moment."),
    "MY813": Code("An address that is not valid", "It is not used, and not shown, since it may hold a password."),
    "MY814": Code(
        "A credential over plain HTTP",
        "Everyone on the way can read it. Use https, or a port-forward to this machine.",
        "warning",
    ),
}
