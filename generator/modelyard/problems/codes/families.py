"""All codes, of all families."""

from typing import Final

from modelyard.problems.codes.code import Code
from modelyard.problems.codes.my0_reading import READING
from modelyard.problems.codes.my1_shape import SHAPE
from modelyard.problems.codes.my2_rules import RULES
from modelyard.problems.codes.my4_files import FILES
from modelyard.problems.codes.my5_plugin import PLUGIN
from modelyard.problems.codes.my6_kustomize import KUSTOMIZATIONS
from modelyard.problems.codes.my7_cluster import CLUSTER
from modelyard.problems.codes.my8_score import SCORE
from modelyard.problems.codes.my9_migration import MIGRATION
from modelyard.problems.codes.my24_sagemaker import SAGEMAKER
from modelyard.problems.codes.my26_spark import SPARK
from modelyard.problems.codes.my28_contracts import CONTRACTS
from modelyard.problems.codes.my30_knative import FINDINGS
from modelyard.problems.codes.my32_kubernetes import OBJECTS
from modelyard.problems.codes.my34_security import SECURITY
from modelyard.problems.codes.my36_sets import SETS
from modelyard.problems.codes.my65_streams import STREAMS
from modelyard.problems.codes.my75_registries import REGISTRIES
from modelyard.problems.codes.my77_promotion import PROMOTION

ALL: Final[dict[str, Code]] = {
    **READING,
    **SHAPE,
    **RULES,
    **SAGEMAKER,
    **SPARK,
    **CONTRACTS,
    **FINDINGS,
    **OBJECTS,
    **SECURITY,
    **SETS,
    **FILES,
    **PLUGIN,
    **KUSTOMIZATIONS,
    **CLUSTER,
    **REGISTRIES,
    **PROMOTION,
    **SCORE,
    **STREAMS,
    **MIGRATION,
}
