"""What targets share that run pods: the pods, what stands beside the model in them, Deployments and Services.

A model and its target come in; manifests go out.
"""
