"""Score the topics of pages, each night."""
from datetime import datetime

from airflow import DAG
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

ROOT = "/srv/deployment/topics"
PAGES = "topics.pages"

with DAG("topics_daily", start_date=datetime(2024, 1, 1), schedule_interval="30 2 * * *") as dag:
    fit = SparkSubmitOperator(
        task_id="fit",
        application=ROOT + "/jobs/fit_topics.py",
        py_files="jobs/pages.py",
        num_executors=8,
        executor_memory="12g",
        executor_cores=3,
        conf={"spark.executor.memoryOverhead": "2g", "spark.yarn.queue": "default"},
        application_args=["--table", PAGES, "--settings", "config/topics_conf.json"],
    )
    score = SparkSubmitOperator(
        task_id="score",
        application=ROOT + "/jobs/topic_scorer.py",
        files="hdfs:///topics/thresholds.json#thresholds.json",
        max_executors=20,
        application_args=["--table", PAGES] + ["--day", "{{ ds }}", "--settings", "config/topics_conf.json"],
    )
    fit >> score
