"""Frozen values: types and tables, transactions and receipts, blocks, branches, entities, rosters.

Knows ids and limits; knows neither bytes nor files.
"""
