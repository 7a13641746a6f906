"""The request log: the sidecar that writes a row for each scored row, the tables, and the outcomes that come later.

`sidecar` stands in front of a model and never waits for a database: it writes calls to `spool`, a bounded folder, and a
process of its own makes `rows` of them. `database` has the tables, who may do what with them, and what goes in and out.
`measures` says how good a model is, and `report` draws what was measured.
"""
