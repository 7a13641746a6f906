from argparse import ArgumentParser

from pyspark.ml.clustering import LDA
from pyspark.sql import SparkSession

from pages import pages


def main(table, settings):
    spark = SparkSession.builder.enableHiveSupport().getOrCreate()
    LDA(k=20).fit(pages(spark, table)).write().overwrite().save("/user/topics/model")


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("--table")
    parser.add_argument("--settings")
    main(**vars(parser.parse_args()))
