from pyspark import SparkContext
from pyspark.sql import HiveContext, SQLContext


def session():
    sc = SparkContext(appName="disk reports")
    return sc, SQLContext(sc)


def hive(sc):
    context = HiveContext(sc)
    context.setConf("hive.metastore.uris", "thrift://metastore.example.com:9083")
    return context
