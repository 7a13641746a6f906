"""A pyspark project as teams have it, read: the models file that starts it elsewhere, and what will not move as it is.

A folder and a bucket come in; text, findings and a plan of what to upload go out. Nothing of the folder is run,
imported or uploaded.
"""

from modelyard.spark_migration.migrate import Migration, Wishes, migrate
from modelyard.spark_migration.upload import Plan, Row

__all__ = ["Migration", "Plan", "Row", "Wishes", "migrate"]
