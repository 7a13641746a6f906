"""Texts of target sagemaker that have a form. Patterns: the SageMaker API (botocore 1.44, service-2.json)."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field

from modelyard.models.base import checked

Wrong = str | None  # what is wrong with a text

_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_ROLE: Final = re.compile(r"arn:aws[a-z\-]*:iam::[0-9]{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_INSTANCE_TYPE: Final = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_KEY: Final = re.compile(r"[a-zA-Z0-9:/_-]+")
_S3: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_ID: Final = re.compile(r"[-0-9a-zA-Z]{1,32}")
_TAG: Final = re.compile(r"[\w .:/=+\-@]*")
_ALARM: Final = re.compile(r"(?!\s*$).{1,255}")
_TOPIC: Final = re.compile(r"arn:aws[a-z\-]*:sns:[a-z0-9\-]*:[0-9]{12}:[a-zA-Z0-9_.-]+")
_HOSTNAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_CONTENT_TYPE: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*/[a-zA-Z0-9](-*[a-zA-Z0-9.])*")
_MODEL_DATA: Final = re.compile(r"(https|s3)://[^/]+/?.*")


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


def _topic(text: str) -> Wrong:
    known = len(text) <= 2048 and _TOPIC.fullmatch(text)
    return None if known else "is not the ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:scored"


def _hostname(text: str) -> Wrong:
    return None if _HOSTNAME.fullmatch(text) else "must be at most 63 letters, digits and -, with no - at its ends"


def _content_type(text: str) -> Wrong:
    known = len(text) <= 256 and _CONTENT_TYPE.fullmatch(text)
    return None if known else "is not a content type such as text/csv, of letters, digits and -"


def _model_data(text: str) -> Wrong:
    known = len(text) <= 1024 and _MODEL_DATA.fullmatch(text)
    return None if known else "is not an address such as s3://bucket/model.tar.gz, of at most 1024 characters"


def _archive(text: str) -> Wrong:
    wrong = None if text.endswith(".tar.gz") else "must end with .tar.gz: use modelDataSource for other data"
    return _model_data(text) or wrong


Region = Annotated[str, checked(_region)]
Role = Annotated[str, checked(_role)]
InstanceType = Annotated[str, checked(_instance_type)]
S3 = Annotated[str, checked(_s3)]
Topic = Annotated[str, checked(_topic)]
Alarm = Annotated[str, checked(_alarm)]
Alarms = Annotated[list[Alarm], Field(min_length=1, max_length=10)]
Hostname = Annotated[str, checked(_hostname)]
ContentTypes = Annotated[list[Annotated[str, checked(_content_type)]], Field(min_length=1, max_length=10)]
ModelData = Annotated[str, checked(_model_data)]
Archive = Annotated[str, checked(_archive)]
KmsKey = Annotated[str, checked(_key)]
Tags = Annotated[dict[Annotated[str, checked(_tag_key)], Annotated[str, checked(_tag_value)]], Field(max_length=50)]
Ids = Annotated[list[Annotated[str, checked(_id)]], Field(min_length=1)]
CaptureMode = Literal["Input", "Output"]
Percent = Annotated[int, Field(ge=1, le=100)]
