"""What a file is, by its name: Parquet, or CSV, which gzip or Zstandard may have packed; and what people call texts."""

import codecs
import io
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from modelyard.problems import problem
from modelyard.score.options import Stopped

PARQUET: Final = ".parquet"
PACKED: Final = {".gz": "gzip", ".zst": "Zstandard"}
# The first bytes of files that are no text: RFC 1952, 2.3.1; RFC 8878, 3.1.1; apache/parquet-format, README.
_MAGIC: Final = {b"\x1f\x8b": ".csv.gz", b"\x28\xb5\x2f\xfd": ".csv.zst", b"PAR1": PARQUET}
_UTF_8: Final = "utf-8-sig"  # takes a byte order mark, and does without
_FAMILIES: Final = (
    (r"ISO8859-([0-9]+)", r"ISO 8859-\1"),
    (r"CP(125[0-9])", r"Windows-\1"),
    (r"CP([0-9]+)", r"code page \1"),
)


def packing(path: Path) -> str:
    """Return what has packed a file: gzip, Zstandard, or nothing."""
    return PACKED.get(path.suffix.lower(), "")


def is_parquet(path: Path) -> bool:
    """Tell whether a file is Parquet. Raises Stopped MY817 if it is and pyarrow is not installed."""
    if path.suffix.lower() != PARQUET:
        return False
    if find_spec("pyarrow") is None:
        hint = "install modelyard[parquet], as with pip install 'modelyard[parquet]'"
        raise Stopped(problem("MY817", f"{path} needs pyarrow", hint=hint))
    return True


def ending(content: bytes) -> str:
    """Return the ending that a file with these first bytes should have, empty for a text."""
    return next((name for magic, name in _MAGIC.items() if content.startswith(magic)), "")


def codec(encoding: str) -> str:
    """Return the codec of an encoding. Raises LookupError for one that is not known, or is none of texts."""
    with io.TextIOWrapper(io.BytesIO(), encoding=encoding):
        found = codecs.lookup(encoding).name
    return _UTF_8 if found == "utf-8" else found


def shown(encoding: str) -> str:
    """Return what people call an encoding: UTF-8 for utf-8-sig, Windows-1252 for cp1252, ISO 8859-1 for latin-1."""
    name = codecs.lookup(encoding).name.upper().replace("_", "-").removesuffix("-SIG")
    found = ((re.fullmatch(pattern, name), called) for pattern, called in _FAMILIES)
    return next((match.expand(called) for match, called in found if match), name)
