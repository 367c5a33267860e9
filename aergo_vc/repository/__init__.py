"""The public Python API: one facade, whose verbs return results.

`facade.Repository` is the entrance; `results` holds what its verbs return, `errors` what they refuse.
"""
