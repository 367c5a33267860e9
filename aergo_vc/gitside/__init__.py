"""What git itself starts: hooks.  Starts fast, so it knows nothing of typer, rich, duckdb or the facade.

A hook helps honest people to notice early; what keeps the others out is that their blocks are invalid.
"""
