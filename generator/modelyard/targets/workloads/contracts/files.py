"""The contract in a folder of an artefact's files: which of them says it, for the runtime that the model has."""

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from modelyard.files import archives, disk, regular, trees
from modelyard.models.contract import Contract
from modelyard.models.declared import Served
from modelyard.problems import Problem, Severity, problem
from modelyard.targets.workloads import serving_image
from modelyard.targets.workloads.contracts import mlmodel, sas_variables, saved_model
from modelyard.targets.workloads.contracts.named import NoContract

_MOST: Final = 8 << 20  # bytes of a file with a contract
_HINT: Final = "name the folder that the model was saved in, or pin the contract of the model as it runs"


def of_files(
    path: Path, served: Served, *, signature: str = "", shown: str = ""
) -> tuple[Contract | None, list[Problem]]:
    """Return the contract that the files of an artefact say, or why it cannot be had; nothing of that is an error.

    path: a folder, or a zip or tar archive; shown: what messages call it, the path if empty. signature: of a
    SavedModel, the default one if empty.
    """
    own = path
    if regular.is_folder(path):
        found, problems = _of_folder(path, served, signature)
    else:
        with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
            problems = archives.unpack(path, Path(folder))
            own = own if problems else Path(folder)
            found, problems = (None, problems) if problems else _of_folder(own, served, signature)
    return found, [_said(each, own, shown or str(path)) for each in problems] if found is None else []


def _said(each: Problem, folder: Path, shown: str) -> Problem:
    """Return a problem of reading as what it is here: a contract that cannot be had, of what the user has named."""
    message = each.message.replace(disk.shown(folder), shown).replace(str(folder), shown)
    return replace(each, code="MY283", severity=Severity.WARNING, message=message)


def _of_folder(folder: Path, served: Served, signature: str) -> tuple[Contract | None, list[Problem]]:
    if served.model.runtime == "tensorflow":
        graphs, problems = serving_image.graphs(folder, served)
        if not graphs:
            return None, problems
        try:
            return saved_model.read(graphs, signature), []
        except NoContract as wrong:
            return None, [_lacking(folder, str(wrong))]
    every, problems = trees.files(folder)
    if problems:
        return None, problems
    try:
        return _read(folder, every, custom=served.model.runtime == "custom"), []
    except NoContract as wrong:
        return None, [_lacking(folder, str(wrong))]
    except OSError as error:
        return None, [disk.refused(error, folder, code="MY283", doing="read")]


def _read(folder: Path, every: Iterable[str], *, custom: bool) -> Contract:
    """Read what the files say; a model of SAS may have been logged by MLflow too. Raises NoContract, OSError."""
    logged, variables = _shallowest(every, mlmodel.FILE), _shallowest(every, sas_variables.INPUTS)
    if logged and (custom or not variables):
        return mlmodel.read(regular.content(folder / logged, _MOST))
    if not variables:
        raise NoContract(f"there is no {mlmodel.FILE}, and no {sas_variables.INPUTS}")
    beside = folder / PurePosixPath(variables).with_name(sas_variables.OUTPUTS)
    if not regular.is_file(beside):
        raise NoContract(f"beside {sas_variables.INPUTS} there is no {sas_variables.OUTPUTS}")
    return sas_variables.read(regular.content(folder / variables, _MOST), regular.content(beside, _MOST))


def _shallowest(every: Iterable[str], name: str) -> str:
    """Return the file of a name that lies next to the top, empty if there is none. Raises NoContract for two."""
    found = sorted((each.count("/"), each) for each in every if PurePosixPath(each).name == name)
    if len(found) > 1 and found[0][0] == found[1][0]:
        raise NoContract(f"{found[0][1]} and {found[1][1]} are of two models")
    return found[0][1] if found else ""


def _lacking(folder: Path, wrong: str) -> Problem:
    return problem("MY283", f"{disk.shown(folder)} says no contract: {wrong}", hint=_HINT)
