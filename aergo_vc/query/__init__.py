"""Queries on DuckDB over any block; never feeds the ledger.

Owns duckdb.  Knows a state as tables with the roots of their trees; knows no block, branch or signature, and what it
returns is text and numbers that nothing below can take for a state (threat H05).
"""
