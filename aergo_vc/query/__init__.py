"""Queries on DuckDB over any block; never feeds the ledger.

Owns duckdb.
"""
