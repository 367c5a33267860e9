"""functions.sql: one spelling, read strictly.

``tests/vectors/functions.json`` is written by ``python tests/codec/test_functions_text.py`` from the text below.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import RoutineName
from aergo_vc.codec.functions_text import functions_text, parse_functions
from aergo_vc.model.routines import Language, Mode, Parameter, Routine, Volatility
from aergo_vc.model.types import ColumnType, Kind

VECTORS = Path(__file__).parents[1] / "vectors" / "functions.json"
ENUMS = frozenset({"bank.kind"})

TEXT = """\
CREATE FUNCTION bank.balance (
  IN account bigint
)
RETURNS numeric(12,2)
LANGUAGE sql STABLE STRICT SECURITY DEFINER
AS $$ SELECT balance FROM account WHERE id = account $$;
CREATE FUNCTION bank."select" ()
RETURNS void
LANGUAGE plpgsql
AS $body$BEGIN
  RAISE NOTICE '$$';
END$body$;
CREATE FUNCTION bank.split (
  IN whole text,
  IN double precision,
  OUT "left" text,
  INOUT kind bank.kind
)
LANGUAGE plpgsql IMMUTABLE
AS $$BEGIN END$$;
CREATE FUNCTION bank.statement (
  IN account bigint DEFAULT 1,
  IN kinds bank.kind[] DEFAULT '{a,b}'
)
RETURNS TABLE (
  moment timestamptz,
  amount numeric(12,2)
)
LANGUAGE plpgsql
AS $$BEGIN END$$;
CREATE PROCEDURE bank.transfer (
  IN payer bigint,
  IN amount numeric(12,2)
)
LANGUAGE plpgsql
AS $body$ price := 'a' || $$body$;
"""

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True) | st.text(
    st.characters(categories=["L", "N", "P"]), min_size=1, max_size=5
)
PLAIN_TYPES = st.builds(ColumnType, st.sampled_from([Kind.BIGINT, Kind.TEXT, Kind.DOUBLE, Kind.RECORD, Kind.JSONB]))
TYPES = st.one_of(
    PLAIN_TYPES,
    st.builds(ColumnType, st.just(Kind.VARCHAR), length=st.integers(1, 99), is_array=st.booleans()),
    st.builds(ColumnType, st.just(Kind.NUMERIC), precision=st.integers(10, 20), scale=st.integers(0, 9)),
    st.just(ColumnType(Kind.ENUM, name="bank.kind")),
    st.builds(ColumnType, st.just(Kind.COMPOSITE), name=st.just("bank.account"), is_array=st.booleans()),
)
DEFAULTS = st.none() | st.sampled_from(["1", "ROUND(1, 2)", "'a, b'", "CURRENT_TIMESTAMP"])
INPUTS = st.builds(Parameter, st.just("") | NAMES, st.just(Mode.IN), TYPES, DEFAULTS)
OUTPUTS = st.builds(Parameter, NAMES, st.sampled_from([Mode.OUT, Mode.INOUT]), TYPES)
COLUMNS = st.builds(Parameter, NAMES, st.just(Mode.TABLE), TYPES)
BODIES = st.text(st.sampled_from("a $\nby;'") | st.characters(exclude_categories=["Cs"]), max_size=30) | st.lists(
    st.sampled_from(["$$", "$body$", "$body", "$body1$", "$", ";\n"]), max_size=6
).map("".join)


@st.composite
def routines(draw: st.DrawFn) -> Routine:
    is_procedure = draw(st.booleans())
    parameters = tuple(draw(st.lists(INPUTS, max_size=3)))
    outputs: tuple[Parameter, ...] = ()
    returns, is_set = None, not is_procedure and draw(st.booleans())
    if is_procedure or draw(st.booleans()):
        outputs = tuple(draw(st.lists(OUTPUTS, max_size=2)))
    elif draw(st.booleans()):
        outputs, is_set = tuple(draw(st.lists(COLUMNS, min_size=1, max_size=2))), True
    else:
        returns = draw(TYPES)
    return Routine(
        name=RoutineName("bank." + draw(st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True))),
        parameters=parameters + outputs,
        returns=returns,
        is_set=is_set,
        is_procedure=is_procedure,
        language=draw(st.sampled_from(Language)),
        volatility=draw(st.sampled_from(Volatility)),
        is_strict=draw(st.booleans()),
        security_definer=draw(st.booleans()),
        body=draw(BODIES),
    )


def test_a_text_is_read_and_spelled_again() -> None:
    found = parse_functions("bank", TEXT, ENUMS)
    assert functions_text(found, "bank") == TEXT
    assert [str(parameter.type) for parameter in found[RoutineName("bank.split")].parameters] == [
        "text", "double precision", "text", "bank.kind",
    ]  # fmt: skip
    assert found[RoutineName("bank.transfer")].body == " price := 'a' || $"
    assert found[RoutineName("bank.statement")].inputs[1].default == "'{a,b}'"


def test_the_vectors_are_what_the_text_means() -> None:
    assert json.loads(VECTORS.read_text()) == vectors()


@given(st.lists(routines(), max_size=3, unique_by=lambda one: one.name))
def test_whatever_routines_there_are_they_are_read_back(some: list[Routine]) -> None:
    by_name = {one.name: one for one in some}
    assert parse_functions("bank", functions_text(by_name, "bank"), ENUMS) == by_name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("  IN account", "   IN account"),
        ("IN payer", "payer"),
        ('bank."select"', "bank.select"),
        ("RETURNS void", "RETURNS nothing"),
        ("RETURNS numeric(12,2)", "RETURNS SETOF  numeric(12,2)"),
        ("STABLE STRICT", "STRICT STABLE"),
        ("LANGUAGE plpgsql\n", "LANGUAGE plpgsql VOLATILE\n"),
        ("LANGUAGE sql", "LANGUAGE c"),
        ("AS $$ SELECT", "AS $body$ SELECT"),
        ("= account $$;", "= account $$ ;"),
        ("bank.balance", "shop.balance"),
        ("bank.balance", "bank.zebra"),
        ("PROCEDURE bank.transfer", "FUNCTION bank.transfer"),
        ("$body$;\n", "$body$;\n\n"),
    ],
)
def test_no_other_spelling_is_read(old: str, new: str) -> None:
    with pytest.raises(FormatError):
        parse_functions("bank", TEXT.replace(old, new) if old == "\n" else TEXT.replace(old, new, 1), ENUMS)


@given(st.data())
def test_cut_or_mangled_text_is_refused_or_means_itself(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    stop = data.draw(st.integers(start, len(TEXT)))
    mangled = TEXT[:start] + data.draw(st.text(max_size=3)) + TEXT[stop:]
    try:
        found = parse_functions("bank", mangled, ENUMS)
    except FormatError:
        return
    assert functions_text(found, "bank") == mangled


def vectors() -> dict[str, Any]:
    """The text with what it means, and the enums that there are."""
    found = parse_functions("bank", TEXT, ENUMS)
    meaning: list[dict[str, Any]] = json.loads(json.dumps([asdict(one) for one in found.values()]))
    return {"enums": sorted(ENUMS), "functions.sql": TEXT, "routines": meaning}


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=1) + "\n")
    sys.stdout.write(f"{VECTORS} written\n")
