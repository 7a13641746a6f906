"""MY0: reading YAML."""

from typing import Final

from modelyard.problems.codes.code import Code

READING: Final[dict[str, Code]] = {
    "MY001": Code(
        "The file is not YAML",
        "The YAML parser stopped here. Nothing after this place was read, so there may be more mistakes.",
    ),
    "MY002": Code(
        "The file is not UTF-8",
        "A models file is UTF-8 without a byte order mark. kustomize and kubectl disagree about all other encodings.",
    ),
    "MY003": Code(
        "A character that is not allowed",
        "U+0000, U+007F to U+009F, U+FFFE and U+FFFF cannot be carried to the cluster: kustomize 5.8.1 stops "
        "at them or "
        "turns them into a blank, however they are quoted. Other control characters, U+2028, U+2029 and U+FEFF can be "
        "written as escapes between double quotes, not raw.",
    ),
    "MY004": Code(
        "A key appears twice in one mapping",
        "Some YAML readers keep the first value, some the last, some refuse the file.",
    ),
    "MY005": Code(
        "An anchor, an alias or a merge key",
        "Values that several models share are written once under spec.defaults, or in a base file that "
        "spec.base names. "
        "Aliases are refused because what they expand to can exceed any memory.",
    ),
    "MY006": Code("A YAML tag", "Tags such as !!str change the type of a value. Quote text instead."),
    "MY007": Code("More than one document", "A models file declares one set. Put a second set into its own folder."),
    "MY008": Code(
        "The top level is not a mapping", "A models file is one mapping with apiVersion, kind, metadata and spec."
    ),
    "MY009": Code(
        "Too large",
        "A file holds at most 16 MiB, 64 levels of nesting and 500,000 values. Split a larger set into several "
        "folders.",
    ),
    "MY010": Code(
        "A value that YAML readers disagree about",
        "Plain scalars such as 1.10, no, on, 1e5, 1:30 or 2024-01-02 are numbers, booleans or dates to some "
        "of YAML 1.1, "
        "YAML 1.2 and Go, and text to others. Quote text, and write integers in plain decimal form.",
    ),
    "MY011": Code(
        "A number out of range", "Integers in Kubernetes have 64 bits; kustomize turns longer ones into floats."
    ),
    "MY012": Code("A key that is not a string", "Quote keys that a YAML reader takes for a number, a boolean or null."),
    "MY013": Code("A file that cannot be read", "The file is missing, is a folder, or may not be read."),
    "MY014": Code("A YAML directive", "Lines that start with % change how the rest is read."),
    "MY015": Code(
        "A file outside the working tree",
        "A models file or a ModelGenerator may name only files in its Git working tree or, without one, in the folder "
        "of the models file. Links are followed first. To allow another folder, use --allow-outside DIR; where "
        "kustomize calls modelyard-fn, set MODELYARD_ALLOW_OUTSIDE=DIR.",
    ),
}
