"""Foreign keys against queries: when statements and transactions end, nothing refers to a row that is not there."""

from collections.abc import Sequence

from differential import an_engine
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError

ACTIONS = ("NO ACTION", "RESTRICT", "CASCADE", "SET NULL")
WAITS = ("", "DEFERRABLE INITIALLY DEFERRED")
KEYS = ("c.p > p.id", "c.up > c.id", "d.c > c.id")

LOST = {
    "c.p > p.id": "SELECT count(*) FROM c WHERE p IS NOT NULL AND p NOT IN (SELECT id FROM p)",
    "c.up > c.id": "SELECT count(*) FROM c WHERE up IS NOT NULL AND up NOT IN (SELECT id FROM c)",
    "d.c > c.id": "SELECT count(*) FROM d WHERE c IS NOT NULL AND c NOT IN (SELECT id FROM c)",
}

NUMBERS = st.integers(1, 4)
SOME = st.one_of(st.just("NULL"), NUMBERS.map(str))


def _rows(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(", ".join)


STATEMENTS = st.one_of(
    _rows(NUMBERS.map("({})".format)).map("INSERT INTO p VALUES {} ON CONFLICT DO NOTHING".format),
    _rows(st.builds("({}, {}, {})".format, NUMBERS, SOME, SOME)).map(
        "INSERT INTO c VALUES {} ON CONFLICT DO NOTHING".format
    ),
    _rows(st.builds("({}, {})".format, NUMBERS, SOME)).map("INSERT INTO d VALUES {} ON CONFLICT DO NOTHING".format),
    st.builds("INSERT INTO c SELECT id + {}, {}, {} FROM p ON CONFLICT DO NOTHING".format, NUMBERS, SOME, SOME),
    st.builds("UPDATE c SET p = {}, up = {} WHERE id >= {}".format, SOME, SOME, NUMBERS),
    st.builds("UPDATE d SET c = {} WHERE id <= {}".format, SOME, NUMBERS),
    st.builds(
        "UPDATE {} SET id = id {} 10 WHERE id > {}".format, st.sampled_from("pcd"), st.sampled_from("+-"), NUMBERS
    ),
    st.builds("DELETE FROM {} WHERE id <= {}".format, st.sampled_from("pcd"), NUMBERS),
    st.builds("DELETE FROM {}".format, st.sampled_from("pc")),
)
DEFINED = st.tuples(*[st.tuples(st.sampled_from(ACTIONS), st.sampled_from(ACTIONS), st.sampled_from(WAITS))] * 3)
Defined = tuple[tuple[str, str, str], ...]


def _engine(defined: Defined, *, reverse: bool = False) -> Engine:
    first, second, third = (f"ON DELETE {delete} ON UPDATE {update} {waits}" for delete, update, waits in defined)
    engine = an_engine(reverse=reverse)
    engine.run(
        f"""CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p {first}, up int REFERENCES c {second});
        CREATE TABLE d (id int PRIMARY KEY, c int REFERENCES c {third});""",
        context(),
    )
    return engine


def _dangles(engine: Engine, key: str) -> bool:
    return bool(engine.run(LOST[key], context()).results[0].rows[0][0])


def _looked_at(defined: Defined, waits: str) -> list[str]:
    return [key for key, one in zip(KEYS, defined, strict=True) if one[2] == waits]


def _run(engine: Engine, statements: Sequence[str], defined: Defined) -> list[str]:
    """The statements as one transaction, each undone if it fails, with what came of each and of all."""
    ends = []
    try:
        with engine.transaction():
            for statement in statements:
                try:
                    engine.run(statement, context())
                    ends.append("ok")
                except SqlError as error:
                    ends.append(f"{error.sqlstate} {error.message} {error.details.get('detail')}")
                assert not any(_dangles(engine, key) for key in _looked_at(defined, WAITS[0])), statement
            waiting = any(_dangles(engine, key) for key in _looked_at(defined, WAITS[1]))
    except SqlError as error:
        assert waiting, "nothing dangles, and the transaction is refused"
        ends.append(f"{error.sqlstate} {error.message} {error.details.get('detail')}")
    else:
        assert not waiting, "something dangles, and the transaction is kept"
    return ends


@given(DEFINED, st.lists(st.lists(STATEMENTS, min_size=1, max_size=4), min_size=1, max_size=3))
def test_what_does_not_wait_holds_after_each_statement_and_all_at_the_end(
    defined: Defined, transactions: list[list[str]]
) -> None:
    engine, backwards = _engine(defined), _engine(defined, reverse=True)
    for statements in transactions:
        assert _run(engine, statements, defined) == _run(backwards, statements, defined)
        assert not any(_dangles(engine, key) for key in KEYS)
    engine.close()
    backwards.close()


@given(DEFINED.filter(lambda defined: all("RESTRICT" not in one for one in defined)), st.lists(STATEMENTS, max_size=8))
def test_a_statement_is_refused_only_where_something_would_dangle(defined: Defined, statements: list[str]) -> None:
    engine = _engine(defined)
    for statement in statements:
        try:
            engine.run(statement, context())
        except SqlError as error:
            if error.sqlstate == "23503":
                with engine.transaction(waits=True) as opened:
                    engine.run(statement, context())
                    assert any(_dangles(engine, key) for key in KEYS)
                    opened.rollback()
    engine.close()
