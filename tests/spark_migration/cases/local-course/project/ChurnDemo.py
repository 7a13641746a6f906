import sys

from pyspark.sql import SparkSession

from lib.settings import churn_conf
from lib.tables import read_calls

if __name__ == "__main__":
    spark = SparkSession \
        .builder \
        .config(conf=churn_conf("conf/spark.conf")) \
        .master("local[3]") \
        .getOrCreate()
    calls = read_calls(spark, sys.argv[1])
    calls.groupBy("CUSTOMER").count().write.mode("overwrite").csv("out/churn")
    spark.read.parquet("data/history.parquet").show()
