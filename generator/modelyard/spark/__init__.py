"""DataFrames of Apache Spark through a served model: the executors make the calls, and no row is lost or doubled.

from modelyard.spark import score

scored = score(frame, "https://models.example.com/churn")
scored = score(frame, "churn", models="overlays/prod")

`score_table` reads and writes the tables too, as `modelyard score --engine spark` does.
"""

from modelyard.score.http import Limits
from modelyard.score.job import ScoringError
from modelyard.score.manifest import Manifest
from modelyard.score.options import Options, Route
from modelyard.spark.frames import score
from modelyard.spark.tables import score_table

__all__ = ["Limits", "Manifest", "Options", "Route", "ScoringError", "score", "score_table"]
