"""EndpointConfigs that others wrote: what SageMaker refuses, and ACK's definition leaves open.

Source: AWS SageMaker API reference 2017-07-24, CreateEndpointConfig and ProductionVariant.
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.check.finding import Found, Path, items, text
from modelyard.check.rules.refused.tree import Tables

_CODE: Final = "MY369"
# Field of a variant -> least and most.
_RANGES: Final = {
    "containerStartupHealthCheckTimeoutInSeconds": (60, 3600),
    "initialInstanceCount": (0, None),
    "initialVariantWeight": (0, None),
    "modelDataDownloadTimeoutInSeconds": (60, 3600),
    "volumeSizeInGB": (1, 512),
}


def _variants(path: Path, variants: Any) -> Iterator[Found]:
    """Find numbers of variants out of their range, and variants of one name."""
    names: dict[str, Path] = {}
    for i, variant in items(variants):
        name, where = text(variant.get("variantName")), (*path, i, "variantName")
        if name in names:
            message = f"a second variant is called {name}"
            yield Found(message, "give it another name", where, names[name], "the first", _CODE)
        names.setdefault(name, where)
        for key, (least, most) in _RANGES.items():
            value = variant.get(key)
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if value < least or (most is not None and value > most):
                hint = f"SageMaker takes {least} to {most}" if most else f"SageMaker takes at least {least}"
                yield Found(f"{key} {value} is out of range", hint, (*path, i, key), code=_CODE)


TABLES: Final[Tables] = {
    ("sagemaker.services.k8s.aws", "EndpointConfig"): ({"spec/productionVariants": (_variants,)},),
}
