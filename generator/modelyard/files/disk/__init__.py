"""The file system with promises: a folder changes as a whole or not at all, and by one process at a time."""

from modelyard.files.disk.edit import edit
from modelyard.files.disk.exchange import exchange, exchange_all
from modelyard.files.disk.in_place import write_all_in_place, write_in_place
from modelyard.files.disk.lock import locked
from modelyard.files.disk.read import read
from modelyard.files.disk.refused import MAX_FOREIGN, FileProblem, refused, shown
from modelyard.files.disk.remove import remove
from modelyard.files.disk.write import create, write

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
    "shown",
    "write",
    "write_all_in_place",
    "write_in_place",
]
