"""What transactions defined, as their footprints tell."""

import pytest
from sql_world import context

from aergo_vc.model.footprints import Footprint
from aergo_vc.sql.engine import Engine

SCHEMA = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE own (n int); CREATE SEQUENCE s"


def _footprints(*scripts: str, contract: str | None = None) -> list[Footprint]:
    """Those of transactions that follow one another, each a script or a deployment."""
    engine = Engine()
    engine.run(SCHEMA, context())
    found = []
    for script in scripts:
        with engine.record() as recorder, engine.transaction() as done:
            engine.run(script, context(), contract=contract)
            found.append(recorder.footprint(engine.changes_of(done)))
    return found


def test_a_definition_says_so() -> None:
    assert _footprints("CREATE TABLE v (n int)")[0].defines
    assert _footprints("CREATE TABLE IF NOT EXISTS t (n int)")[0].defines
    assert not _footprints("DELETE FROM t")[0].defines


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("CREATE TABLE IF NOT EXISTS t (n int)", set()),
        ("CREATE TABLE v (n int); DROP TABLE v", {"v"}),
        ("CREATE TABLE v (n int); CREATE INDEX i ON v (n); DROP TABLE v", {"v", "i"}),
        ("ALTER TABLE t ADD COLUMN z int; ALTER TABLE t DROP COLUMN z", {"t"}),
        ("DROP TABLE own; CREATE TABLE own (n int)", {"own"}),
        ("ALTER SEQUENCE s RESTART WITH 5", {"s"}),
    ],
)
def test_what_it_defined_is_told_even_if_only_for_a_while_or_as_it_was(script: str, names: set[str]) -> None:
    (found,) = _footprints(script)
    assert found.defined == names
    assert found.uses is not None
    assert found.uses >= names


def test_a_deployment_defined_what_it_left_otherwise() -> None:
    script = "CREATE TABLE item (id int PRIMARY KEY); CREATE VIEW dear AS SELECT id FROM item WHERE id > {};"
    found = _footprints(*[script.format(number) for number in (1, 1, 2)], contract="shop")
    assert [one.defined for one in found] == [{"item", "dear"}, set(), {"dear"}]
