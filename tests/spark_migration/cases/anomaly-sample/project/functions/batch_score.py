"""Start the scoring job when data has arrived."""

from google.cloud import dataproc_v1

CLUSTER = {
    "project_id": "example-analytics",
    "cluster_name": "score-demo",
    "config": {
        "gce_cluster_config": {
            "zone_uri": "europe-west6-b",
            "metadata": {"PIP_PACKAGES": "PyYAML==5.3.1 numpy==1.19.4 pyspark==3.0.1"},
        },
        "master_config": {"num_instances": 1, "machine_type_uri": "n1-standard-4"},
        "worker_config": {"num_instances": 2, "machine_type_uri": "n1-standard-4"},
        "software_config": {"image_version": "preview-debian10"},
        "initialization_actions": [
            {"executable_file": "gs://goog-dataproc-initialization-actions-europe-west6/python/pip-install.sh"}
        ],
    },
}
JOB = {
    "reference": {"job_id": "Score_Demo"},
    "placement": {"cluster_name": "score-demo"},
    "pyspark_job": {"main_python_file_uri": "gs://network-migrate/model/score.py"},
}


def batch_score(event, context):
    """Make the cluster, and submit the job."""
    if event["name"].endswith("_val_processed.parquet/_SUCCESS"):
        clusters = dataproc_v1.ClusterControllerClient()
        clusters.create_cluster(project_id="example-analytics", region="europe-west6", cluster=CLUSTER)
        dataproc_v1.JobControllerClient().submit_job(project_id="example-analytics", region="europe-west6", job=JOB)
