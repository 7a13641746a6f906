"""The file system with promises: a folder changes as a whole or not at all, and by one process at a time."""

from modelyard.files.edit import edit
from modelyard.files.exchange import exchange, exchange_all
from modelyard.files.in_place import write_all_in_place, write_in_place
from modelyard.files.lock import locked
from modelyard.files.problems import MAX_FOREIGN, FileProblem, refused
from modelyard.files.read import read
from modelyard.files.remove import remove
from modelyard.files.write import create, write

__all__ = [
    "MAX_FOREIGN",
    "FileProblem",
    "create",
    "edit",
    "exchange",
    "exchange_all",
    "locked",
    "read",
    "refused",
    "remove",
    "write",
    "write_all_in_place",
    "write_in_place",
]
