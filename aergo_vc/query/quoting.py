"""Names and texts as SQL spells them."""


def quoted_name(name: str) -> str:
    """A name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """A text as a string literal."""
    return "'" + text.replace("'", "''") + "'"
