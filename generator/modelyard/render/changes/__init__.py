"""What differs between two states of a set, in the words of the models file."""

from modelyard.render.changes.between_objects import Pair, of_objects, owner_of
from modelyard.render.changes.between_sets import of_sets
from modelyard.render.changes.change import Change, Difference
from modelyard.render.changes.formats import FORMATS, shown

__all__ = ["FORMATS", "Change", "Difference", "Pair", "of_objects", "of_sets", "owner_of", "shown"]
