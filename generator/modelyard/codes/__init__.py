"""The codes of all problems: a title, a severity, and what `modelyard explain CODE` says about it.

A file per family, by the first digit.
"""

from typing import Final

from modelyard.codes.cluster import CLUSTER
from modelyard.codes.code import Code
from modelyard.codes.files import FILES
from modelyard.codes.findings import FINDINGS
from modelyard.codes.kustomizations import KUSTOMIZATIONS
from modelyard.codes.objects import OBJECTS
from modelyard.codes.plugin import PLUGIN
from modelyard.codes.reading import READING
from modelyard.codes.rules import RULES
from modelyard.codes.sagemaker import SAGEMAKER
from modelyard.codes.score import SCORE
from modelyard.codes.security import SECURITY
from modelyard.codes.sets import SETS
from modelyard.codes.shape import SHAPE
from modelyard.codes.streams import STREAMS

__all__ = ["CODES", "Code"]

CODES: Final[dict[str, Code]] = {
    **READING,
    **SHAPE,
    **RULES,
    **SAGEMAKER,
    **FINDINGS,
    **OBJECTS,
    **SECURITY,
    **SETS,
    **FILES,
    **PLUGIN,
    **KUSTOMIZATIONS,
    **CLUSTER,
    **SCORE,
    **STREAMS,
}
