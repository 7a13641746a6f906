"""MY77: sources of models, and from MY781 proposals of their versions."""

from typing import Final

from modelyard.problems.codes.code import Code

PROMOTION: Final[dict[str, Code]] = {
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
    "MY781": Code(
        "A version without an image",
        "What is proposed is an image by its digest, which its registry knows. SAS Model Manager publishes one with "
        "--publish; for MLflow and folders, `modelyard image NAME --build --push` builds one, or a tag `image` of the "
        "MLflow version names it.",
    ),
    "MY782": Code(
        "Nothing to put a commit on",
        "A proposal is a commit on top of HEAD. The models file, its base and its lock must be committed as they are, "
        "and git must know who commits.",
    ),
    "MY783": Code(
        "No place for a challenger",
        "A challenger stands beside what serves the calls, as a variant of its own. A model of target knative that has "
        "no list of variants gets one first, and is handed over with `modelyard apply --handover`.",
    ),
    "MY784": Code(
        "The remote repository did not take it, or did not answer",
        "The branch stays here, whole: run the same command again to push it. Git's own settings and logins are used.",
    ),
    "MY785": Code(
        "A pull request that was not opened",
        "The branch is pushed. Run the same command again, or open the pull request by hand: the command prints its "
        "text without --pull-request.",
    ),
    "MY786": Code(
        "A challenger that cannot be rolled out",
        "`modelyard rollout` gives a variant more calls as long as it passes the `gate` of its model, by a replay "
        "before the first call and by its rows in the request log after that. It needs both, and a variant that gives "
        "way.",
    ),
    "MY787": Code(
        "A challenger that cannot be judged yet",
        "It has had too few calls with its image and percent, or the champion has too few scores beside it. Its "
        "percent stays until there are enough. Calls of another image in the log are not its own.",
        "warning",
    ),
    "MY788": Code(
        "A version that was taken back before",
        "A commit has given its calls back to the champion, with the figures in its message. The same version would "
        "fail again; another one begins anew.",
    ),
}
