"""Each file in cases/ is a script, statement by statement, with the rows or the SQLSTATE that each must give.

Expected rows stand behind the statement as comments, cells divided by ``|``, NULL as ``∅``, an error as ``!`` and its
code.  All but ours.sql agree with PostgreSQL 15, except that numbers of unlimited scale lose trailing zeros in max(),
and that the codes for dependent views differ.
"""

import re
from pathlib import Path

import pytest
from sql_world import context

from aergo_vc.model.types import Value
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import FOREIGN_KEY_VIOLATION, SqlError

CASES = sorted((Path(__file__).parent / "cases").glob("*.sql"))
_CASE = re.compile(r"(.+);\n((?:-- .*\n)*)")


def shown(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "∅", True: "t", False: "f"}[value]
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)


def outcome(engine: Engine, statement: str, number: int) -> list[str]:
    try:
        rows = engine.run(statement, context(number)).results[-1].rows
    except SqlError as error:
        has_place = error.line is not None or error.sqlstate == FOREIGN_KEY_VIOLATION
        return [f"! {error.sqlstate}{'' if has_place else ' without a place'}"]
    return ["|".join(map(shown, row)) for row in rows]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_statements_give_the_rows_or_the_errors_that_are_written_behind_them(path: Path) -> None:
    engine = Engine()
    wrong = []
    for number, (statement, expected) in enumerate(_CASE.findall(path.read_text())):
        wanted = [line.removeprefix("-- ") for line in expected.splitlines()]
        found = outcome(engine, statement, number)
        if found != wanted:
            wrong.append(f"{statement}\n  expected {wanted}\n  found    {found}")
    assert not wrong, "\n".join(wrong)
