"""Sources of models: which version a registry or folder holds, its image and its files, by its makers' own libraries.

A source of a models file comes in; a version of it, or its files in a folder, goes out.
"""
