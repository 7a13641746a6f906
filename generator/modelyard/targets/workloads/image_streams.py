"""Images of a project of OpenShift: an ImageStream that pods name, and a BuildConfig whose images go there.

Sources: openshift/api 34e60874783e, image/v1/types.go (ImageLookupPolicy: "all pods using NAME:TAG") and
build/v1/types.go (BinaryBuildSource, DockerBuildStrategy).
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest, TypeMeta
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.targets.workloads.objects import common, manifest
from modelyard.targets.workloads.pods import image

KINDS: Final = frozenset(
    [TypeMeta("image.openshift.io/v1", "ImageStream"), TypeMeta("build.openshift.io/v1", "BuildConfig")]
)


def reference(name: str, served: Served) -> str:
    """Return how pods name the image: NAME:TAG. name: of the ImageStream."""
    own = served.model.image or ""
    return derived(f"{name}:{names.tag(own)}", own)


def check(models: DeclaredSet, served: Served, target: str, *, stream: bool, built: bool) -> Iterator[Problem]:
    """Yield images that no ImageStream can have a tag of, or no build can give."""
    own = served.model.image or ""
    place = models.place(served.find("image"))
    if built and not stream:
        hint = "add imageStream: true, or take it out"
        field = models.place(served.find_key("targets", target, "buildConfig"))
        yield problem(
            "MY250", "buildConfig needs imageStream: the build goes into an ImageStream", hint=hint, place=field
        )
    if stream and own and names.tag(own) is None:
        hint = "write a tag, also before a digest: image: churn:2.0.0@sha256:…"
        yield problem("MY250", f"imageStream needs a tag, and {own} has none", hint=hint, place=place)
    elif built and "@" in own:
        hint = "write only the tag, or take out buildConfig"
        yield problem("MY250", f"a build gets a new digest, but {own} names one", hint=hint, place=place)


def render(
    models: DeclaredSet, served: Served, base: str, name: str, templates: Templates, *, built: bool
) -> Iterator[Manifest]:
    """Yield the ImageStream, and where what it holds is built, the BuildConfig. name: of both."""
    origin = None if built else {"kind": "DockerImage", "name": image(models, served.model)}
    context: dict[str, Any] = common(models, base, served, name) | {
        "tag": derived(names.tag(served.model.image or "") or "", served.model.image),
        "origin": origin,
        "reference": reference(name, served),
    }
    yield manifest("openshift/imagestream.yaml", context, templates, served)
    if built:
        yield manifest("openshift/buildconfig.yaml", context, templates, served)
