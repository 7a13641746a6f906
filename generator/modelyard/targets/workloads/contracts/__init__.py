"""What a model takes and gives: read from the files of its artefact, and written for those who call it.

Folders come in, contracts as a lock has them go out; contracts come in, schemas and sample calls go out.
"""
