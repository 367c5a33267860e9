"""Scalar expressions in Python: the very SQL text that the checker wrote for SQLite, read again and said in Python.

There is one checker and one meaning; what is not known here runs in SQLite.  A value is in kept form (values.py), NULL
is None, truth is 1 or True, 0 or False.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aergo_vc.model.types import INTEGER_BITS
from aergo_vc.sql.procedures.support import LIST_FUNCTIONS, PLAIN_FUNCTIONS
from aergo_vc.sql.types.numbers import MAXIMUM

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?![\w.]))|(?P<parameter>:\w+)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|<>|[-+*<>=(),]))"
)
_END = ("end", "")


@dataclass(frozen=True, slots=True)
class Code:
    """A Python expression, in brackets where it needs them.

    `test` is an equal one where only truth counts, so that NULL and false are one.  With `simple` it may be said twice.
    With `is_list` the value is an array as a list; with `collated` a decimal text, compared as a number.
    """

    source: str
    nullable: bool = True
    simple: bool = False
    test: str = ""
    is_list: bool = False
    collated: bool = False

    @property
    def truth(self) -> str:
        return self.test or self.source


class Untranslatable(Exception):
    """The text has something in it that only SQLite knows."""


class Names:
    """Numbers temporary names of one Python function, and collects the functions that it calls."""

    def __init__(self) -> None:
        self.count = 0
        self.functions: set[str] = set()

    def temporary(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def function(self, name: str) -> str:
        self.functions.add(name)
        return f"f_{name}"


def translate(sql: str, parameters: Mapping[str, Code], names: Names) -> Code | None:
    """`sql` in Python; None if it has to run in SQLite.  `parameters` have their colon in front."""
    try:
        tokens = _tokens(sql)
        reader = _Reader(tokens, parameters, names)
        code = reader.disjunction()
        reader.take("end", "")
    except Untranslatable:
        return None
    return code


def _tokens(sql: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, end = 0, len(sql.rstrip())
    while position < end:
        match = _TOKEN.match(sql, position)
        if match is None or match.lastgroup is None:
            raise Untranslatable
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return [*tokens, _END]


_OVERFLOWING = {
    f"{name}{bits}": (sign, MAXIMUM[kind], f"fit{bits}")
    for name, sign in (("add", "+"), ("subtract", "-"), ("multiply", "*"))
    for kind, bits in INTEGER_BITS.items()
}
_DIVIDING = {f"{name}{bits}": sign for name, sign in (("divide", "//"), ("remainder", "%")) for bits in (16, 32, 64)}
_COMPARED = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NULLABLE_RESULT = re.compile(
    r"(?!cast_|fit_decimal|scaled|within|decimal_(?:add|subtract|multiply|of|divide)|concatenate)"
)


class _Reader:
    """Recursive descent over SQLite's precedences, lowest first."""

    def __init__(self, tokens: Sequence[tuple[str, str]], parameters: Mapping[str, Code], names: Names) -> None:
        self._tokens, self._at = tokens, 0
        self._parameters, self._names = parameters, names

    def take(self, kind: str, text: str) -> None:
        if self._tokens[self._at] != (kind, text):
            raise Untranslatable
        self._at += 1

    def _next(self, kind: str, *texts: str) -> str | None:
        found = self._tokens[self._at]
        if found[0] == kind and found[1] in texts:
            self._at += 1
            return found[1]
        return None

    # Operators

    def disjunction(self) -> Code:
        terms = [self._conjunction()]
        while self._next("word", "OR"):
            terms.append(self._conjunction())
        return terms[0] if len(terms) == 1 else self._logic(terms, decided="True")

    def _conjunction(self) -> Code:
        terms = [self._negation()]
        while self._next("word", "AND"):
            terms.append(self._negation())
        return terms[0] if len(terms) == 1 else self._logic(terms, decided="False")

    def _logic(self, terms: Sequence[Code], *, decided: str) -> Code:
        """AND, decided by what is false, or OR, decided by what is true."""
        word = "or" if decided == "True" else "and"
        test = "(" + f" {word} ".join(term.truth for term in terms) + ")"
        if not any(term.nullable for term in terms):
            return Code(test, nullable=False)
        opposite = "not " if decided == "False" else ""
        names, pieces = [], []
        for term in terms:
            name = self._names.temporary()
            names.append(name)
            known = f"({name} := {term.source}) is not None and " if term.nullable else ""
            tested = name if term.nullable else f"({name} := {term.source})"
            pieces.append(f"{decided} if {known}{opposite}{tested} else ")
        nothing = " or ".join(f"{name} is None" for name, term in zip(names, terms, strict=True) if term.nullable)
        return Code(f"({''.join(pieces)}None if {nothing} else {decided == 'False'})", test=test)

    def _negation(self) -> Code:
        if not self._next("word", "NOT"):
            return self._equality()
        operand = self._negation()
        if not operand.nullable:
            return Code(f"(not {operand.truth})", nullable=False)
        return self._strict([operand], lambda parts: f"not {parts[0]}")

    def _equality(self) -> Code:
        left = self._relation()
        while True:
            if sign := self._next("sign", "=", "<>"):
                left = self._compare(left, sign, self._relation())
            elif self._next("word", "IS"):
                left = self._is(left)
            elif self._next("word", "IN"):
                left = self._in(left)
            else:
                return left

    def _relation(self) -> Code:
        left = self._sum()
        while sign := self._next("sign", "<", "<=", ">", ">="):
            left = self._compare(left, sign, self._sum())
        return left

    def _compare(self, left: Code, sign: str, right: Code) -> Code:
        if left.is_list or right.is_list:
            raise Untranslatable
        if left.collated or right.collated:
            name = self._names.function("compare_decimals")
            return self._strict([left, right], lambda parts: f"{name}({parts[0]}, {parts[1]}) {_COMPARED[sign]} 0")
        return self._strict([left, right], lambda parts: f"{parts[0]} {_COMPARED[sign]} {parts[1]}")

    def _is(self, left: Code) -> Code:
        negated = bool(self._next("word", "NOT"))
        if self._next("word", "NULL"):
            if left.simple and not left.nullable:  # Python warns of "1 is None"
                return Code(str(negated), nullable=False)
            return Code(f"({left.source} is {'not ' if negated else ''}None)", nullable=False)
        right = self._relation()
        if left.collated:
            raise Untranslatable
        return Code(f"({left.source} {'!=' if negated else '=='} {right.source})", nullable=False)

    def _in(self, left: Code) -> Code:
        self.take("sign", "(")
        items = [self.disjunction()]
        while self._next("sign", ","):
            items.append(self.disjunction())
        self.take("sign", ")")
        if left.collated:
            raise Untranslatable
        listed = ", ".join(item.source for item in items)
        if any(item.nullable for item in items):
            return Code(f"{self._names.function('is_in')}({left.source}, ({listed},))")
        return self._strict([left], lambda parts: f"{parts[0]} in ({listed},)")

    def _sum(self) -> Code:
        left = self._product()
        while sign := self._next("sign", "+", "-"):
            left = self._strict([left, self._product()], lambda parts, sign=sign: f"{parts[0]} {sign} {parts[1]}")  # type: ignore[misc]
        return left

    def _product(self) -> Code:
        left = self._unary()
        while self._next("sign", "*"):
            left = self._strict([left, self._unary()], lambda parts: f"{parts[0]} * {parts[1]}")
        return left

    def _unary(self) -> Code:
        if self._next("sign", "-"):
            operand = self._unary()
            if operand.simple and operand.source.isdigit():
                return Code(f"(-{operand.source})", nullable=False, simple=True)
            return self._strict([operand], lambda parts: f"-{parts[0]}")
        operand = self._primary()
        if self._next("word", "COLLATE"):
            self.take("word", "numeric")
            return replace(operand, collated=True)
        return operand

    def _strict(self, operands: Sequence[Code], write: Callable[[list[str]], str]) -> Code:
        """An operation that gives NULL where an operand is; all operands are evaluated first, in order."""
        if not any(operand.nullable for operand in operands):
            return Code(f"({write([operand.source for operand in operands])})", nullable=False)
        parts, tests = [], []
        for operand in operands:
            if operand.simple:
                parts.append(operand.source)
                if operand.nullable:
                    tests.append(f"{operand.source} is None")
                continue
            name = self._names.temporary()
            parts.append(name)
            tests.append(f"({name} := {operand.source}) is None")
        nothing = " or ".join(tests) if len(operands) == 1 or all(part.simple for part in operands) else _all(tests)
        value = write(parts)
        if all(operand.simple for operand in operands):
            known = " and ".join(test.replace(" is None", " is not None") for test in tests)
            return Code(f"(None if {nothing} else {value})", test=f"({known} and ({value}))")
        return Code(f"(None if {nothing} else {value})")

    # Operands

    def _primary(self) -> Code:
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return Code(str(int(text)), nullable=False, simple=True)
        if kind == "text":
            return Code(repr(text[1:-1].replace("''", "'")), nullable=False, simple=True)
        if kind == "parameter" and text in self._parameters:
            return self._parameters[text]
        if (kind, text) == ("sign", "("):
            return self._bracketed()
        if kind == "word":
            return self._word(text)
        raise Untranslatable

    def _bracketed(self) -> Code:
        inner = self.disjunction()
        self.take("sign", ")")
        return inner

    def _word(self, word: str) -> Code:
        if word == "NULL":
            return Code("None", simple=True)
        if word == "CASE":
            return self._case()
        if self._next("sign", "("):
            return self._call(word)
        raise Untranslatable

    def _case(self) -> Code:
        subject = None if self._tokens[self._at] == ("word", "WHEN") else self.disjunction()
        again = subject
        if subject is not None and not subject.simple:
            name = self._names.temporary()
            subject = replace(subject, source=f"({name} := {subject.source})")
            again = replace(subject, source=name, simple=True)
        text, nullable, closing = "", False, ""
        while self._next("word", "WHEN"):
            test = self.disjunction()
            if subject is not None:
                test, subject = self._compare(subject, "=", test), again
            self.take("word", "THEN")
            result = self.disjunction()
            if result.is_list:
                raise Untranslatable
            nullable = nullable or result.nullable
            text += f"({result.source} if {test.truth} else "
            closing += ")"
        default = self.disjunction() if self._next("word", "ELSE") else Code("None", simple=True)
        self.take("word", "END")
        if default.is_list:
            raise Untranslatable
        return Code(f"{text}{default.source}{closing}", nullable=nullable or default.nullable)

    def _call(self, name: str) -> Code:
        arguments: list[Code] = []
        if not self._next("sign", ")"):
            arguments.append(self.disjunction())
            while self._next("sign", ","):
                arguments.append(self.disjunction())
            self.take("sign", ")")
        return self._called(name, arguments)

    def _called(self, name: str, arguments: list[Code]) -> Code:  # noqa: PLR0911 - a list of cases
        if name == "coalesce":
            return self._coalesce(arguments)
        if name in _OVERFLOWING:
            return self._overflowing(name, arguments)
        if name == "array_argument":
            return self._as_list(arguments[0])
        if name == "array_result":
            return replace(arguments[0], is_list=True)
        if name in LIST_FUNCTIONS:
            return self._list_function(name, arguments)
        listed = ", ".join(argument.source for argument in arguments)
        if name == "row_make":
            return Code(f"({listed}{',' if listed else ''})", nullable=False)
        if name == "call_routine":
            return Code(f"run.call({listed})")
        if name not in PLAIN_FUNCTIONS:
            raise Untranslatable
        if name in _DIVIDING and arguments[1].source.isdigit() and arguments[1].source != "0":
            return self._division(_DIVIDING[name], arguments)
        listed = ", ".join(self._as_text(argument).source for argument in arguments)
        nullable = _NULLABLE_RESULT.match(name) is not None or any(argument.nullable for argument in arguments)
        return Code(f"{self._names.function(name)}({listed})", nullable=nullable)

    def _as_list(self, code: Code) -> Code:
        return code if code.is_list else Code(f"{self._names.function('list_of')}({code.source})", is_list=True)

    def _as_text(self, code: Code) -> Code:
        return Code(f"{self._names.function('text_of')}({code.source})", code.nullable) if code.is_list else code

    def _list_function(self, name: str, arguments: Sequence[Code]) -> Code:
        function = LIST_FUNCTIONS[name]
        if name == "array_element" and arguments[0].is_list and all(one.simple for one in arguments):
            return self._element(*arguments)
        sources = [
            (self._as_list(argument) if place in function.arrays else self._as_text(argument)).source
            for place, argument in enumerate(arguments)
        ]
        return Code(f"{self._names.function('list_' + name)}({', '.join(sources)})", is_list=function.gives_list)

    def _element(self, elements: Code, position: Code) -> Code:
        known = [f"{one.source} is not None" for one in (elements, position) if one.nullable]
        test = " and ".join([*known, f"0 < {position.source} <= len({elements.source})"])
        return Code(f"({elements.source}[{position.source} - 1] if {test} else None)")

    def _coalesce(self, arguments: Sequence[Code]) -> Code:
        if any(argument.is_list for argument in arguments):
            raise Untranslatable
        text = arguments[-1].source
        for argument in reversed(arguments[:-1]):
            name = self._names.temporary()
            text = f"({name} if ({name} := {argument.source}) is not None else {text})"
        return Code(text, nullable=all(argument.nullable for argument in arguments))

    def _division(self, sign: str, arguments: Sequence[Code]) -> Code:
        """By a positive constant, towards zero: no overflow and no error."""
        by = arguments[1].source

        def write(value: str, first: str) -> str:
            return f"{value} {sign} {by} if {first} >= 0 else -(-{value} {sign} {by})"

        operand = arguments[0]
        if operand.simple or operand.nullable:
            return self._strict([operand], lambda parts: write(parts[0], parts[0]))
        name = self._names.temporary()
        return Code(f"({write(name, f'({name} := {operand.source})')})", nullable=False)

    def _overflowing(self, name: str, arguments: Sequence[Code]) -> Code:
        sign, top, fit = _OVERFLOWING[name]
        result = self._names.temporary()
        function = self._names.function(fit)

        def write(parts: list[str]) -> str:
            value = f"({result} := {parts[0]} {sign} {parts[1]})"
            return f"{result} if -{top} <= {value} <= {top} else {function}({result})"

        return self._strict(arguments, write)


def _all(tests: Sequence[str]) -> str:
    """Whether any test holds, each being evaluated whatever the others give."""
    return tests[0] if len(tests) == 1 else " | ".join(f"({test})" for test in tests)
