#!/bin/bash
set -e
script_dir="$(cd "$(dirname "$0")" && pwd)"
KEYTAB=${KEYTAB:-/etc/secrets/reports.keytab}
export REPORT_DAYS="$(date +%Y/%m/%d)"
spark_submit_args=(
    --master yarn --queue reports --conf spark.ui.showConsoleProgress=false
    --driver-memory=4g --executor-memory=8g --executor-cores=4 --num-executors=30
    --conf "spark.driver.bindAddress=0.0.0.0" --conf "spark.driver.host=${REPORT_HOST}"
    --principal reports@EXAMPLE.COM --keytab "$KEYTAB"
    --packages org.apache.spark:spark-avro_2.11:2.4.3
)
spark-submit "${spark_submit_args[@]}" "$script_dir/../src/python/reports/predict_failures.py" \
    --output "$OUTPUT_DIR" --date "$(date -d "$(date +%F) -1 day" +%F)" 2>&1 | tee /tmp/disks.log
