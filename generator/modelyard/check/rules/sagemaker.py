"""EndpointConfigs that others wrote: what SageMaker refuses, and ACK's definition leaves open.

Source: AWS SageMaker API reference 2017-07-24, CreateEndpointConfig and ProductionVariant.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from modelyard.check.finding import Cluster, Finding, Path, at, items, text
from modelyard.manifests.manifest import Manifest

# Field of a variant -> least and most.
_RANGES: Final = {
    "containerStartupHealthCheckTimeoutInSeconds": (60, 3600),
    "initialInstanceCount": (0, None),
    "initialVariantWeight": (0, None),
    "modelDataDownloadTimeoutInSeconds": (60, 3600),
    "volumeSizeInGB": (1, 512),
}


def endpoint_configs(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find numbers of variants out of their range, and variants of one name."""
    for index, manifest in enumerate(manifests):
        if (manifest.group, manifest.kind) != ("sagemaker.services.k8s.aws", "EndpointConfig"):
            continue
        names: dict[str, Path] = {}
        for i, variant in items(at(manifest.body, "spec").get("productionVariants")):
            path: Path = ("spec", "productionVariants", i)
            name, where = text(variant.get("variantName")), (*path, "variantName")
            if name in names:
                message = f"a second variant is called {name}"
                yield Finding("MY369", message, "give it another name", index, where, names[name], "the first")
            names.setdefault(name, where)
            for key, (least, most) in _RANGES.items():
                value = variant.get(key)
                if isinstance(value, bool) or not isinstance(value, int | float):
                    continue
                if value < least or (most is not None and value > most):
                    hint = f"SageMaker takes {least} to {most}" if most else f"SageMaker takes at least {least}"
                    yield Finding("MY369", f"{key} {value} is out of range", hint, index, (*path, key))
