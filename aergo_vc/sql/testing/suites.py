"""Test files as values: SQL statements, and comments that say what is expected of them.

A comment on a line of its own is a directive if it begins with one of these words and a colon:

    -- deploy: FILE [as NAME]       make the file's contract what the file says
    -- test: NAME                   what follows, up to the next one, is a test; what stands before all is done for each
    -- as: ENTITY [(ROLE, …)]       who signs what follows
    -- at: 2026-01-31 12:00:00      the block time, in UTC, of what follows
    -- error: SQLSTATE [TEXT]       the next statement has to fail so, with TEXT in its message
    -- event: CONTRACT.NAME [JSON]  the next statement has to emit such an event; JSON names some of its values

Each statement is a transaction of its own.  ``ASSERT condition [, message];`` fails its test unless it is true.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from itertools import pairwise
from typing import Any

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import EntityName
from aergo_vc.base.names import entity_name
from aergo_vc.sql.errors import SYNTAX, SqlError
from aergo_vc.sql.procedures.conditions import CONDITIONS
from aergo_vc.sql.procedures.lexing import Source, Token, TokenKind, tokens_of

OWNER = EntityName("owner")
"""Who deploys and signs where a file says nothing."""

USUAL_ROLES = frozenset({"writer"})
"""The roles of an entity of which a file says nothing."""

_DIRECTIVE = re.compile(r"^[ \t]*--[ \t]*(deploy|test|as|at|error|event):[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_ACTOR = re.compile(r"(\S+?)(?:\s*\(([^()]*)\))?")
_DEPLOYED = re.compile(r"(.+?)(?:\s+as\s+(\S+))?", re.IGNORECASE)
_EXPECTED = re.compile(r"(\S+)(?:\s+(.+))?")
_STATE = re.compile(r"[0-9A-Z]{5}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class Kind(Enum):
    """What a step does."""

    DEPLOY = auto()
    RUN = auto()
    ASSERT = auto()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who signs a step, and when; `time` in milliseconds since 1970, `roles` those of entities named so far."""

    signer: EntityName = OWNER
    time: int = (_USUAL_TIME - _EPOCH) // timedelta(milliseconds=1)
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def roles_of(self, entity: EntityName) -> frozenset[str]:
        """The roles of an entity in the directory."""
        return self.roles.get(entity, USUAL_ROLES)


