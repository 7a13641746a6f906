"""What a models file declares, as types. Plain data comes in; models or what is wrong with their shape goes out.

Rules over several fields are in `modelsfile` and `targets`.
"""
