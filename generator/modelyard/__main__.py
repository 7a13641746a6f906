"""`python -m modelyard` is the command modelyard."""

from modelyard.cli import program

program()
