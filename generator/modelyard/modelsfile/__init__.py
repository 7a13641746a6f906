"""A models file: read, merged, checked, explained and edited.

Its text comes in; models with the place of each value go out, and problems.
"""
