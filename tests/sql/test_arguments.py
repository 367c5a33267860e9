"""Arguments of signed calls: what a caller gives becomes the one spelling that is signed."""

from collections.abc import Mapping, Sequence

import pytest
from sql_world import context

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.transactions import Argument
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.types.arguments import argument_values

ROUTINE = RoutineName("public.f")
SCRIPT = """\
CREATE TYPE kind AS ENUM ('cash', 'card');
CREATE FUNCTION g(kind kind) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$;
CREATE FUNCTION f(n bigint, price numeric(8,2), day date, tags text[], x double precision DEFAULT 1, yes boolean DEFAULT true)
RETURNS TABLE (a bigint, b numeric(8,2), c date, d text[], e double precision, f boolean) LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY SELECT $1, $2, $3, $4, $5, $6; END $$;
"""  # noqa: E501


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine()
    engine.run(SCRIPT, context())
    return engine


def values(engine: Engine, positional: Sequence[Argument], named: Mapping[str, Argument] | None = None) -> Argument:
    return argument_values(engine.catalog, engine.catalog.routines[ROUTINE], positional, named or {})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (("1", "2.5", "2024-01-31", '{a,NULL,"b c"}'), (1, "2.5", "2024-01-31", ("a", None, "b c"))),
        ((1, 2, "2024-01-31", ("a",), 2), (1, "2", "2024-01-31", ("a",), 2.0)),
        ((None, None, None, None, None, None), (None,) * 6),
        ((-1, "0", "2024-01-31", (), "1.5", "yes"), (-1, "0", "2024-01-31", (), 1.5, True)),
    ],
)  # fmt: skip
def test_texts_are_read_as_the_parameters_types_say(
    engine: Engine, given: tuple[Argument, ...], read: tuple[Argument, ...]
) -> None:
    found = values(engine, given)
    assert found == read
    assert isinstance(found, tuple)
    assert engine.call(ROUTINE, found, context()).result is not None


def test_names_stand_for_places(engine: Engine) -> None:
    assert values(engine, (1, "2"), {"tags": ("a",), "day": "2024-01-31"}) == (1, "2", "2024-01-31", ("a",))


@pytest.mark.parametrize(
    ("positional", "named", "sqlstate"),
    [
        ((1,) * 7, {}, "42883"),
        ((1, 2), {}, "42883"),
        ((1, 2, None, None), {"nope": 1}, "42P02"),
        ((1, 2, None, None), {"n": 1}, "42601"),
        ((1, 2, None, None), {"yes": True}, "0A000"),
        (("x", 2, None, None), {}, "22P02"),
        ((1 << 63, 2, None, None), {}, "22003"),
        ((1, 1.5, None, None), {}, "42804"),
        ((True, 1, None, None), {}, "42804"),
        ((1, 2, None, 3), {}, "42804"),
        (((1,), 2, None, None), {}, "42804"),
    ],
)
def test_what_is_no_value_of_a_parameter_is_refused(
    engine: Engine, positional: tuple[Argument, ...], named: dict[str, Argument], sqlstate: str
) -> None:
    with pytest.raises(SqlError) as caught:
        values(engine, positional, named)
    assert caught.value.sqlstate == sqlstate


@pytest.mark.parametrize(
    "arguments",
    [
        ("1", "2.00", None, None),
        (1, "02.00", None, None),
        (1, 2, None, None),
        (1, "2.00", "2024-1-31", None),
        (1, "2.00", None, "{a}"),
        (1.0, "2.00", None, None),
        (True, "2.00", None, None),
    ],
)
def test_a_signed_call_takes_no_other_spelling(engine: Engine, arguments: tuple[Argument, ...]) -> None:
    with pytest.raises(SqlError):
        engine.call(ROUTINE, arguments, context())


def test_a_label_is_one_of_its_enum(engine: Engine) -> None:
    routine = engine.catalog.routines[RoutineName("public.g")]
    assert argument_values(engine.catalog, routine, ("card",), {}) == ("card",)
    with pytest.raises(SqlError, match="invalid input value for enum"):
        argument_values(engine.catalog, routine, ("gold",), {})
