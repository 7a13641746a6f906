"""MY78: proposals of a model's new version."""

from typing import Final

from modelyard.problems.codes.code import Code

PROPOSALS: Final[dict[str, Code]] = {
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
}
