"""YAML as a careful author writes it for programs in Go: every string is quoted, so that none becomes a number."""

from typing import Any

import yaml


class _Quoted(yaml.CSafeDumper):
    """Quotes every string, keys too."""


_Quoted.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def quoted(content: Any) -> str:
    """Return plain data as a document."""
    return yaml.dump(content, Dumper=_Quoted, sort_keys=False, allow_unicode=True, width=10_000)
