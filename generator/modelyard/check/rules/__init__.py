"""Rules over objects, a module for a family; they do not know each other.

Objects come in; findings go out, each with the path of the field that is wrong.
"""
