"""The file system with promises: a folder changes as a whole or not at all, and by one process at a time."""

from modelyard.files.exchange import exchange
from modelyard.files.in_place import write_in_place
from modelyard.files.lock import locked
from modelyard.files.problems import MAX_FOREIGN, FileProblem
from modelyard.files.read import read

__all__ = ["MAX_FOREIGN", "FileProblem", "exchange", "locked", "read", "write_in_place"]
