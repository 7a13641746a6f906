"""The fields of target spark-operator (kubeflow/spark-operator v2.5.2, api/v1beta2)."""

from typing import Annotated, Final, Literal

from pydantic import Field

from modelyard.models.base import Image, JsonObject, Name, PositiveDuration, Quantity, Shape, checked
from modelyard.problems.patterns import pattern

_VERSION: Final = pattern(r"[0-9]+\.[0-9]+\.[0-9]+")
_REGION: Final = pattern(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_ACCOUNT: Final = pattern(r"[a-z0-9]{3,24}")
_ENDPOINT: Final = pattern(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")


def _version(text: str) -> str | None:
    return None if _VERSION.fullmatch(text) else 'must be a version of Spark, such as "4.0.4"'


def _region(text: str) -> str | None:
    return None if _REGION.fullmatch(text) else "must be an AWS region, such as eu-central-1"


def _account(text: str) -> str | None:
    return None if _ACCOUNT.fullmatch(text) else "must be 3 to 24 lower-case letters and digits"


def _endpoint(text: str) -> str | None:
    return None if _ENDPOINT.fullmatch(text) else "must be an address without a path, such as https://minio.example.com"


Count = Annotated[int, Field(ge=0, le=100_000)]


class Executors(Shape):
    """How many executors: as many as work there is, between two bounds."""

    min: Count = Field(1, description="Executors at least; as many in all runs where max is absent.")
    max: Annotated[int, Field(ge=1, le=100_000)] | None = Field(None, description="Executors at most.")


class S3(Shape):
    """A bucket of Amazon S3, or of a store that speaks its protocol."""

    region: Annotated[str, checked(_region)] | None = Field(None, description="AWS region of the bucket.")
    endpoint: Annotated[str, checked(_endpoint)] | None = Field(None, description="Address of a store of one's own.")
    pathStyleAccess: bool = Field(False, description="The bucket stands in the path, and not in the host's name.")


class Gcs(Shape):
    """A bucket of Google Cloud Storage. The image needs the connector for Hadoop."""


class Abfs(Shape):
    """A container of Azure Data Lake Storage."""

    account: Annotated[str, checked(_account)] = Field(description="Name of the storage account.")


class Storage(Shape):
    """Where the bucket is. Exactly one; gcs if absent."""

    gcs: Gcs | None = Field(None, description="Google Cloud Storage: gs://BUCKET.")
    s3: S3 | None = Field(None, description="Amazon S3, or what speaks its protocol: s3a://BUCKET.")
    abfs: Abfs | None = Field(None, description="Azure Data Lake Storage: abfss://BUCKET@ACCOUNT.dfs.core.windows.net.")


class Spec(Shape):
    """Jobs of Spark in pods, through the Spark operator."""

    name: Name | None = Field(None, description="Name of its objects when the model's own is taken.")
    image: Image = Field(description="Image with Spark and Python, of driver and executors.")
    sparkVersion: Annotated[str, checked(_version)] = Field(description='Version of Spark in the image: "4.0.4".')
    executors: Executors | None = Field(None, description="How many executors; Spark's own 2 if absent.")
    memoryOverhead: Quantity | None = Field(None, description="Memory of each pod besides that of Java.")
    storage: Storage | None = Field(None, description="Where the bucket is.")
    restartPolicy: Literal["Never", "OnFailure"] = Field("Never", description="What is done when a run fails.")
    retries: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="How often a run that failed is started again; 3 if absent. Only with OnFailure."
    )
    retryInterval: PositiveDuration | None = Field(None, description="Time between them; 1m if absent.")
    concurrencyPolicy: Literal["Allow", "Forbid", "Replace"] = Field(
        "Forbid", description="What happens at a time of the schedule when the last run still goes on."
    )
    successfulRunHistoryLimit: Annotated[int, Field(ge=0, le=1000)] = Field(3, description="Runs that are kept.")
    failedRunHistoryLimit: Annotated[int, Field(ge=0, le=1000)] = Field(3, description="Failed runs that are kept.")
    hadoopConf: dict[str, str] | None = Field(None, description="Settings of Hadoop.")
    beside: Name | None = Field(
        None, description="Model of this set that stands beside each executor, so that scoring needs no endpoint."
    )
    batchScheduler: Literal["kube-scheduler", "volcano", "yunikorn"] | None = Field(
        None, description="What places the pods; Kubernetes' own scheduler if absent."
    )
    batchSchedulerOptions: JsonObject | None = Field(None, description="Its options, such as queue.")
