"""MY26: jobs of Spark, and the targets that run them."""

from typing import Final

from modelyard.problems.codes.code import Code

SPARK: Final[dict[str, Code]] = {
    "MY260": Code(
        "The fields of a Spark model",
        "A model of runtime spark declares jobs under `spark`, at least one of train and score. It has no image, no "
        "path and no variants, because nothing calls it. `spark` is only for this runtime.",
    ),
    "MY261": Code(
        "A trigger that cannot work",
        "A trigger has an object or a schedule, and names a job that is declared. A time zone belongs to a schedule. "
        "spark-operator sees no bucket, so only schedules start jobs there.",
    ),
    "MY262": Code(
        "Output that starts its own job",
        "What a job writes would match a trigger, which would start the next run, without end. Write to a folder that "
        "no trigger matches.",
    ),
    "MY263": Code(
        "A setting that the target decides",
        "The target sets this itself, or its webhook refuses it (kubeflow/spark-operator v2.5.2, internal/webhook/"
        "sparkconf_validator.go). spark.master in a job's settings would take its work off the cluster.",
    ),
    "MY264": Code(
        "A lifetime outside its limits",
        "Dataproc takes idleDeleteTtl from 5m to 14d, autoDeleteTtl from 10m to 14d and dagTimeout from 10m to 1d "
        "(LifecycleConfig and WorkflowTemplate of its API). autoDeleteTtl ends running jobs, so it is longer than "
        "dagTimeout.",
    ),
    "MY265": Code(
        "A kind that most clusters do not have",
        "Config Connector does not install its v1alpha1 kinds. An administrator installs and updates them by hand; "
        "without that, the API server knows no such kind. Leave `alpha` out to deploy the workflow with gcloud.",
        "warning",
        ignorable=True,
    ),
    "MY266": Code(
        "A name that Google Cloud refuses",
        "Ids of service accounts have 6 to 30 lower-case letters, digits and -. Cluster names have at most 35 "
        "characters in a workflow template, job steps 3 to 50.",
    ),
    "MY267": Code(
        "A field that exists only with pods",
        "Dataproc starts virtual machines, not pods. Fields of pods mean nothing there.",
    ),
    "MY268": Code(
        "A region and a zone that do not fit",
        "A zone of Compute Engine is its region and a letter, as in europe-west6-b of europe-west6.",
    ),
    "MY269": Code(
        "Jobs that nothing starts",
        "No trigger names this job. Start it with `modelyard run`.",
        "warning",
        ignorable=True,
    ),
    "MY270": Code(
        "An executor that fits on no worker",
        'YARN gives executors about 80 % of a machine\'s memory (Google Cloud, "Cluster sizing"). Spark adds the '
        "larger of 384 MiB and 10 % to an executor's memory. What no machine can hold does not start.",
        "warning",
        ignorable=True,
    ),
}
