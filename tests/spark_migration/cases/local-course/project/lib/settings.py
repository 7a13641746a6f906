import configparser
import os

from pyspark import SparkConf


def churn_conf(path):
    parser = configparser.ConfigParser()
    parser.read(path)
    conf = SparkConf()
    for key, value in parser.items("COURSE"):
        conf.set(key, value)
    conf.set("spark.app.stage", os.environ["COURSE_STAGE"])
    return conf
