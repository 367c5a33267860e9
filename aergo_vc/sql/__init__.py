"""AERGOSQL: parse, check, compile, run.  Rows in, row changes out.

Owns sqlglot and apsw.  Knows neither git nor signatures.
"""
