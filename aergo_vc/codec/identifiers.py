"""Names and texts as the SQL of a ledger's files spells them: quoted only where they must be."""

import re

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import split_name

RESERVED_WORDS = frozenset(
    """all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
    returning right select session_user similar some symmetric table tablesample then to trailing true union unique user
    using variadic verbose when where window with""".split()  # noqa: SIM905 - a list to be read by people
)
"""PostgreSQL's reserved words: as names they need quotes."""

IDENTIFIER = r'(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+")'
"""A pattern of what `quote_identifier` gives, without groups."""

QUALIFIED = rf"{IDENTIFIER}\.{IDENTIFIER}"
"""A pattern of what `quote_qualified` gives, without groups."""

LITERAL = r"'(?:[^']|'')*'"
"""A pattern of what `quote_text` gives, without groups."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_IDENTIFIERS = re.compile(IDENTIFIER)


def quote_identifier(name: str) -> str:
    """`name` as an SQL identifier, quoted only where it must be."""
    if _PLAIN.fullmatch(name) and name not in RESERVED_WORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_qualified(name: str) -> str:
    """`name`, a contract and a name in it, as SQL, each quoted only where they must be."""
    contract, own = split_name(TableName(name))
    return f"{quote_identifier(contract)}.{quote_identifier(own)}"


def quote_names(names: tuple[str, ...]) -> str:
    """A list of names between parentheses."""
    return f"({', '.join(map(quote_identifier, names))})"


def quote_text(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def unquote(text: str) -> str:
    """The name, or the text, that an identifier or a literal spells."""
    mark = text[0]
    return text[1:-1].replace(mark * 2, mark) if mark in "\"'" else text


def split_names(text: str) -> tuple[str, ...]:
    """The names in a list, or in a qualified name, as the functions above spell them."""
    return tuple(map(unquote, _IDENTIFIERS.findall(text)))


def unquote_qualified(text: str) -> str:
    """A contract and a name with a dot between them."""
    return ".".join(split_names(text))
