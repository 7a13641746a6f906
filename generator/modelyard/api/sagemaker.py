"""What a models file comes to without the controllers of a cluster: a program for a model's SageMaker endpoint."""

from pathlib import Path

from modelyard.api.pipeline import render
from modelyard.manifests.names import nearest
from modelyard.problems import Problem, has_errors, problem
from modelyard.targets.sagemaker.program import script as program
from modelyard.targets.sagemaker.values import fields


def script(file: str | Path, name: str) -> tuple[str | None, list[Problem]]:
    """Return the boto3 program that creates or moves a model's endpoint, or None, and all problems."""
    result = render(file)
    # The program sets weights as declared; what ACK would do with them does not matter here.
    problems = [each for each in result.problems if each.code != "MY246"]
    if result.models is None or has_errors(problems):
        return None, problems
    found = next((model for model in result.models.models if model.name == name), None)
    if found is None:
        meant = nearest(name, [model.name for model in result.models.models])
        hint = f"did you mean {meant}?" if meant else ""
        return None, [*problems, problem("MY110", f"there is no model {name}", hint=hint)]
    if "sagemaker" not in found.targets:
        place = result.models.place(found.whole.find("name"))
        hint = "add targets: {sagemaker: …}"
        return None, [*problems, problem("MY248", f"{name} has no target sagemaker", hint=hint, place=place)]
    return program((each for each in result.objects if each.model == name), fields(found.whole).region), problems
