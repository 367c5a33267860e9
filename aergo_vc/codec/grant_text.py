"""Who owns a contract and who may do what with it, as lines of ``schema.sql``."""

import re
from collections.abc import Iterable

from aergo_vc.base.ids import EntityName
from aergo_vc.codec.identifiers import (
    IDENTIFIER,
    quote_identifier,
    quote_names,
    quote_qualified,
    split_names,
    unquote,
    unquote_qualified,
)
from aergo_vc.model.routines import Grant

EVERYBODY = "public"
"""The grantee that stands for everybody."""

_WORDS = {"table": "TABLE", "sequence": "SEQUENCE", "routine": "ROUTINE", "contract": "SCHEMA"}
_KINDS = {word: kind for kind, word in _WORDS.items()}
_OWNER_LINE = re.compile(rf"ALTER SCHEMA ({IDENTIFIER}) OWNER TO ({IDENTIFIER});")
_GRANT_LINE = re.compile(
    rf"GRANT ([A-Z]+)(?: (\({IDENTIFIER}(?:, {IDENTIFIER})*\)))? ON (TABLE|SEQUENCE|ROUTINE|SCHEMA) "
    rf"({IDENTIFIER}(?:\.{IDENTIFIER})?) TO (PUBLIC|{IDENTIFIER});"
)


def owner_text(contract: str, owner: EntityName) -> str:
    """The line that says who owns a contract."""
    return f"ALTER SCHEMA {quote_identifier(contract)} OWNER TO {quote_identifier(owner)};\n"


def parse_owner(line: str) -> tuple[str, EntityName] | None:
    """A contract and its owner; None if the line says no such thing."""
    match = _OWNER_LINE.fullmatch(line)
    return None if match is None else (unquote(match[1]), EntityName(unquote(match[2])))


def contract_of(grant: Grant) -> str:
    """The contract that a grant's object is, or belongs to."""
    return grant.object.partition(" ")[2].partition(".")[0]


def grants_text(grants: Iterable[Grant], contract: str) -> str:
    """The lines of all grants on a contract and what belongs to it, sorted."""
    return "".join(sorted(_grant_line(grant) for grant in grants if contract_of(grant) == contract))


def parse_grant(line: str) -> Grant | None:
    """The grant that a line makes; None if it makes none."""
    match = _GRANT_LINE.fullmatch(line)
    if match is None or ("." in unquote_qualified(match[4])) is (match[3] == "SCHEMA"):
        return None
    columns = () if match[2] is None else split_names(match[2])
    grantee = EVERYBODY if match[5] == "PUBLIC" else unquote(match[5])
    return Grant(f"{_KINDS[match[3]]} {unquote_qualified(match[4])}", match[1].lower(), grantee, columns)


def _grant_line(grant: Grant) -> str:
    kind, _, name = grant.object.partition(" ")
    spelled = quote_qualified(name) if "." in name else quote_identifier(name)
    columns = " " + quote_names(tuple(sorted(grant.columns))) if grant.columns else ""
    grantee = "PUBLIC" if grant.grantee == EVERYBODY else quote_identifier(grant.grantee)
    return f"GRANT {grant.privilege.upper()}{columns} ON {_WORDS[kind]} {spelled} TO {grantee};\n"
