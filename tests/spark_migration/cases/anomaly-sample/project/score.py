"""Score traffic: the distance of each row from the centre of its cluster."""

import argparse

import numpy as np
import yaml
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
from pyspark.sql.types import DoubleType


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--configfile", default="./demo-config.yml")
    with open(parser.parse_args().configfile) as file:
        config = yaml.safe_load(file)
    builder = SparkSession.builder.appName("network-score")
    if config.get("master"):
        builder = builder.master(config["master"])
    spark = builder.getOrCreate()
    model = PipelineModel.load(f"{config['root']}/{config['model']}")
    centers = [center.tolist() for center in model.stages[-1].clusterCenters()]
    distance = udf(lambda row, cluster: float(np.linalg.norm(row.toArray() - centers[cluster])), DoubleType())
    rows = model.transform(spark.read.parquet(f"{config['root']}/{config['validation']}"))
    scored = rows.withColumn("P_ANOMALY", distance("features", "cluster"))
    scored.select("ID", "cluster", "P_ANOMALY").write.mode("overwrite").parquet(f"{config['root']}/{config['scores']}")
    spark.stop()


if __name__ == "__main__":
    main()
