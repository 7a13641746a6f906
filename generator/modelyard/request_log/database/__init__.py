"""The log in PostgreSQL (14 to 18): its tables and roles, batches of rows, outcomes, and what is to be forgotten."""
