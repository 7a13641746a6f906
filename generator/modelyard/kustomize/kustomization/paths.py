"""When two entries of a kustomization are the same file or folder."""

import posixpath


def same_path(one: str, other: str) -> bool:
    """Tell whether kustomize goes to one place for both: `./x`, `x/` and `x` are one path, URLs are what they are."""
    return _path(one) == _path(other)


def _path(entry: str) -> str:
    inline = "\n" in entry or not entry
    return entry if inline or "://" in entry else posixpath.normpath(entry)
