"""Find code that nothing calls, with vulture.

It does not know that pydantic fills the fields of shapes, and that the command line finds its commands by their names.
Names that other packages call are in pyproject.toml, below tool.vulture.
"""

import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module

from vulture.config import make_config
from vulture.core import Vulture

import modelyard
from modelyard.cli.app import COMMANDS
from modelyard.models.base import Shape


def _fields(shape: type[Shape]) -> Iterator[str]:
    """Yield the fields of a shape and of all that inherit from it: most are passed on as a whole."""
    yield from shape.model_fields
    for child in shape.__subclasses__():
        yield from _fields(child)


def main() -> int:
    """Print what is dead, and return 1 where something is."""
    for module in pkgutil.walk_packages(modelyard.__path__, "modelyard."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    config = make_config([])
    commands = (where.partition(":")[2] for where, _ in COMMANDS.values())
    names = [*config["ignore_names"], *commands, *sorted(set(_fields(Shape)))]
    vulture = Vulture(ignore_names=names, ignore_decorators=config["ignore_decorators"])
    vulture.scavenge(config["paths"], exclude=config["exclude"])
    return int(vulture.report(min_confidence=config["min_confidence"]))


if __name__ == "__main__":
    sys.exit(main())
