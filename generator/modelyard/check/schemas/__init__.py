"""The schemas of Kubernetes and of custom resources, and which of them an object is checked against."""
