"""The jobs of a project: which files begin one, which of them trains and which scores, and what each needs."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from modelyard.problems import Problem, problem
from modelyard.problems.patterns import pattern
from modelyard.spark_migration.code import Program
from modelyard.spark_migration.folder import Folder
from modelyard.spark_migration.submits import Submit

_MAX_IMPORTED: Final = 500  # files that one job leads to
_TRAIN: Final = pattern(r"(?:^|[_\W0-9])(?:re)?(?:train(?:ing|er)?|fit(?:ting)?|learn(?:ing)?)(?:[_\W0-9]|$)")
_SCORE: Final = pattern(
    r"(?:^|[_\W0-9])(?:scor(?:e|es|ing|er)|predict(?:ion|ions|or)?|infer(?:ence)?|classify|apply)(?:[_\W0-9]|$)"
)
_CAMEL: Final = pattern(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME: Final = 3  # points of a job's name; a call gives one


@dataclass
class Job:
    """A file that begins a job. files: itself and all of the project that it imports. submit: the call that runs it."""

    path: str
    files: list[str]
    train: int = 0
    score: int = 0
    submit: Submit | None = None


@dataclass
class Chosen:
    """The jobs of the model. others: jobs that belong to other models, or to none."""

    train: Job | None = None
    score: Job | None = None
    others: list[Job] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def named(self) -> dict[str, Job]:
        """The jobs by what they are for."""
        return {name: job for name, job in (("train", self.train), ("score", self.score)) if job}

    @property
    def files(self) -> list[str]:
        """The Python files of the chosen jobs."""
        return list(dict.fromkeys(each for job in self.named.values() for each in job.files))


def jobs(folder: Folder, programs: Mapping[str, Program], submits: Sequence[Submit]) -> list[Job]:
    """Return the jobs of a project: what a call names, and what runs as a program and makes a Spark session."""
    called = {path: each for each in reversed(submits) if (path := located(folder, each.main, each.path))}
    found = []
    for path, program in programs.items():
        if program.text.is_test:
            continue
        files = _imported(path, programs)
        makes = any(programs[each].makes_session for each in files)
        if path in called or (program.is_main and makes):
            job = Job(path, files, submit=called.get(path))
            job.train, job.score = _points(program)
            found.append(job)
    return found


def located(folder: Folder, name: str, beside: str = "") -> str:
    """Return the file of the project that a call means, by as much of its path as there is; empty without one.

    beside: the file that the call stands in, whose folder is looked into first.
    """
    clean = posixpath.normpath(name.replace("\\", "/").partition("#")[0]) if name else ""
    if not clean or clean == "." or "://" in name:
        return ""
    for start in (posixpath.dirname(beside), ""):
        path = posixpath.normpath(posixpath.join(start, clean))
        if path in folder.sizes:
            return path
    parts = [each for each in clean.split("/") if each not in ("", ".", "..")]
    for first in range(len(parts)):
        if any(sign in parts[first] for sign in "$`{}()"):
            continue
        end = "/".join(parts[first:])
        known = [path for path in folder.sizes if path == end or path.endswith(f"/{end}")]
        if len(known) == 1 or (known and first == len(parts) - 1):
            return min(known, key=lambda path: (apart(path, beside), path))
    return ""


def apart(path: str, beside: str) -> int:
    """Return how many folders lie between two files."""
    one, other = path.split("/")[:-1], beside.split("/")[:-1]
    common = len(posixpath.commonprefix([one, other]))
    return len(one) + len(other) - 2 * common


def _imported(path: str, programs: Mapping[str, Program]) -> list[str]:
    """Return a file and all files of the project that it imports, itself first."""
    found = [path]
    for each in found:  # grows while it is read
        for module in programs[each].imports:
            for other in _modules(module, each, programs):
                if other not in found and len(found) < _MAX_IMPORTED:
                    found.append(other)
    return found


def _modules(module: str, importer: str, programs: Mapping[str, Program]) -> Iterator[str]:
    """Yield the files that an import runs: the packages on the way, and the module or the name in it."""
    level = len(module) - len(module.lstrip("."))
    parts = module.lstrip(".").split(".")
    here = importer.split("/")[:-1]
    bases = [here[: len(here) - level + 1]] if level else [here[:end] for end in range(len(here), -1, -1)]
    bases += [] if level else [["src"], ["src", "python"], ["python"], ["lib"]]
    for base in bases:
        found = [*_below("/".join(base), parts, programs)]
        if found:
            yield from found
            return


def _below(base: str, parts: list[str], programs: Mapping[str, Program]) -> Iterator[str]:
    here = base
    for i, part in enumerate(parts):
        here = f"{here}/{part}" if here else part
        for path in (f"{here}.py", f"{here}/__init__.py"):
            if path in programs:
                yield path
        if i == 0 and not any(each.startswith((f"{here}/", f"{here}.py")) for each in programs):
            return


def _points(program: Program) -> tuple[int, int]:
    """Return how much speaks for training, and how much for scoring: the name, and what is called."""
    words = _CAMEL.sub("_", program.text.path.rpartition("/")[2].removesuffix(".py")).lower()
    called = [each.name for each in program.calls]
    fits = any(name.rpartition(".")[2] == "fit" for name in called)
    applies = any(name.endswith((".predict", "Model.load")) for name in called)
    return _NAME * bool(_TRAIN.search(words)) + fits, _NAME * bool(_SCORE.search(words)) + applies


def choose(folder: Folder, found: Sequence[Job], wanted: Mapping[str, str]) -> Chosen:
    """Choose the jobs of one model. wanted: `train` and `score` -> the path that a person named.

    Problems: MY901 no job, or none of that name; MY902 what is not sure.
    """
    chosen, left = Chosen(), [*found]
    for what, path in wanted.items():
        job = next((each for each in found if each.path == posixpath.normpath(path)), None)
        if job is None:
            known = ", ".join(each.path for each in found[:10])
            hint = f"the jobs are {known}" if known else ""
            chosen.problems.append(problem("MY901", f"{path} is no job of {folder.shown}", hint=hint))
        else:
            setattr(chosen, what, job)
            left = [each for each in left if each is not job]
    if not wanted:
        _by_points(folder, chosen, left)
    named = [*chosen.named.values()]
    chosen.others = [each for each in found if each not in named]
    if not found and not chosen.problems:
        hint = "a job is a .py file that spark-submit runs, or that makes a SparkSession below `if __name__`"
        chosen.problems.append(problem("MY901", f"{folder.shown} has no pyspark job", hint=hint))
    return chosen


def _by_points(folder: Folder, chosen: Chosen, left: list[Job]) -> None:
    for what, other in (("train", "score"), ("score", "train")):
        ranked = sorted(left, key=lambda job: (-getattr(job, what), job.submit is None, job.path))
        best = ranked[0] if ranked else None
        if best is None or getattr(best, what) <= getattr(best, other):
            continue
        setattr(chosen, what, best)
        left.remove(best)
        alike = [each for each in ranked[1:] if getattr(each, what) == getattr(best, what)]
        if alike or getattr(best, what) < _NAME:
            chosen.problems.append(_doubt(folder, best, what, alike))
    if not chosen.named and left:
        chosen.score = min(left, key=lambda job: (job.submit is None, job.path))
        chosen.problems.append(_doubt(folder, chosen.score, "score", [each for each in left if each != chosen.score]))


def _doubt(folder: Folder, job: Job, what: str, alike: Iterable[Job]) -> Problem:
    others = [each.path for each in alike]
    why = f"{', '.join(others[:3])}{' and others' if len(others) > 3 else ''} may be it too" if others else ""
    message = f"{job.path} is taken for the job that {what}s" + (f", but {why}" if why else ", by what it calls alone")
    return problem("MY902", message, hint=f"name it with --{what} if it is another", place=folder.place(job.path))
