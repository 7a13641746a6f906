"""Where the bucket is, as Hadoop's file systems call it.

Sources: Hadoop 3.4, hadoop-aws and hadoop-azure; GoogleCloudDataproc/hadoop-connectors v3.1, gcs/CONFIGURATION.md.
"""

from typing import Final

from modelyard.files.yaml.marked import derived, in_order
from modelyard.models.spark import Spark
from modelyard.targets.spark_operator.spec import Spec

_GCS: Final = {
    "fs.gs.impl": "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem",
    "fs.AbstractFileSystem.gs.impl": "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFS",
    "fs.gs.auth.type": "APPLICATION_DEFAULT",
}
_AZURE: Final = "dfs.core.windows.net"


def scheme(spec: Spec) -> str:
    """Return the scheme of addresses."""
    own = spec.storage
    return "gs" if own is None or own.gcs else "s3a" if own.s3 else "abfss"


def uri(spec: Spec, spark: Spark, path: str) -> str:
    """Return the address of what the models file calls by its path in the bucket."""
    if ":/" in path:
        return path
    own = spec.storage
    where = f"{spark.bucket}@{own.abfs.account}.{_AZURE}" if own is not None and own.abfs else spark.bucket
    return derived(f"{scheme(spec)}://{where}/{path}", path)


def settings(spec: Spec) -> dict[str, str]:
    """Return Hadoop's settings: who one is comes from the pod's own identity, never from a key in a file."""
    own = spec.storage
    if own is None or own.gcs:
        return dict(_GCS)
    found: dict[str, str] = {}
    if own.s3:
        if own.s3.region:
            found["fs.s3a.endpoint.region"] = own.s3.region
        if own.s3.endpoint:
            found["fs.s3a.endpoint"] = own.s3.endpoint
        if own.s3.pathStyleAccess:
            found["fs.s3a.path.style.access"] = "true"
    elif own.abfs:
        host = f"{own.abfs.account}.{_AZURE}"
        found[f"fs.azure.account.auth.type.{host}"] = "OAuth"
        provider = "org.apache.hadoop.fs.azurebfs.oauth2.WorkloadIdentityTokenProvider"
        found[f"fs.azure.account.oauth.provider.type.{host}"] = provider
    return in_order(found)
