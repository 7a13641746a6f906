#!/bin/bash
# Runs both jobs on the old cluster.
CONFIG=demo-config.yml
export GOOGLE_APPLICATION_CREDENTIALS=./migrate-key.json
spark-submit --master yarn --deploy-mode client \
  --num-executors 4 --executor-cores 2 --executor-memory 4g \
  --driver-memory 2g --queue risk \
  --files "$CONFIG" \
  train.py --configfile ./$CONFIG
spark-submit --master yarn --deploy-mode client \
  --num-executors 4 --executor-cores 2 --executor-memory 4g \
  --driver-memory 2g --queue risk --files "$CONFIG" \
  score.py --configfile ./$CONFIG
