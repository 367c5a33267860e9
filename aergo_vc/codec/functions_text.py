"""A contract's functions and procedures as text: ``functions.sql``.  ``man 5 aergo-functions``.

PostgreSQL's CREATE FUNCTION and CREATE PROCEDURE in one spelling, sorted by name: one parameter a line, every property
that is not PostgreSQL's default in one order, the body verbatim between dollar quotes.  The parser reads this spelling
alone, so that equal routines are equal bytes.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import count

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import RoutineName
from aergo_vc.codec.identifiers import IDENTIFIER, QUALIFIED, quote_identifier, quote_qualified, unquote_qualified
from aergo_vc.codec.type_text import TYPE, parse_type, type_text
from aergo_vc.model.routines import Language, Mode, Parameter, Routine, Volatility
from aergo_vc.model.types import ColumnType

_HEAD = re.compile(rf"CREATE (FUNCTION|PROCEDURE) ({QUALIFIED}) \((\))?")
_PARAMETER = re.compile(rf"  (IN|OUT|INOUT)(?: (?!double precision)({IDENTIFIER}))? ({TYPE})(?: DEFAULT (.+?))?(,)?")
_RESULT_COLUMN = re.compile(rf"  ({IDENTIFIER}) ({TYPE})(,)?")
_RETURNS = re.compile(rf"RETURNS (SETOF )?(void|{TYPE})")
_PROPERTIES = re.compile(r"LANGUAGE (sql|plpgsql)(?: (IMMUTABLE|STABLE))?( STRICT)?( SECURITY DEFINER)?")
_BODY = re.compile(r"AS (\$(?:body[0-9]*)?\$)")


def functions_text(routines: Mapping[RoutineName, Routine], contract: str) -> str:
    """The routines of one contract; empty text if it has none."""
    prefix = contract + "."
    return "".join(routine_text(routines[name]) for name in sorted(routines) if name.startswith(prefix))


def routine_text(routine: Routine) -> str:
    """The statement that makes one routine."""
    kind = "PROCEDURE" if routine.is_procedure else "FUNCTION"
    parameters = [one for one in routine.parameters if one.mode is not Mode.TABLE]
    head = f"CREATE {kind} {quote_qualified(routine.name)} {_listed(list(map(_parameter_text, parameters)))}\n"
    mark = _mark(routine.body)
    return f"{head}{_returns_text(routine)}{_properties_text(routine)}AS {mark}{routine.body}{mark};\n"


def parse_functions(contract: str, text: str, enums: Collection[str] = ()) -> dict[RoutineName, Routine]:
    """The routines in `text`.  Raises FormatError unless it is the canonical spelling of this contract's.

    `enums` are the names of all enums that are defined.
    """
    routines: dict[RoutineName, Routine] = {}
    reader = _Reader(contract, text, enums)
    while not reader.is_done:
        routine = reader.routine()
        routines[routine.name] = routine
    if functions_text(routines, contract) != text:
        raise FormatError("functions: not in canonical spelling", contract=contract)
    return routines


def _listed(lines: Sequence[str]) -> str:
    return "(\n" + ",\n".join("  " + line for line in lines) + "\n)" if lines else "()"


def _parameter_text(parameter: Parameter) -> str:
    name = f" {quote_identifier(parameter.name)}" if parameter.name else ""
    default = "" if parameter.default is None else f" DEFAULT {parameter.default}"
    return f"{parameter.mode.upper()}{name} {type_text(parameter.type)}{default}"


def _returns_text(routine: Routine) -> str:
    columns = [one for one in routine.parameters if one.mode is Mode.TABLE]
    if columns:
        lines = [f"{quote_identifier(one.name)} {type_text(one.type)}" for one in columns]
        return f"RETURNS TABLE {_listed(lines)}\n"
    if routine.returns is not None:
        return f"RETURNS {'SETOF ' if routine.is_set else ''}{type_text(routine.returns)}\n"
    if routine.outputs:
        return "RETURNS SETOF record\n" if routine.is_set else ""
    if routine.is_procedure:
        return ""
    return "RETURNS SETOF void\n" if routine.is_set else "RETURNS void\n"


def _properties_text(routine: Routine) -> str:
    words = [f"LANGUAGE {routine.language}"]
    if routine.volatility is not Volatility.VOLATILE:
        words.append(routine.volatility.upper())
    if routine.is_strict:
        words.append("STRICT")
    if routine.security_definer:
        words.append("SECURITY DEFINER")
    return " ".join(words) + "\n"


def _mark(body: str) -> str:
    """The first of ``$$``, ``$body$``, ``$body1$``, … that neither stands in the body nor arises where it ends."""
    for mark in ("$$", "$body$", *(f"$body{number}$" for number in range(1, 10))):
        if mark not in body + mark[:-1]:
            return mark
    return next(mark for number in count(10) if (mark := f"$body{number}$") not in body + mark[:-1])


class _Reader:
    """Reads routines one after another."""

    def __init__(self, contract: str, text: str, enums: Collection[str]) -> None:
        self._contract, self._text, self._enums = contract, text, enums
        self._position = 0

    @property
    def is_done(self) -> bool:
        return self._position == len(self._text)

    def routine(self) -> Routine:
        """The next routine."""
        head = self._line(_HEAD)
        is_procedure = head[1] == "PROCEDURE"
        parameters = [] if head[3] else self._parameters()
        returns, is_set = None, False
        if not is_procedure:
            returns, is_set = self._returns(parameters)
        properties = self._line(_PROPERTIES)
        return Routine(
            name=RoutineName(unquote_qualified(head[2])),
            parameters=tuple(parameters),
            returns=returns,
            is_set=is_set,
            is_procedure=is_procedure,
            language=Language(properties[1]),
            volatility=Volatility((properties[2] or "volatile").lower()),
            is_strict=bool(properties[3]),
            security_definer=bool(properties[4]),
            body=self._body(),
        )

    def _line(self, pattern: re.Pattern[str]) -> re.Match[str]:
        end = self._text.find("\n", self._position)
        match = pattern.fullmatch(self._text, self._position, end) if end >= 0 else None
        if match is None:
            raise self._malformed()
        self._position = end + 1
        return match

    def _starts(self, word: str) -> bool:
        """Whether the next line begins with `word`; if it is the whole line, goes past it."""
        found = self._text.startswith(word, self._position)
        if found and word.endswith("\n"):
            self._position += len(word)
        return found

    def _parameters(self) -> list[Parameter]:
        parameters = []
        while True:
            found = self._line(_PARAMETER)
            name = unquote_qualified(found[2]) if found[2] else ""
            parameters.append(Parameter(name, Mode(found[1].lower()), self._type(found[3]), found[4]))
            if not found[5]:
                break
        if not self._starts(")\n"):
            raise self._malformed()
        return parameters

    def _returns(self, parameters: list[Parameter]) -> tuple[ColumnType | None, bool]:
        """The result's type, and whether there may be several; columns of RETURNS TABLE become parameters."""
        if self._starts("RETURNS TABLE (\n"):
            while True:
                found = self._line(_RESULT_COLUMN)
                parameters.append(Parameter(unquote_qualified(found[1]), Mode.TABLE, self._type(found[2])))
                if not found[3]:
                    break
            if not self._starts(")\n"):
                raise self._malformed()
            return None, True
        if not self._starts("RETURNS "):
            return None, False
        found = self._line(_RETURNS)
        if found[2] == "void" or (found[2] == "record" and any(one.mode is not Mode.IN for one in parameters)):
            return None, bool(found[1])
        return self._type(found[2]), bool(found[1])

    def _type(self, text: str) -> ColumnType:
        found = parse_type(text, self._enums)
        if found is None:
            raise FormatError(f"functions: {text} is no type", contract=self._contract)
        return found

    def _body(self) -> str:
        opening = _BODY.match(self._text, self._position)
        end = -1 if opening is None else self._text.find(opening[1] + ";\n", opening.end())
        if opening is None or end < 0:
            raise self._malformed()
        self._position = end + len(opening[1]) + 2
        return self._text[opening.end() : end]

    def _malformed(self) -> FormatError:
        line = self._text[self._position :].partition("\n")[0]
        number = self._text.count("\n", 0, self._position) + 1
        return FormatError(f"functions: line {number} is not canonical", contract=self._contract, line=line[:200])
