"""What the log says of a model, measured in PostgreSQL: quality where outcomes are, drift against a baseline, traffic.

Rows stay in the server: the client gets numbers alone, however many rows there are.
"""
