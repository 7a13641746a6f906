#!/usr/bin/env python
"""Predict failures of disks from their logs."""
import os
from functools import reduce

from pyspark.ml.classification import RandomForestClassificationModel
from reports.session import session
from reports.legacy import rows
from reports.mail import told

LOGS = "/project/monitoring/archive/disks/raw"


def main():
    sc, sql = session()
    days = [sql.read.json("{}/{}".format(LOGS, day)) for day in os.environ["REPORT_DAYS"].split(",")]
    logs = reduce(lambda one, other: one.unionAll(other), days)
    logs.registerTempTable("logs")
    model = RandomForestClassificationModel.load("hdfs:///models/disks/current")
    model.transform(sql.sql("select * from logs")).write.parquet("hdfs:///reports/disks")
    told(rows(sc))


if __name__ == "__main__":
    main()
