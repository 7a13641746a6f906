"""What SageMaker runs, and how it is called: model data, containers, asynchronous inference.

Limits: the SageMaker API (botocore 1.44, service-2.json).
"""

from typing import Annotated, Literal

from pydantic import Field

from modelyard.models.base import Image, Shape
from modelyard.targets.sagemaker.texts import S3, Archive, Hostname, KmsKey, ModelData, Topic

NotificationTopic = Literal["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"]


class ModelAccessConfig(Shape):
    """Whether a licence is accepted."""

    acceptEula: bool = Field(description="true accepts the licence of the model.")


class S3DataSource(Shape):
    """Model data in S3."""

    s3URI: ModelData = Field(description="S3 address; a prefix ends with /.")
    s3DataType: Literal["S3Object", "S3Prefix"] = Field(description="One object, or all below a prefix.")
    compressionType: Literal["None", "Gzip"] = Field(description="How it is compressed; None for a prefix.")
    modelAccessConfig: ModelAccessConfig | None = Field(
        None, description="Whether the licence of the model is accepted."
    )


class ModelDataSource(Shape):
    """Where model data is that is no archive."""

    s3DataSource: S3DataSource = Field(description="Model data in S3.")


class Container(Shape):
    """One of several containers."""

    name: Hostname = Field(description="Name, by which it is called with mode Direct.")
    image: Image = Field(description="Image in Amazon ECR.")
    env: dict[str, str] | None = Field(None, description="Environment, over that of the target and the model.")
    modelDataURL: Archive | None = Field(
        None, description="Archive with the ending .tar.gz, which is unpacked to /opt/ml/model."
    )
    modelDataSource: ModelDataSource | None = Field(None, description="Model data in any other form.")


Containers = Annotated[list[Container], Field(min_length=2, max_length=15)]


class InferenceExecutionConfig(Shape):
    """How several containers are run."""

    mode: Literal["Serial", "Direct"] = Field(description="One after the other, or the one that a call names.")


class Async(Shape):
    """Asynchronous inference: calls and answers are in S3, and calls wait in a queue."""

    output: S3 = Field(description="Where answers are kept.")
    failure: S3 | None = Field(None, description="Where the answers of failed calls are kept.")
    kmsKeyID: KmsKey | None = Field(None, description="Key that S3 encrypts answers with.")
    maxConcurrency: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="Calls at once on an instance; SageMaker decides if absent."
    )
    successTopic: Topic | None = Field(None, description="SNS topic that is told of each answer.")
    errorTopic: Topic | None = Field(None, description="SNS topic that is told of each failed call.")
    includeInferenceResponseIn: Annotated[list[NotificationTopic], Field(min_length=1, max_length=2)] | None = Field(
        None, description="Topics whose messages hold the answer itself, where it is small."
    )
