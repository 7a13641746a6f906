"""One object of Kubernetes: from a template and its values to bytes, with JSON patches and hashed names.

Templates, values and patches come in; manifests go out, which know the place that each value came from.
"""
