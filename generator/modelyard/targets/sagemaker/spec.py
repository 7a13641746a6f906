"""The fields of target sagemaker. Limits and patterns: the SageMaker API (botocore 1.44, service-2.json)."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field

from modelyard.models.shape import Duration, Image, Name, Quantity, Shape, checked

Wrong = str | None  # what is wrong with a text

_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_ROLE: Final = re.compile(r"arn:aws[a-z\-]*:iam::[0-9]{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_INSTANCE_TYPE: Final = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_KEY: Final = re.compile(r"[a-zA-Z0-9:/_-]+")
_S3: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_ID: Final = re.compile(r"[-0-9a-zA-Z]{1,32}")
_TAG: Final = re.compile(r"[\w .:/=+\-@]*")
_ALARM: Final = re.compile(r"(?!\s*$).{1,255}")


def _region(text: str) -> Wrong:
    return None if _REGION.fullmatch(text) else "is not a region such as eu-west-1"


def _role(text: str) -> Wrong:
    return None if _ROLE.fullmatch(text) else "is not the ARN of a role, such as arn:aws:iam::123456789012:role/scoring"


def _instance_type(text: str) -> Wrong:
    return None if _INSTANCE_TYPE.fullmatch(text) else "is not an instance type such as ml.m5.large"


def _key(text: str) -> Wrong:
    known = len(text) <= 2048 and _KEY.fullmatch(text)
    return None if known else "is not a KMS key: write its id, ARN or alias"


def _s3(text: str) -> Wrong:
    known = len(text) <= 512 and _S3.fullmatch(text)
    return None if known else "is not an address such as s3://bucket/prefix, of at most 512 characters"


def _id(text: str) -> Wrong:
    return None if _ID.fullmatch(text) else "is not an id such as sg-0123456789abcdef0 or subnet-0123456789abcdef0"


def _tag_key(text: str) -> Wrong:
    if text.lower().startswith("aws:"):
        return "starts with aws:, which AWS keeps for itself"
    known = 1 <= len(text) <= 128 and _TAG.fullmatch(text)
    return None if known else "must be 1 to 128 letters, digits, blanks and _.:/=+-@"


def _tag_value(text: str) -> Wrong:
    known = len(text) <= 256 and _TAG.fullmatch(text)
    return None if known else "must be at most 256 letters, digits, blanks and _.:/=+-@"


def _alarm(text: str) -> Wrong:
    return None if _ALARM.fullmatch(text) else "is not the name of an alarm, of at most 255 characters"


KmsKey = Annotated[str, checked(_key)]
Tags = Annotated[dict[Annotated[str, checked(_tag_key)], Annotated[str, checked(_tag_value)]], Field(max_length=50)]
Ids = Annotated[list[Annotated[str, checked(_id)]], Field(min_length=1)]
CaptureMode = Literal["Input", "Output"]
Percent = Annotated[int, Field(ge=1, le=100)]


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
    percent: Annotated[int, Field(ge=1, le=50)] = Field(description="Part of the new capacity that goes first.")
    wait: Duration = Field(description="Time until the rest follows, at most 1h.")
    alarms: Annotated[list[Annotated[str, checked(_alarm)]], Field(min_length=1, max_length=10)] | None = Field(
        None, description="CloudWatch alarms; one that goes off moves all calls back."
    )


class Vpc(Shape):
    """The network of one's own that the containers reach."""

    securityGroupIDs: Annotated[Ids, Field(max_length=5)] = Field(description="Ids of security groups.")
    subnets: Annotated[Ids, Field(max_length=16)] = Field(description="Ids of subnets.")


class DataCapture(Shape):
    """Calls and answers that are kept in S3."""

    destinationS3URI: Annotated[str, checked(_s3)] = Field(description="Where they are kept.")
    initialSamplingPercentage: Percent = Field(100, description="Percent of the calls.")
    captureModes: Annotated[list[CaptureMode], Field(min_length=1, max_length=2)] | None = Field(
        None, description="What is kept of a call; both if absent."
    )
    kmsKeyID: KmsKey | None = Field(None, description="Key that S3 encrypts them with.")


class Spec(Shape):
    """A real-time endpoint of Amazon SageMaker, through the AWS controllers for Kubernetes (ACK)."""

    name: Name | None = Field(
        None, description="Name of the endpoint when the model's own is taken in the region and account."
    )
    region: Annotated[str, checked(_region)] = Field(description="AWS region of the endpoint.")
    executionRoleARN: Annotated[str, checked(_role)] = Field(
        description="IAM role that SageMaker takes on: it pulls the image and writes logs."
    )
    image: Image | None = Field(
        None, description="Image in Amazon ECR that answers /ping and /invocations on 8080; the model's own if absent."
    )
    instanceType: Annotated[str, checked(_instance_type)] | None = Field(
        None, description="Instance type, such as ml.m5.large."
    )
    instances: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Instances of a new variant; 1 if absent, or autoscale.min."
    )
    autoscale: Autoscale | None = Field(None, description="Instances by load.")
    serverless: Serverless | None = Field(None, description="In place of instanceType, instances and autoscale.")
    canary: Canary | None = Field(None, description="Move calls to a new configuration in two steps.")
    startupTimeout: Duration | None = Field(
        None, description="Time in which /ping must answer after a start: 60s to 1h; 8 minutes if absent."
    )
    vpc: Vpc | None = Field(None, description="Network of one's own that the containers reach.")
    networkIsolation: bool = Field(False, description="Containers can make no call to the outside.")
    kmsKeyID: KmsKey | None = Field(None, description="Key that encrypts the instances' storage.")
    dataCapture: DataCapture | None = Field(None, description="Keep calls and answers in S3.")
    tags: Tags | None = Field(None, description="AWS tags of the Model, EndpointConfig and Endpoint.")
