"""Parts of a statement that need no row: Python computes them once and binds their values.

SQLite would call back into Python for each of them and each row, and arrays would have to be spelled out for it.  A
part that SQLite might not come to must not be able to fail, or a statement that finds no row could.
"""

import re
from collections.abc import Mapping

from aergo_vc.sql.procedures.support import ALWAYS_GIVE
from aergo_vc.sql.procedures.translation import Code, Names, translate
from aergo_vc.sql.running.table_access import rowid_sql, value_of_rowid

_PART = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|:?\b[A-Za-z_]\w*\b|[()]")
_CALLED = re.compile(r"(\w+)\(")
_PARAMETER = re.compile(r":\w+")
_BEFORE = re.compile(r"(?:[(,=<>+*-]|\b(?:AND|OR|NOT|WHEN|THEN|ELSE|CASE|WHERE|ON|SELECT)) ?\Z")
"""What stands before a bracket that holds a value."""
_INSERT = re.compile(r'INSERT INTO "(?:[^"]|"")*"(?: AS \w+)?(?: \((?:"(?:[^"]|"")*"(?:, )?)+\))? VALUES \(')


def hoist(sql: str, parameters: Mapping[str, Code], names: Names) -> tuple[str, dict[str, Code]]:
    """The statement with parameters in place of such parts, and what each of them stands for."""
    hoister = _Hoister(parameters, names)
    head = _INSERT.match(sql)
    if head is not None:
        return hoister.with_values(sql, head.end()), hoister.codes
    return hoister.rewritten(sql), hoister.codes


class _Hoister:
    def __init__(self, parameters: Mapping[str, Code], names: Names) -> None:
        self.codes: dict[str, Code] = {}
        self._parameters, self._names = parameters, names
        self._texts: dict[str, str] = {}

    def with_values(self, sql: str, start: int) -> str:
        """INSERT … VALUES: what is to be inserted is computed in any case, so that it may fail."""
        end = _closing(sql, start - 1)
        if sql[end : end + 2] == ", ":  # several rows: an error in the second must leave the first to its own errors
            return self.rewritten(sql)
        items = map(self._item, _items(sql[start : end - 1]))
        return f"{sql[:start]}{', '.join(items)}){self.rewritten(sql[end:])}"

    def _item(self, item: str) -> str:
        value = value_of_rowid(item)
        return self._hoisted(item) or self.rewritten(item) if value is None else rowid_sql(self._item(value))

    def rewritten(self, sql: str) -> str:
        """Text in which the greatest parts that cannot fail are replaced."""
        pieces: list[str] = []
        done, position = 0, 0
        while (match := _PART.search(sql, position)) is not None:
            position = match.end()
            is_call = sql[position : position + 1] == "(" and match[0][0] not in "'\":("
            if is_call:
                position += 1
            elif match[0] != "(" or not _BEFORE.search(sql, 0, match.start()):
                continue
            end = _closing(sql, position - 1)
            part = sql[match.start() : end]
            name = self._hoisted(part) if ALWAYS_GIVE.issuperset(_CALLED.findall(part)) else None
            if name is not None:
                pieces += [sql[done : match.start()], name]
                done = position = end
        return "".join([*pieces, sql[done:]])

    def _hoisted(self, part: str) -> str | None:
        """The parameter that takes a part's place."""
        if part in self._texts:
            return self._texts[part]
        mentioned = _PARAMETER.findall(part)
        if part in mentioned or not self._parameters.keys() & set(mentioned) or "call_routine(" in part:
            return None
        code = translate(part, self._parameters, self._names)
        if code is None or code.is_list or code.collated:
            return None
        name = self._texts[part] = f":hoisted{len(self.codes) + 1}"
        self.codes[name] = code
        return name


def _closing(sql: str, opening: int) -> int:
    """Behind the bracket that closes the one at `opening`."""
    depth = 0
    for match in _PART.finditer(sql, opening):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    raise AssertionError


def _items(listed: str) -> list[str]:
    """What stands between commas outside of brackets and quotes."""
    items, start, depth = [], 0, 0
    for match in re.finditer(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),]", listed):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0 and match[0] == ",":
            items.append(listed[start : match.start()].strip())
            start = match.end()
    return [*items, listed[start:].strip()]
