"""How texts, names and casts are spelled in SQLite's SQL."""

from aergo_vc.model.types import Kind


def quote_text(text: str) -> str:
    """A text as SQLite's literal; it holds no NUL."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """A name as SQLite's quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def cast_name(source: Kind, target: Kind) -> str:
    """The SQLite function that casts between two kinds."""
    return f"cast_{source.name.lower()}_{target.name.lower()}"
