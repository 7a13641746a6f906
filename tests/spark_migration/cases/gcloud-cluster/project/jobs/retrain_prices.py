import os
import sys

from google.oauth2 import service_account
from pyspark.ml.feature import OneHotEncoderEstimator
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession
from pyspark.sql.functions import PandasUDFType, pandas_udf


def main(out):
    service_account.Credentials.from_service_account_file("prices-service-account.json")
    spark = SparkSession.builder.config("spark.executor.memory", "20g").config("spark.executor.cores", "3").getOrCreate()
    rows = spark.read.parquet("file:///home/prices/rows.parquet")
    OneHotEncoderEstimator, pandas_udf, PandasUDFType
    LinearRegression().fit(rows).save(out + os.getenv("PRICE_VERSION", "1") + os.getenv("PRICE_SUFFIX"))


if __name__ == "__main__":
    main(sys.argv[2])
