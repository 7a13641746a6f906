"""Registries: which digest a tag names, and artifacts that go there and come back. The one door to the package oras.

What is wrong is a RegistryProblem, whose text holds nothing that a registry said but its code of an error.
"""
