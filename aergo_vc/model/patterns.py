"""Regular expressions of canonical texts: for the kinds of columns whose values are texts of one form.

Dates are days of the Gregorian calendar in the years 1 to 9999.  Digits are spelled out: ``\\d`` would take those of
all scripts.  The patterns are not anchored.
"""

from aergo_vc.model.types import Kind

_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY_OF_ANY_YEAR = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"
_DATE = rf"(?!0000)(?:[0-9]{{4}}-(?:{_DAY_OF_ANY_YEAR})|{_LEAP_YEAR}-02-29)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{0,5}[1-9])?"

PATTERNS = {
    Kind.DATE: _DATE,
    Kind.TIME: _TIME,
    Kind.TIMESTAMP: f"{_DATE} {_TIME}",
    Kind.TIMESTAMPTZ: rf"{_DATE} {_TIME}\+00",
    Kind.UUID: r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    Kind.BYTEA: r"\\x(?:[0-9a-f]{2})*",
}
