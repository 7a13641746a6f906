"""MY77: sources of models."""

from typing import Final

from modelyard.problems.codes.code import Code

SOURCES: Final[dict[str, Code]] = {
    "MY771": Code(
        "A source needs an extra",
        "Libraries of registries and clouds are extras: modelyard[mlflow], modelyard[sas], modelyard[s3], "
        "modelyard[gs], modelyard[az].",
    ),
    "MY772": Code(
        "A source that does not answer",
        "The connection failed, was not trusted, or took too long. Nothing was changed.",
    ),
    "MY773": Code(
        "Not permitted by a source",
        "The login is the one that the source's own tools use: variables such as MLFLOW_TRACKING_TOKEN, "
        "SASCTL_CLIENT_SECRET and AWS_PROFILE, or their files. A models file holds none.",
    ),
    "MY774": Code(
        "Not in the source",
        "There is no such model, alias, champion, version or file, or the source says so to those who may not see it.",
    ),
    "MY775": Code(
        "An answer of a source that is of no use",
        "It failed, or what it sent is not what was asked for, or it redirects to another address: a login goes to "
        "the host that it is for, and to no other.",
    ),
    "MY776": Code(
        "A source whose address is not known",
        "MLFLOW_TRACKING_URI names the MLflow server, and SASCTL_SERVER_NAME the SAS Viya server.",
    ),
    "MY777": Code(
        "A model that was not published",
        "SAS Model Manager did not finish, or failed; the end of its own log is in the message.",
    ),
    "MY778": Code(
        "Files that are not those of the checksum",
        "The models file has a checksum of the version's files, and what was fetched is not that. A version of a "
        "registry is not meant to change.",
    ),
    "MY779": Code(
        "A model without a source",
        "source: says where the artefact comes from, in the model or in its variants.",
    ),
}
