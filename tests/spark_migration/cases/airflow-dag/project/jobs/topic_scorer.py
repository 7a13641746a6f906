from argparse import ArgumentParser

from pyspark.ml.clustering import LocalLDAModel
from pyspark.sql import SparkSession

from pages import pages


def main(table, settings, day):
    spark = SparkSession.builder.getOrCreate()
    scored = LocalLDAModel.load("/user/topics/model").transform(pages(spark, table))
    scored.write.insertInto("topics.scores", overwrite=True)


if __name__ == "__main__":
    parser = ArgumentParser()
    for name in ("--table", "--settings", "--day"):
        parser.add_argument(name)
    main(**vars(parser.parse_args()))
