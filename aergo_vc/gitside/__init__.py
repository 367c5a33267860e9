"""What git itself starts: hooks.  Starts fast: no typer, rich or duckdb."""
