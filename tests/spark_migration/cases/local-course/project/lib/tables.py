def read_calls(spark, path):
    return spark.read.option("header", "true").csv(path)
