"""SageMaker's /invocations in front of TensorFlow Serving: what its own container takes becomes the body of a call.

`rows` reads CSV and JSON as callers of SageMaker send them; `server` answers them, as a sidecar of the model.
"""
