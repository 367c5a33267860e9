"""Ground floor: ids as types, errors, the clock, limits.

Standard library only; knows nothing of git, of SQL or of ledgers.
"""
