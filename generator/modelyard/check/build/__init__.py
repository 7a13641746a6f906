"""Rules over what kustomize built: whether everything that was declared is in it, and as it was declared.

A models file and the built objects come in; findings go out.
"""