@dataclass(frozen=True, slots=True)
class ExpectedError:
    """The error that a step must end with: `written` is its code or name, `text` stands in its message."""

    written: str
    sqlstates: tuple[str, ...]
    text: str

    def is_met(self, error: SqlError) -> bool:
        """Whether it is this error."""
        return error.sqlstate in self.sqlstates and self.text in error.message


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """An event that a step must emit; `data` are some of its values, as JSON has them."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A statement, or a deployment of the file `text`, as `contract` if that is not None; its place in the file."""

    kind: Kind
    text: str
    line: int
    column: int
    circumstances: Circumstances
    error: ExpectedError | None = None
    events: tuple[ExpectedEvent, ...] = ()
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A test, and where its directive stands."""

    name: str
    line: int
    column: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """What a test file says: steps for all tests in common, then the tests.

    `circumstances` are those in which the common steps end.
    """

    setup: tuple[Step, ...]
    cases: tuple[Case, ...]
    circumstances: Circumstances

    @property
    def deploys(self) -> bool:
        """Whether the file says itself what is deployed."""
        return any(step.kind is Kind.DEPLOY for step in self.setup)


def read_suite(text: str) -> Suite:
    """What a test file says; raises SqlError 42601, with its place, for what cannot be read."""
    reader = _Reader(Source(text))
    position = 0
    for tokens in _statements(tokens_of(reader.source)):
        reader.directives(position, tokens[0].start)
        reader.statement(tokens)
        position = tokens[-1].end
    reader.directives(position, len(text))
    return reader.finish()


def _statements(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens of each statement, semicolons included."""
    found: list[Token] = []
    for token in tokens:
        is_semicolon = token.kind is TokenKind.SIGN and token.text == ";"
        if token.kind is not TokenKind.END and (found or not is_semicolon):
            found.append(token)
        if found and (is_semicolon or token.kind is TokenKind.END):
            yield found
            found = []


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self._now = self._common = Circumstances()
        self._setup: tuple[Step, ...] | None = None
        self._cases: list[Case] = []
        self._names: set[str] = set()
        self._name, self._place = "", (1, 1)
        self._steps: list[Step] = []
        self._error: ExpectedError | None = None
        self._events: list[ExpectedEvent] = []
        self._expected_at = 0

    def directives(self, start: int, end: int) -> None:
        """Obey the comments between two statements."""
        for match, offset in self._directives(start, end):
            if start and match.start() == 0:
                raise self._wrong(offset, "a directive is expected on a line of its own, before its statement")
            if not match[2]:
                raise self._wrong(offset, f"-- {match[1]}: says nothing")
            _OBEYED[match[1]](self, match[2], offset)

    def _directives(self, start: int, end: int) -> Iterator[tuple[re.Match[str], int]]:
        gap = _COMMENT.sub(_without_block, self.source.text[start:end])
        for match in _DIRECTIVE.finditer(gap):
            yield match, start + match.start() + match[0].index("--")

    def statement(self, tokens: Sequence[Token]) -> None:
        """Enter a statement."""
        start = tokens[0].start
        for before, after in pairwise(tokens):
            for match, offset in self._directives(before.end, after.start):
                if match.start():
                    raise self._wrong(offset, "a directive inside a statement: a semicolon is missing before it")
        text = self.source.text[start : tokens[-1].end].removesuffix(";")
        is_assert = text[:6].lower() == "assert" and not text[6:7].isalnum() and text[6:7] not in ("_", ".")
        if is_assert and (self._error or self._events):
            raise self._wrong(start, "an ASSERT emits nothing and cannot be expected to fail")
        self._enter(Kind.ASSERT if is_assert else Kind.RUN, text, start)

    def finish(self) -> Suite:
        self._end_case(len(self.source.text))
        return Suite(self._setup or (), tuple(self._cases), self._common)

    def _enter(self, kind: Kind, text: str, offset: int, contract: str | None = None) -> None:
        place = self.source.place(offset)
        self._steps.append(Step(kind, text, *place, self._now, self._error, tuple(self._events), contract))
        self._error, self._events = None, []

    def _end_case(self, offset: int) -> None:
        if self._error or self._events:
            raise self._wrong(self._expected_at, "a statement is expected behind this")
        if self._setup is None:
            self._setup, self._common = tuple(self._steps), self._now
        elif self._steps:
            self._cases.append(Case(self._name, *self._place, tuple(self._steps)))
        else:
            raise self._wrong(offset, f"the test before this, {self._name}, has no statement")
        self._steps = []

    def test(self, name: str, offset: int) -> None:
        self._end_case(offset)
        if name in self._names:
            raise self._wrong(offset, f"there are two tests with the name {name}")
        self._names.add(name)
        self._name, self._place, self._now = name, self.source.place(offset), self._common

    def deploy(self, text: str, offset: int) -> None:
        match = _matched(_DEPLOYED, text)
        self._enter(Kind.DEPLOY, match[1], offset, match[2])

    def act_as(self, text: str, offset: int) -> None:
        match = _ACTOR.fullmatch(text)
        if match is None:
            raise self._wrong(offset, "an entity is expected, such as bob, or bob (teller, auditor)")
        try:
            signer = entity_name(match[1])
        except InputError as error:
            raise self._wrong(offset, error.message) from error
        roles = self._now.roles
        if match[2] is not None:
            roles = {**roles, signer: frozenset(filter(None, (role.strip() for role in match[2].split(","))))}
        self._now = replace(self._now, signer=signer, roles=roles)

    def act_at(self, text: str, offset: int) -> None:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self._wrong(offset, "a time is expected, such as 2026-01-31 12:00:00") from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        self._now = replace(self._now, time=(moment - _EPOCH) // timedelta(milliseconds=1))

    def expect_error(self, text: str, offset: int) -> None:
        match = _matched(_EXPECTED, text)
        codes = CONDITIONS.get(match[1], (match[1],))
        if _STATE.fullmatch(codes[0]) is None:
            raise self._wrong(offset, "a code of five characters is expected, or a condition's name")
        self._error, self._expected_at = ExpectedError(match[1], codes, match[2] or ""), offset

    def expect_event(self, text: str, offset: int) -> None:
        match = _matched(_EXPECTED, text)
        try:
            data = json.loads(match[2] or "{}")
        except ValueError as error:
            raise self._wrong(offset, f"the event's values are no JSON: {error}") from error
        if not isinstance(data, dict):
            raise self._wrong(offset, "the event's values are expected as a JSON object")
        self._events.append(ExpectedEvent(match[1], data))
        self._expected_at = offset

    def _wrong(self, offset: int, message: str) -> SqlError:
        return self.source.error(offset, SYNTAX, message)


def _without_block(match: re.Match[str]) -> str:
    """Blanks in place of a comment between slashes, so that it hides the directives in it."""
    return match[0] if match[0].startswith("--") else re.sub(r"[^\n]", " ", match[0])


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    assert match is not None  # noqa: S101 - it matches every text that is not empty
    return match


_OBEYED: Mapping[str, Callable[[_Reader, str, int], None]] = {
    "deploy": _Reader.deploy,
    "test": _Reader.test,
    "as": _Reader.act_as,
    "at": _Reader.act_at,
    "error": _Reader.expect_error,
    "event": _Reader.expect_event,
}
