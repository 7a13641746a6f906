"""Reports of other tools about rendered objects: which object, which field, how bad.

The bytes of a report come in, findings with paths in objects go out; their places in a models file come later.
"""

from modelyard.report.foreign.finding import CONTAINER, POD, Field, ForeignFinding, Part, Reference
from modelyard.report.foreign.read import TOOLS, read

__all__ = ["CONTAINER", "POD", "TOOLS", "Field", "ForeignFinding", "Part", "Reference", "read"]
