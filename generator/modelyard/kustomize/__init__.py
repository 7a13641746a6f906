"""A kustomization: simulated, edited, and built by the real binary.

A folder with a kustomization.yaml comes in; objects, findings or an edited file go out.
"""
