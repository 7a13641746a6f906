def pages(spark, table):
    return spark.table("topics.pages") if table is None else spark.read.table(table)
