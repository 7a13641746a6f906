"""MY90 to MY92: migration of Spark projects."""

from typing import Final

from modelyard.problems.codes.code import Code

MIGRATION: Final[dict[str, Code]] = {
    "MY901": Code(
        "No project to migrate",
        "A job is a Python file that spark-submit runs, or that makes a SparkSession or SparkContext below "
        "`if __name__`. Nothing is run or imported: files are read alone.",
    ),
    "MY902": Code(
        "It is not sure which job this is",
        "Which job trains and which scores follows from their names, and from what they call. --train and --score name "
        "them.",
        "warning",
    ),
    "MY903": Code(
        "A master that leaves the cluster unused",
        "What a program or its configuration sets as master wins over the cluster's own. With local[*] the whole job "
        "runs on one machine, and the workers are paid for and idle; spark:// and mesos:// lead to another cluster.",
        "warning",
    ),
    "MY904": Code(
        "pyspark installed over the cluster's own",
        "The image of a cluster has Spark, and the pyspark of the same version. Another one from PyPI shadows it: "
        "versions differ between driver and executors, and connectors of the image are missing.",
        "warning",
    ),
    "MY905": Code(
        "An address in HDFS",
        "A cluster that lives for one job has an HDFS of its own, which is empty and goes with it. Data lies in a "
        "bucket: gs://BUCKET/PATH.",
        "warning",
        several=True,
    ),
    "MY906": Code(
        "A Hive metastore",
        "A cluster that lives for one job has an empty metastore. Tables are read as files from the bucket, or from a "
        "Dataproc Metastore service that the cluster is attached to.",
        "warning",
        several=True,
    ),
    "MY907": Code(
        "A key file, or Kerberos",
        "On the cluster a job is the service account of the machines, and needs no key: whoever has a key file is that "
        "account anywhere. Kerberos of the old cluster is not known there.",
        "warning",
        several=True,
    ),
    "MY908": Code(
        "A file with a credential",
        "It is left out of the plan of what is uploaded, and nothing of it is shown. Keep the credential in a secret "
        "store, and let the job read it from there.",
        "warning",
    ),
    "MY909": Code(
        "Python 2, or no Python at all",
        "Images of clusters have Python 3 alone. A file that is no Python 3 is not looked into any further.",
        "warning",
        several=True,
    ),
    "MY910": Code(
        "An API that Spark has removed",
        "The job stops where it is used. The message names the version.",
        "warning",
        several=True,
    ),
    "MY911": Code(
        "An API that Spark has deprecated", "It works for now. The message names the version.", "note", several=True
    ),
    "MY912": Code(
        "A path on one machine",
        "Driver and executors are other machines, which do not have this file. A path without a scheme is looked for "
        "in the cluster's own HDFS, which is empty. Data lies in the bucket; small files that belong to the job are "
        "listed under `files`, and lie beside it.",
        "warning",
        several=True,
    ),
    "MY913": Code(
        "A variable that nobody sets on the cluster",
        "What a shell sets before spark-submit does not reach the machines of a cluster. Pass it as an argument of the "
        "job.",
        "warning",
        several=True,
    ),
    "MY914": Code(
        "A preview image",
        "Preview images change and go without notice. Name a released one by its version and system: 2.2-debian12.",
        "warning",
    ),
    "MY915": Code(
        "A fixed name of a job or cluster",
        "A second run conflicts with the first while it lasts. Names of what runs once are made for each run.",
        "warning",
        several=True,
    ),
    "MY916": Code(
        "Another bucket",
        "The project names a bucket that is not the one of this model. If the job reads and writes there, the service "
        "account needs access to it; if it is a former name, change it.",
        "warning",
        several=True,
    ),
    "MY917": Code(
        "A setting of the old cluster",
        "Queues, labels of nodes and addresses belong to the cluster that the project leaves. A cluster that runs one "
        "job has no queues.",
        "note",
        several=True,
    ),
    "MY918": Code(
        "A file that was not looked into",
        "Links that lead out of the project are not followed, and very large files and what is no text are not read.",
        "note",
    ),
    "MY919": Code(
        "A value that the project does not say",
        "The models file has a stand-in there, which is valid and is nobody's. Put in your own.",
        "warning",
    ),
    "MY920": Code(
        "A file that is not there",
        "A call names it, and the project does not have it: it is made by a build, or lies elsewhere. The models file "
        "does not list it.",
        "warning",
        several=True,
    ),
    "MY921": Code(
        "A call that is not understood",
        "Shell is read, and not run: what a variable, a function or a command gives at run time is not known.",
        "note",
        several=True,
    ),
    "MY922": Code(
        "A package that is loaded when the job starts",
        "Packages of Maven are fetched by each run, which needs a way to the internet from the cluster. Their Scala "
        "and Spark versions must be those of the image.",
        "note",
        several=True,
    ),
    "MY923": Code("A file that is already there", "It is not replaced unless --replace says so. Nothing was written."),
}
