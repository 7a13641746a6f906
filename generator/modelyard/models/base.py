"""The common ground of all shapes: their configuration, and texts that have a form."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Annotated, Any, Final, TypeAlias, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
)
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from modelyard.files.yaml import Plain
from modelyard.manifests import names
from modelyard.problems.patterns import pattern


class Shape(BaseModel):
    """A mapping of the models file: known keys only, no conversion of types, built when first used."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True, hide_input_in_errors=True)


def is_mapping(value: object) -> str:
    """Tell which member of a union of a scalar and a mapping is meant: one mistake gives one error."""
    return "mapping" if isinstance(value, dict | Shape) else "scalar"


class Later:
    """A nested shape that is imported and built when a value is there for it; its errors keep their places.

    or_text: a text is taken in its place.
    """

    def __init__(self, module: str, name: str, *, or_text: bool) -> None:
        self.module = module
        self.name = name
        self.or_text = or_text

    def shape(self) -> type[Shape]:
        """Import the shape."""
        return cast("type[Shape]", getattr(import_module(self.module), self.name))

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        """Validate by the shape; pydantic puts the place of this value before the places of its errors."""
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Document the shape itself."""
        self.shape().model_rebuild()
        own = handler(self.shape().__pydantic_core_schema__)
        return {"anyOf": [{"type": "string"}, own]} if self.or_text else own

    def validate(self, value: object) -> object:
        """Return the instance, or the text."""
        if self.or_text and not isinstance(value, dict):
            if isinstance(value, str):
                return value
            raise PydanticKnownError("string_type")
        return self.shape().model_validate(value)


def later(module: str, name: str, *, or_text: bool = False) -> object:
    """Make the annotation of a shape that is built when it is first used."""
    return Annotated[object, Later(module, name, or_text=or_text)]


def checked(rule: Callable[[str], str | None]) -> AfterValidator:
    """Make a validator of a rule of `names`: it raises ValueError with what the rule says."""

    def validate(text: str) -> str:
        if wrong := rule(text):
            raise ValueError(wrong)
        return text

    return AfterValidator(validate)


_DATE: Final = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _unquoted(value: object) -> object:
    # Here a date is what is meant, so it needs no quotes.
    return value.text if isinstance(value, Plain) and _DATE.fullmatch(value.text) else value


def _date(text: str) -> str | None:
    if _DATE.fullmatch(text):
        try:
            date.fromisoformat(text)
        except ValueError:
            return "is not a day of the calendar"
        return None
    return "is not a date such as 2026-12-31"


_SHARE: Final = pattern(r"(?:100(?:\.0{1,3})?|[0-9]{1,2}(?:\.[0-9]{1,3})?)%")


def is_share(text: str) -> bool:
    """Tell whether a text is a share with its sign, from 0% to 100%."""
    return _SHARE.fullmatch(text) is not None


def share(text: str) -> float:
    """Return a share as a number from 0 to 1: that which as many of all give, such as 942 of 1,000 for 94.2%."""
    return float(Decimal(text.removesuffix("%")) / 100)


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
PositiveDuration = Annotated[
    str, checked(names.positive_duration), Field(json_schema_extra={"pattern": "^[0-9]+[dhms]([0-9]+[hms])*$"})
]
Quantity = Annotated[str, BeforeValidator(_quantity, json_schema_input_type=str | int | float), checked(names.quantity)]
Day = Annotated[
    str,
    BeforeValidator(_unquoted, json_schema_input_type=str),
    checked(_date),
    Field(json_schema_extra={"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
]
Port = Annotated[int, Field(ge=1, le=65535)]
UrlPath = Annotated[str, checked(_absolute)]
MountPath = Annotated[str, checked(_mount_path)]
LabelKey = Annotated[str, checked(names.label_key)]
LabelValue = Annotated[str, checked(names.label_value)]
ConfigKey = Annotated[str, checked(names.config_key)]
Labels: TypeAlias = dict[LabelKey, LabelValue]
Annotations: TypeAlias = dict[LabelKey, str]
