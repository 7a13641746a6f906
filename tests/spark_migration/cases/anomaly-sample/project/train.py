"""Train an anomaly detector: clusters of normal traffic, and how far from their centres it may be."""

import argparse

import yaml
from pyspark.ml import Pipeline
from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.sql import SparkSession


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--configfile", default="./demo-config.yml")
    with open(parser.parse_args().configfile) as file:
        config = yaml.safe_load(file)
    builder = SparkSession.builder.appName("network-train")
    if config.get("master"):
        builder = builder.master(config["master"])
    spark = builder.getOrCreate()
    rows = spark.read.parquet(f"{config['root']}/{config['training']}")
    assembler = VectorAssembler(inputCols=config["columns"], outputCol="raw")
    scaler = StandardScaler(inputCol="raw", outputCol="features", withMean=True)
    clusters = KMeans(k=config["clusters"], seed=7, maxIter=10, featuresCol="features", predictionCol="cluster")
    model = Pipeline(stages=[assembler, scaler, clusters]).fit(rows)
    model.write().overwrite().save(f"{config['root']}/{config['model']}")
    spark.stop()


if __name__ == "__main__":
    main()
