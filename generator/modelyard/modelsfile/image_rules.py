"""Images that are probably not what was meant: the same one in two variants, one from nowhere in particular."""

from collections.abc import Iterator

from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.model_rules import accepting
from modelyard.problems import Problem, Related, problem
from modelyard.targets.workloads.pods import image


def images(models: DeclaredSet, tree: Tree) -> Iterator[Problem]:
    """Find variants that run one image, and images without a registry."""
    for model in models.models:
        yield from accepting(model, _same(models, model))
        if models.spec.registry is None and not models.names("registry"):
            yield from accepting(model, _from_anywhere(models, model))


def _same(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for served in model.variants:
        if not served.model.image:
            continue
        variant, run = served.variant or "", image(models, served.model)
        if run in first:
            other = next(each for each in model.variants if each.variant == first[run])
            message = f"{first[run]} and {variant} of {model.name} run the same image"
            hint = "give one of them another tag or digest, or accept it with ignore: [{code: MY225, reason: …}]"
            related = (Related(models.place(other.find("image")), f"that of {first[run]}"),)
            yield problem("MY225", message, hint=hint, place=models.place(served.find("image")), related=related)
        first.setdefault(run, variant)


def _from_anywhere(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    # SageMaker pulls from Amazon ECR alone, and has a finding of its own.
    if model.whole.specs.keys() <= {"sagemaker"}:
        return
    for served in model.served:
        own = served.model.image
        if served.specs.keys() <= {"openshift"} and getattr(served.specs.get("openshift"), "buildConfig", False):
            continue  # it is built inside of the project, and comes from no registry
        if own and not names.names_registry(own):
            hint = "add registry: to spec, or write the host before the image, such as docker.io/library/"
            yield problem("MY226", f"{own} names no registry", hint=hint, place=models.place(served.find("image")))
