"""A set as a Helm chart: values that an operator changes at install time, and templates that they reach.

A declared set comes in; the files of a chart go out.
"""
