"""What differs between two states of a set, in the words of the models file."""

from modelyard.changes.change import Change, Difference
from modelyard.changes.declared import of_sets
from modelyard.changes.objects import Pair, of_objects, owner_of
from modelyard.changes.shown import FORMATS, shown

__all__ = ["FORMATS", "Change", "Difference", "Pair", "of_objects", "of_sets", "owner_of", "shown"]
