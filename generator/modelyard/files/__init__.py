"""Folders and files that change as a whole or not at all, Git, and YAML whose places are known.

Paths and bytes come in; data with the place of each value goes out, and bytes in which only what was meant has changed.
"""
