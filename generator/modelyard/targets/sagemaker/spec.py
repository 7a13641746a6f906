"""The fields of target sagemaker. Limits: the SageMaker API (botocore 1.44, service-2.json)."""

from typing import Annotated, Literal

from pydantic import Field

from modelyard.models.base import Duration, Image, Name, Quantity, Shape
from modelyard.targets.sagemaker.serving import Async, Containers, InferenceExecutionConfig, ModelDataSource
from modelyard.targets.sagemaker.texts import (
    S3,
    Alarms,
    Archive,
    CaptureMode,
    ContentTypes,
    Ids,
    InstanceType,
    KmsKey,
    Percent,
    Region,
    Role,
    Tags,
)


class Autoscale(Shape):
    """Instances by load: a ScalableTarget and a ScalingPolicy of Application Auto Scaling."""

    min: Annotated[int, Field(ge=1)] = Field(1, description="Instances at least.")
    max: Annotated[int, Field(ge=1)] = Field(description="Instances at most.")
    invocationsPerInstance: Annotated[int, Field(ge=1)] = Field(
        description="Calls a minute that it aims at on each instance."
    )


class Serverless(Shape):
    """Capacity by the call, in place of instances."""

    memory: Quantity = Field(description="1024Mi to 6144Mi, in steps of 1024Mi.")
    maxConcurrency: Annotated[int, Field(ge=1, le=200)] = Field(description="Calls at once at most.")


class Canary(Shape):
    """How calls move to a new configuration: first a part of the capacity, then all of it."""

    # API_TrafficRoutingConfig: at most 50 % of the variant's instances, a wait of at most an hour.
    percent: Annotated[int, Field(ge=1, le=50)] = Field(description="Part of the new capacity that gets calls first.")
    wait: Duration = Field(description="Time until the rest follows, at most 1h.")
    alarms: Alarms | None = Field(None, description="CloudWatch alarms; one that goes off moves all calls back.")


class CapacitySize(Shape):
    """A part of the instances."""

    type: Literal["INSTANCE_COUNT", "CAPACITY_PERCENT"] = Field(description="What is counted.")
    value: Annotated[int, Field(ge=1)] = Field(description="How many, or how many percent.")


class RollingUpdate(Shape):
    """How instances move to a new configuration: batch by batch, so that few run twice."""

    # API_RollingUpdatePolicy
    maximumBatchSize: CapacitySize = Field(description="Size of a batch: 5 to 50 percent of the instances.")
    waitInterval: Duration = Field("5m", description="Time in which alarms watch each batch, at most 1h.")
    maximumExecutionTimeout: Duration | None = Field(None, description="Time for all batches: 10m to 8h.")
    rollbackMaximumBatchSize: CapacitySize | None = Field(
        None, description="Size of a batch in a rollback; all at once if absent."
    )
    alarms: Alarms | None = Field(None, description="CloudWatch alarms; one that goes off moves all calls back.")


class Vpc(Shape):
    """The network of one's own that the containers reach."""

    securityGroupIDs: Annotated[Ids, Field(max_length=5)] = Field(description="Ids of security groups.")
    subnets: Annotated[Ids, Field(max_length=16)] = Field(description="Ids of subnets.")


class CapturedTypes(Shape):
    """Which content types are kept as text; all others are kept as base64."""

    csv: ContentTypes | None = Field(None, description="Types that are CSV, such as text/csv.")
    json_: ContentTypes | None = Field(None, alias="json", description="Types that are JSON, such as application/json.")


class DataCapture(Shape):
    """Calls and answers that are kept in S3."""

    destinationS3URI: S3 = Field(description="Where they are kept.")
    initialSamplingPercentage: Percent = Field(100, description="Percent of the calls.")
    captureModes: Annotated[list[CaptureMode], Field(min_length=1, max_length=2)] | None = Field(
        None, description="What is kept of a call; both if absent."
    )
    kmsKeyID: KmsKey | None = Field(None, description="Key that S3 encrypts them with.")
    contentTypes: CapturedTypes | None = Field(
        None, description="Content types that are kept as text; json: [application/json] if absent."
    )


class Spec(Shape):
    """A real-time endpoint of Amazon SageMaker, through the AWS controllers for Kubernetes (ACK)."""

    name: Name | None = Field(
        None, description="Name of the endpoint when the model's own is taken in the region and account."
    )
    region: Region = Field(description="AWS region of the endpoint.")
    executionRoleARN: Role = Field(description="IAM role that SageMaker assumes: it pulls the image and writes logs.")
    image: Image | None = Field(
        None, description="Image in Amazon ECR that answers /ping and /invocations on 8080; the model's own if absent."
    )
    env: dict[str, str] | None = Field(None, description="Environment on SageMaker alone, over that of the model.")
    modelDataURL: Archive | None = Field(
        None, description="Archive with the ending .tar.gz, which is unpacked to /opt/ml/model."
    )
    modelDataSource: ModelDataSource | None = Field(None, description="Model data in any other form.")
    containers: Containers | None = Field(
        None, description="Several containers in place of the image: a pipeline, or each to be called by its name."
    )
    inferenceExecutionConfig: InferenceExecutionConfig | None = Field(
        None, description="How several containers are run; as a pipeline if absent."
    )
    instanceType: InstanceType | None = Field(None, description="Instance type, such as ml.m5.large.")
    instances: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Instances of a new variant; 1 if absent, or autoscale.min."
    )
    autoscale: Autoscale | None = Field(None, description="Instances by load.")
    serverless: Serverless | None = Field(None, description="In place of instanceType, instances and autoscale.")
    canary: Canary | None = Field(None, description="Move calls to a new configuration in two steps.")
    rollingUpdate: RollingUpdate | None = Field(None, description="Move instances to a new configuration in batches.")
    async_: Async | None = Field(
        None, alias="async", description="Asynchronous inference: calls wait in a queue, answers go to S3."
    )
    modelDataDownloadTimeout: Duration | None = Field(
        None, description="Time for fetching the model data: 60s to 1h; SageMaker decides if absent."
    )
    startupTimeout: Duration | None = Field(
        None, description="Time in which /ping must answer after a start: 60s to 1h; 8 minutes if absent."
    )
    vpc: Vpc | None = Field(None, description="Your VPC, which the containers can reach.")
    networkIsolation: bool = Field(False, description="Containers can make no call to the outside.")
    kmsKeyID: KmsKey | None = Field(None, description="Key that encrypts the instances' storage.")
    dataCapture: DataCapture | None = Field(None, description="Keep calls and answers in S3.")
    tags: Tags | None = Field(None, description="AWS tags of the Model, EndpointConfig and Endpoint.")
