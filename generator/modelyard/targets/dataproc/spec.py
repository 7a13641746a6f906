"""The fields of target dataproc. Limits: the APIs of Dataproc and IAM, v1."""

from typing import Annotated, Final

from pydantic import Field

from modelyard.models.base import Name, PositiveDuration, Quantity, Shape, checked
from modelyard.problems.patterns import pattern

_PROJECT: Final = pattern(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_REGION: Final = pattern(r"[a-z]+-[a-z]+[0-9]+")
_ZONE: Final = pattern(r"[a-z]+-[a-z]+[0-9]+-[a-z]")
_IMAGE: Final = pattern(r"[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z]+[0-9]*)?")
_MACHINE: Final = pattern(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
_ACCOUNT: Final = pattern(r"[a-z][a-z0-9-]{4,28}[a-z0-9]|[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com")
_LABEL: Final = pattern(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE: Final = pattern(r"[a-z0-9_-]{0,63}")


def _project(text: str) -> str | None:
    return None if _PROJECT.fullmatch(text) else "must be a project's id: 6 to 30 lower-case letters, digits and -"


def _region(text: str) -> str | None:
    return None if _REGION.fullmatch(text) else "must be a region, such as europe-west6"


def _zone(text: str) -> str | None:
    return None if _ZONE.fullmatch(text) else "must be a zone, such as europe-west6-b"


def _image(text: str) -> str | None:
    return None if _IMAGE.fullmatch(text) else 'must be a released version, such as "2.2-debian12"'


def _machine(text: str) -> str | None:
    return None if _MACHINE.fullmatch(text) else "must be a machine type, such as n1-standard-4"


def _account(text: str) -> str | None:
    if _ACCOUNT.fullmatch(text):
        return None
    return "must be the id of an account, 6 to 30 lower-case letters, digits and -, or the address of an existing one"


def _label(text: str) -> str | None:
    return None if _LABEL.fullmatch(text) else "must be lower-case letters, digits, _ and -, and begin with a letter"


def _label_value(text: str) -> str | None:
    return None if _LABEL_VALUE.fullmatch(text) else "must be at most 63 lower-case letters, digits, _ and -"


Count = Annotated[int, Field(ge=0, le=10_000)]
GcpLabels = dict[Annotated[str, checked(_label)], Annotated[str, checked(_label_value)]]


class SecondaryWorkers(Shape):
    """Workers without data, which may go at any time."""

    instances: Count = Field(description="How many a run begins with.")
    preemptible: bool = Field(True, description="They cost less, and Google may take them back; false keeps them.")


class AutoscalingPolicy(Shape):
    """Workers by load."""

    min: Annotated[int, Field(ge=2, le=10_000)] = Field(2, description="Workers at least.")
    max: Annotated[int, Field(ge=2, le=10_000)] = Field(description="Workers at most.")
    maxSecondary: Count | None = Field(None, description="Secondary workers at most; none if absent.")
    gracefulDecommissionTimeout: PositiveDuration | None = Field(
        None, description="Time that a worker has to end its work before it goes; 1h if absent."
    )


class Spec(Shape):
    """Jobs on clusters of Google Cloud Dataproc that exist for one run, through Config Connector."""

    name: Name | None = Field(None, description="Name of its objects when the model's own is taken.")
    project: Annotated[str, checked(_project)] = Field(description="Id of the Google Cloud project.")
    region: Annotated[str, checked(_region)] = Field(description="Region of clusters, workflow and schedules.")
    zone: Annotated[str, checked(_zone)] | None = Field(
        None, description="Zone of the clusters; Dataproc looks for one if absent."
    )
    imageVersion: Annotated[str, checked(_image)] = Field(
        "2.2-debian12", description="Version of Dataproc's image; of serverless its first two numbers count."
    )
    machineType: Annotated[str, checked(_machine)] | None = Field(
        None, description="Machine type of master and workers; n1-standard-4 if absent."
    )
    masterMachineType: Annotated[str, checked(_machine)] | None = Field(
        None, description="Machine type of the master, if it is another one."
    )
    workers: Count | None = Field(None, description="Workers: 2 or more; 0 makes a cluster of the master alone.")
    bootDiskSize: Quantity | None = Field(
        None, description="Disk of each machine, in whole Gi; Dataproc's own if absent."
    )
    secondaryWorkers: SecondaryWorkers | None = Field(None, description="Further workers, without data.")
    autoscalingPolicy: AutoscalingPolicy | None = Field(None, description="Workers by load.")
    subnetwork: str | None = Field(None, description="Subnetwork: projects/P/regions/R/subnetworks/NAME.")
    internalIPOnly: bool = Field(False, description="Machines have no address outside of the network.")
    serviceAccount: Annotated[str, checked(_account)] = Field(
        description="Account of the machines: an id, which is created, or the address of an existing account."
    )
    idleDeleteTtl: PositiveDuration = Field("10m", description="A cluster without work is deleted after this time.")
    dagTimeout: PositiveDuration = Field("5h", description="A run is ended after this time.")
    autoDeleteTtl: PositiveDuration = Field("6h", description="A cluster is deleted after this time, working or not.")
    serverless: bool = Field(False, description="Batches of Dataproc Serverless in place of clusters.")
    createBucket: bool = Field(True, description="Render the bucket; false uses an existing one.")
    bucketLocation: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = Field(
        None, description="Location of the bucket, such as EU; the region if absent."
    )
    projectNumber: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="Number of the project: Cloud Storage's own account, which reports uploads, is named after it.",
    )
    labels: GcpLabels | None = Field(None, description="Labels of clusters and batches, such as cost-center.")
    alpha: bool = Field(
        False, description="Render WorkflowsWorkflow too, an alpha kind that Config Connector does not install."
    )
