"""MY4: files and folders."""

from typing import Final

from modelyard.problems.codes.code import Code

FILES: Final[dict[str, Code]] = {
    "MY401": Code(
        "A foreign file in generated/", "modelyard owns this whole folder, and does not delete what it did not write."
    ),
    "MY402": Code(
        "A folder or file that cannot be written",
        "The old content is kept, unless the message says otherwise: with --in-place files change one by one.",
    ),
    "MY403": Code("The folder is locked", "Another modelyard is writing this overlay."),
    "MY404": Code(
        "Not a kustomization that can be edited",
        "An edit needs one document of kind Kustomization or Component, of at most 1 MiB. The file is untouched.",
    ),
    "MY405": Code(
        "A list that appears twice",
        "If a key appears twice, kustomize takes one list and silently drops the other. The file is untouched.",
    ),
    "MY406": Code(
        "A list that cannot be edited",
        "An edit must change nothing else. That cannot be guaranteed if the list has an anchor, an alias or a tag, "
        "holds "
        "more than strings, or is laid out in an unusual way. The file is untouched.",
    ),
    "MY407": Code(
        "A file that cannot be edited",
        "An edit replaces the file, so a symbolic link, a second hard link or a missing permission would be lost. The "
        "old content is kept, unless the message says otherwise.",
    ),
    "MY408": Code(
        "A models file that cannot be edited here",
        "An edit must change one value and nothing else. The layout of this file does not allow that, or it has no "
        "list of models. The file is untouched.",
    ),
    "MY409": Code(
        "Files that are not accepted",
        "Only regular files of a model's archive or folder are accepted. A name that leads out of it, a link or a "
        "device could bring in other files. Their number and size are limited, also in relation to the archive.",
    ),
    "MY410": Code(
        "An Application that Argo CD could not use",
        "It names the address of Git's remote origin, a folder with a kustomization, and a namespace. Without a "
        "kustomization Argo CD takes the models file itself for an object.",
    ),
    "MY411": Code(
        "Two Applications of one name",
        "The name is that of the set and of the folder of its models file. The later one would take the place of the "
        "first, and with it all of its objects.",
    ),
    "MY412": Code(
        "A place that is not for Applications",
        "What is written for Argo CD stands outside of generated/, whose every file kustomize or modelyard answers "
        "for, and takes no place of a file that others wrote.",
    ),
    "MY470": Code(
        "What a chart cannot hold",
        "A chart holds objects. The section spec.viya changes those of SAS Viya's own kustomization, which Helm never "
        "sees.",
    ),
    "MY471": Code(
        "A patch that cannot be a template",
        "A chart leaves numbers and labels open, and a patch that tests for one of them would succeed or fail by what "
        "is installed.",
    ),
    "MY472": Code(
        "Not a version of a chart",
        "Helm orders charts by SemVer 2. Build metadata, behind a +, is the hash of the chart's content.",
    ),
}
