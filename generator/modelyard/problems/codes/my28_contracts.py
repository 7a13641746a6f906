"""MY28: what models take and give, as the lock pins it."""

from typing import Final

from modelyard.problems.codes.code import Code

_RULES: Final = (
    "It breaks callers when an output goes, may be missing or null where it was not, or is of a wider type; when an "
    "input goes, is new and required, becomes required, takes null no more, or is of a narrower type. A new output and "
    "a new optional input are compatible. Source: the levels that oasdiff gives to changes of an API "
    "(oasdiff/oasdiff, checker/rules.go); an input that goes is one here, because TensorFlow Serving refuses a call "
    "that has it still. allowContractChange: with the reason lets it pass."
)

CONTRACTS: Final[dict[str, Code]] = {
    "MY280": Code(
        "Variants whose contracts differ",
        "Calls are split between variants, and a caller does not know which of them answers: each must take and give "
        f"what callers rely on, which models.lock.yaml has. {_RULES}",
        several=True,
    ),
    "MY281": Code(
        "An image that breaks the contract",
        "The image takes or gives something else than what callers rely on, which models.lock.yaml has. " + _RULES,
        several=True,
    ),
    "MY282": Code(
        "A contract of another image",
        "models.lock.yaml has what this model took and gave in another image, so nothing can be said of this one. "
        "`modelyard lock` pins the new one, from the files of its artefact or from the model as it runs.",
        "warning",
    ),
    "MY283": Code(
        "A contract that cannot be had",
        "A contract comes from files of an artefact (saved_model.pb, MLmodel, inputVar.json and outputVar.json), or "
        "from what a running model says of itself. Digests are locked all the same.",
        "warning",
        several=True,
    ),
    "MY284": Code(
        "No contract in the lock",
        "`modelyard contract` writes what models.lock.yaml has. `modelyard lock NAME --files DIR` pins it from an "
        "artefact's files, `--running`, `--url` and `--try` from the model as it runs.",
    ),
}
