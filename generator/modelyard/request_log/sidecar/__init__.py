"""The program beside a model: it passes calls on as they come, and spools those that scored.

`front` has the callers' side, `back` the model's; `server` runs both, and `shipping`, a process of its own, takes what
was spooled to the database.
"""
