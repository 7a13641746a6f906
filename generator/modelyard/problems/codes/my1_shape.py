"""MY1: the shape of the models file."""

from typing import Final

from modelyard.problems.codes.code import Code

SHAPE: Final[dict[str, Code]] = {
    "MY101": Code("An unknown key", "The key is not part of the format, or stands at the wrong level."),
    "MY102": Code("A missing key", "The format requires this key here."),
    "MY103": Code(
        "A value of the wrong type",
        "The format wants another type here: text, an integer, true or false, a list or a mapping.",
    ),
    "MY104": Code("A value that is not allowed", "The format does not allow this value here, or it is out of range."),
    "MY105": Code(
        "A value in the wrong form", "The text does not have the form of a name, an image, a duration or a quantity."
    ),
    "MY106": Code(
        "An unknown target", "spec.models[].targets names where a model runs. `modelyard targets` lists what exists."
    ),
    "MY107": Code("Not available", "The word is reserved, but this version of modelyard does not support it."),
    "MY108": Code(
        "A base that cannot be used", "spec.base names another models file, relative to this one, without a cycle."
    ),
    "MY109": Code(
        "$remove without an item to remove", "$remove: true takes an item with this name out of what the base declared."
    ),
    "MY110": Code(
        "No such model",
        "The file has no such model or variant, or it has too many errors to show.",
    ),
    "MY111": Code(
        "An image whose start command is not known",
        "`modelyard image` writes an entry point that starts the model itself, so that the proxy has the port that "
        "SageMaker calls. It knows the start command of SAS Container Runtime only. For other models, set `command`.",
    ),
}
