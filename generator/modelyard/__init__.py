"""From one declarative models file, everything a platform needs to serve analytical models."""

__version__ = "0.1.0"  # the one place: the package's metadata is made from it
