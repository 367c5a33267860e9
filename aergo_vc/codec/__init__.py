"""Stored formats: one module each, bytes to values and back, strict in reading and canonical in writing.

Knows values; knows neither git's object database nor keys nor SQL.
"""
