"""Table trees: build, read, change, compare.

Knows objects by id and rows by key; runs no SQL and checks no signature.
"""
