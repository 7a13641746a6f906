"""A job that fails."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
raise ValueError("there is no column income")
