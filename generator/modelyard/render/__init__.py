"""From models to objects to the files of `generated/`, back to the line that a field came from, and what has changed.

Models come in; manifests and bytes of files go out.
"""
