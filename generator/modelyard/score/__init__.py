"""Scoring: rows of a table through a served model, each exactly once and in order.

A table and an address come in; the table with scores goes out, and what the run was like.
"""
