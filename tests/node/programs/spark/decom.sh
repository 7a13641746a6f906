#!/bin/bash
# What an executor's preStop hook runs: Spark hands the executor's blocks on when it gets SIGPWR, and then ends it.
# Source of the contract: apache/spark v4.0, resource-managers/kubernetes/docker/src/main/dockerfiles/spark/decom.sh
kill -s PWR 1
for _ in $(seq 20); do kill -0 1 || break; sleep 1; done
