export COURSE_STAGE=qa
spark-submit --master yarn --deploy-mode cluster \
  --py-files lib.zip \
  --files conf/spark.conf,conf/broker.conf,log4j.properties \
  --driver-memory 3G \
  --conf spark.sql.shuffle.partitions=800
  ChurnDemo.py data/calls.csv
