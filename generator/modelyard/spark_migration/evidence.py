"""All that was read of a project, and the values in it that findings are about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from modelyard.problems import Place, Problem, problem
from modelyard.spark_migration.code import Program
from modelyard.spark_migration.folder import Folder
from modelyard.spark_migration.jobs import Chosen
from modelyard.spark_migration.settings import Setting
from modelyard.spark_migration.submits import Calls, Submit


class Value(NamedTuple):
    """A text that the project sets. name: of the variable, key, argument or option; call: whose argument it is."""

    path: str
    line: int
    name: str
    value: str
    call: str = ""
    column: int = 1

    @property
    def last(self) -> str:
        """The last part of the name, in lower case, with `_` for what else may join words."""
        return self.name.lower().rpartition(".")[2].lstrip("-").replace("-", "_")


@dataclass
class Evidence:
    """What was read. relevant: the paths that concern the chosen jobs. submits: of scripts and DAGs, all jobs'."""

    folder: Folder
    programs: Mapping[str, Program]
    settings: Mapping[str, list[Setting]]
    calls: Calls
    submits: list[Submit]
    chosen: Chosen
    bucket: str
    relevant: frozenset[str]

    def own_programs(self) -> list[Program]:
        """Return the Python files that concern the chosen jobs, in the order of their paths."""
        return [self.programs[path] for path in sorted(self.programs) if path in self.relevant]

    def own_settings(self) -> list[Setting]:
        """Return the settings of files that concern the chosen jobs."""
        return [each for path in sorted(self.settings) if path in self.relevant for each in self.settings[path]]

    def own_submits(self) -> list[Submit]:
        """Return the calls that run a chosen job."""
        return [job.submit for job in self.chosen.named.values() if job.submit]

    def values(self) -> Iterator[Value]:
        """Yield the texts of the Python files, configuration files and calls that concern the chosen jobs."""
        for program in self.own_programs():
            for each in program.literals:
                yield Value(program.text.path, each.line, each.name, each.value, each.call)
        for setting in self.own_settings():
            yield Value(setting.path, setting.line, setting.key, setting.value, "", setting.column)
        seen: set[int] = set()
        for submit in [*self.own_submits(), *self.calls.created]:
            if id(submit) not in seen:
                seen.add(id(submit))
                for name, value in {**submit.settings, **submit.options}.items():
                    yield Value(submit.path, submit.line, name, value)
                for argument in submit.args:
                    yield Value(submit.path, submit.line, "", argument)

    def concerns(self, path: str) -> bool:
        """Tell whether a file lies beside or above a chosen job."""
        folder = path.rpartition("/")[0]
        return any(not folder or job.path.startswith(f"{folder}/") for job in self.chosen.named.values())

    def finding(self, code: str, at: Value | Setting | Submit, message: str, hint: str = "") -> Problem:
        """Return a finding at a place of the project."""
        column = at.column if isinstance(at, Value | Setting) else 1
        return problem(code, message, hint=hint, place=self.place(at.path, at.line, column))

    def place(self, path: str, line: int, column: int = 1) -> Place:
        """Return a place of the project."""
        return self.folder.place(path, line, column)
