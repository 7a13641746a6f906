"""modelyard beside other programs that write, check and score the same: `make bench-peers`.

`sets` makes models files of any size, `programs/` holds what each peer runs to give the same objects, `gate` proves
that they are the same before anything is timed, `measure` times, `tables` and `chart` show it.
"""
