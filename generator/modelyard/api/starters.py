"""What `modelyard init` writes.

from modelyard import api

for path, text in api.starter("risk").items():
    print(path)
"""

from typing import Final

from modelyard.manifests.template import folder

__all__ = ["starter"]

# Kind -> folders of templates; a file of a later one stands for that of an earlier one.
_FOLDERS: Final = {"": ("init",), "kpt": ("init", "init-kpt"), "sas-git": ("init", "init-sas-git")}
_NOT_OF_KPT: Final = "kustomization.yaml"


def starter(name: str, kind: str = "") -> dict[str, str]:
    """Return path -> text of a starter for a set of this name: for kustomize, or of the kind `kpt` or `sas-git`."""
    texts: dict[str, str] = {}
    for root in (folder() / each for each in _FOLDERS[kind]):
        files = (each for each in sorted(root.rglob("*")) if each.is_file())
        texts |= {each.relative_to(root).as_posix(): each.read_text("utf-8").replace("NAME", name) for each in files}
    if kind == "kpt":
        del texts[_NOT_OF_KPT]
    return texts
