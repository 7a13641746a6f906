"""Registries: which digest a tag names, artifacts that come and go, and in `sources` models and their versions.

The one door to the package oras, and to those of registries of models. What is wrong is a RegistryProblem or a
SourceProblem, whose text holds nothing that a registry said but its code of an error.
"""
