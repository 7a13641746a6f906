"""Any source: the version that it has now, and the files of one."""

from pathlib import Path

from modelyard.files import trees
from modelyard.models.source import ModelSource
from modelyard.registry.sources import wrong
from modelyard.registry.sources.version import SourceProblem, Version


def latest(source: ModelSource, beside: Path) -> Version:
    """Return the champion of a source. beside: the folder that a relative path begins at. Raises SourceProblem."""
    if source.mlflow is not None:
        from modelyard.registry.sources import mlflow

        return mlflow.latest(source)
    if source.modelManager is not None:
        from modelyard.registry.sources import model_manager

        return model_manager.latest(source)
    from modelyard.registry.sources import store

    return store.latest(source, beside)


def fetch(source: ModelSource, version: str, beside: Path, folder: Path) -> dict[str, int]:
    """Write the files of a version into an empty folder, and return their names and sizes. Raises SourceProblem."""
    try:
        if source.mlflow is not None:
            from modelyard.registry.sources import mlflow

            mlflow.fetch(source, version, folder)
        elif source.modelManager is not None:
            from modelyard.registry.sources import model_manager

            model_manager.fetch(source, version, folder)
        else:
            from modelyard.registry.sources import store

            store.fetch(source, beside, folder)
    except OSError as error:
        raise wrong.of_connection(error, "the source") or error from None
    names, problems = trees.files(folder)
    if problems:
        raise SourceProblem(problems[0])
    if not names:
        raise wrong.absent(f"version {version} has no files", "register the model with its artefact")
    return names
