"""The common ground of all shapes: their configuration, and texts that have a form."""

from collections.abc import Callable
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from modelyard import names


class Shape(BaseModel):
    """A mapping of the models file: known keys only, no conversion of types, built when first used."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True, hide_input_in_errors=True)


def is_mapping(value: object) -> str:
    """Tell which member of a union of a scalar and a mapping is meant: one mistake gives one error."""
    return "mapping" if isinstance(value, dict | Shape) else "scalar"


def checked(rule: Callable[[str], str | None]) -> AfterValidator:
    """Make a validator of a rule of `names`: it raises ValueError with what the rule says."""

    def validate(text: str) -> str:
        if wrong := rule(text):
            raise ValueError(wrong)
        return text

    return AfterValidator(validate)


def _quantity(value: object) -> object:
    # Kubernetes takes bare numbers for quantities; the reader lets only unambiguous ones through.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _absolute(text: str) -> str | None:
    return None if text.startswith("/") and "//" not in text else "must start with one / and hold no //"


def _mount_path(text: str) -> str | None:
    if not text.startswith("/") or ":" in text or text in ("/", "/dev", "/dev/log"):
        return "must be an absolute path without a colon, and not /, /dev or /dev/log"
    return None


JsonObject: TypeAlias = dict[str, JsonValue]
Name = Annotated[
    str, checked(names.dns_1035_label), Field(json_schema_extra={"pattern": "^[a-z]([a-z0-9-]*[a-z0-9])?$"})
]
ObjectName = Annotated[str, checked(names.dns_1123_subdomain)]
Host = Annotated[str, checked(names.host)]
Image = Annotated[str, checked(names.image)]
Duration = Annotated[str, checked(names.duration), Field(json_schema_extra={"pattern": "^[0-9]+[dhms]([0-9]+[hms])*$"})]
Quantity = Annotated[str, BeforeValidator(_quantity, json_schema_input_type=str | int | float), checked(names.quantity)]
Port = Annotated[int, Field(ge=1, le=65535)]
UrlPath = Annotated[str, checked(_absolute)]
MountPath = Annotated[str, checked(_mount_path)]
LabelKey = Annotated[str, checked(names.label_key)]
LabelValue = Annotated[str, checked(names.label_value)]
Labels: TypeAlias = dict[LabelKey, LabelValue]
Annotations: TypeAlias = dict[LabelKey, str]
