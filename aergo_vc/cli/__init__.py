"""The command line: one module a verb family; exit statuses, hints, colour, progress.

Owns typer and rich.
"""
