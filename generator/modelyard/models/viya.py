"""What a set says about a SAS Viya deployment: volumes with Python and R for its services, and a restore.

Names of parameters and ConfigMap keys are SAS's own (sas-bases/examples/sas-open-source-config and
sas-bases/examples/restore of a 2023.10 order).
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from modelyard.manifests import names
from modelyard.models.base import ConfigKey, Day, Image, MountPath, PositiveDuration, Quantity, Shape, checked
from modelyard.models.pod import VolumeSource

PythonService = Literal["model-repository", "mas", "cas", "launcher", "compute", "batch", "connect"]
RService = Literal["cas", "launcher", "compute"]
RestoreService = Literal["model-repository", "model-manager"]
Config: TypeAlias = dict[ConfigKey, str]


def _minutes(text: str) -> str | None:
    return None if names.seconds(text) % 60 == 0 else "is not a whole number of minutes"


def _definition(text: str) -> str | None:
    return None if text.count(".") >= 2 else "is not service.definition.version, such as sas.dataserver.common.1"


def _media_type(text: str) -> str | None:
    return None if "." in text else "is not service.mediaType"


def _is_list(value: object) -> str:
    return "list" if isinstance(value, list) else "text"


# Which of them: "*" for all, or a list of names.
Selection = Annotated[Annotated[Literal["*"], Tag("text")] | Annotated[list[str], Tag("list")], Discriminator(_is_list)]


class Mas(Shape):
    """How SAS Micro Analytic Service runs Python."""

    shape: Literal["sidecar", "mount"] = Field(
        "sidecar", description="Run Python in its own sidecar, or from a volume in the service's container."
    )
    config: Config | None = Field(
        None, description="Becomes sas-open-source-config-python-mas; MAS_PYPORT is 31100 if absent."
    )


class VolumeCheck(Shape):
    """A Job that starts Python from the volume and imports `requests`, which the restore script needs."""

    image: Image = Field(description="Any image with the C library that Python on the volume was built for.")
    memory: Quantity = Field("256Mi", description="Memory of its pod.")


class Python(Shape):
    """A volume with Python, for the services named."""

    volume: VolumeSource = Field(description="Any Kubernetes volume source.")
    mountPath: MountPath = Field(description="Where it is mounted, read-only.")
    services: Annotated[list[PythonService], Field(min_length=1)] = Field(description="Services that get it.")
    config: Config | None = Field(None, description="Becomes the ConfigMap sas-open-source-config-python.")
    mas: Mas = Field(default_factory=Mas, description="How SAS Micro Analytic Service runs Python.")
    volumeCheck: VolumeCheck | None = Field(None, description="Render a Job that tries the volume.")


class R(Shape):
    """A volume with R, for the services named."""

    volume: VolumeSource = Field(description="Any Kubernetes volume source.")
    mountPath: MountPath = Field(description="Where it is mounted, read-only.")
    services: Annotated[list[RService], Field(min_length=1)] = Field(description="Services that get it.")
    config: Config | None = Field(None, description="Becomes the ConfigMap sas-open-source-config-r.")


class Restore(Shape):
    """A restore or migration of model content. The service does it at each start while its parameters are there."""

    service: RestoreService = Field(description="Which service reads the parameters: it depends on the release.")
    until: Day | None = Field(None, description="Last day of the restore; after it the file is refused.")
    backupId: Annotated[str, Field(min_length=1)] = Field(description="SAS_BACKUP_ID.")
    startMode: Literal["RESTORE", "MIGRATION"] = Field(description="SAS_DEPLOYMENT_START_MODE.")
    logLevel: str | None = Field(None, description="SAS_LOG_LEVEL, such as DEBUG.")
    jobTimeout: Annotated[PositiveDuration, checked(_minutes)] | None = Field(
        None, description="JOB_TIME_OUT, in whole minutes, such as 24h."
    )
    definitionFilter: dict[Annotated[str, checked(_definition)], Selection] | None = Field(
        None, description="RESTORE_DEFINITION_FILTER: service.definition.version, and * or a list of names."
    )
    configurationFilter: dict[Annotated[str, checked(_media_type)], Selection] | None = Field(
        None, description="RESTORE_CONFIGURATION_FILTER: service.mediaType, and * or a list of names."
    )
    parameters: Config | None = Field(None, description="Any other key of sas-restore-job-parameters.")


class Viya(Shape):
    """Content of a SAS Viya deployment's site-config."""

    python: Python | None = Field(None, description="A volume with Python.")
    r: R | None = Field(None, description="A volume with R.")
    restore: Restore | None = Field(None, description="A restore or migration of model content.")
