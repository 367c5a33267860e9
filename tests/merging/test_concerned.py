"""Which names, and so which transactions, have to do with what either side of a merge defined."""

from bank_world import BankWorld

from aergo_vc.base.ids import BlockId
from aergo_vc.codec.footprints import decode_recorded_block
from aergo_vc.codec.transactions import encode_transaction
from aergo_vc.ledger.machine import Submission
from aergo_vc.merging.grafting.definitions import concerned_names, running, tables_named
from aergo_vc.merging.marks import log_footprints
from aergo_vc.model.recorded_blocks import RecordedBlock
from aergo_vc.model.schema import Catalog

BASE = """
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, of int REFERENCES parent);
CREATE TABLE other (id int PRIMARY KEY);
CREATE FUNCTION children() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM child $$;
CREATE FUNCTION twice() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT 2 * children() $$;
"""


def block(*scripts: str) -> tuple[list[Catalog], RecordedBlock, bytes]:
    """A block on top of the base: what is defined before and after it, what is kept of it, and its lines."""
    world = BankWorld.open()
    world.run([world.script(BASE)])
    catalog = world.machine.catalog
    submissions: list[Submission] = [world.script(script) for script in scripts]
    _, included, footprints, _ = world.recorded(submissions, 2)
    assert len(included) == len(scripts)
    log = log_footprints(BlockId("1" * 64), catalog, [one for one, _ in included], footprints)
    lines = b"".join(encode_transaction(one) + b"\n" for one, _ in included)
    return [catalog, world.machine.catalog], decode_recorded_block(log), lines


def names(*scripts: str) -> frozenset[str]:
    catalogs, kept, lines = block(*scripts)
    return concerned_names(catalogs, [kept], [lines])


def test_what_is_defined_takes_along_what_names_it_however_indirectly() -> None:
    assert names("CREATE TABLE more (id int PRIMARY KEY)") == {"more"}
    assert names("ALTER TABLE child ADD COLUMN note text") >= {"child", "children", "twice"}
    assert names("ALTER TABLE child ADD COLUMN note text").isdisjoint({"other", "account", "transfer"})


def test_tables_that_foreign_keys_bind_go_together() -> None:
    assert names("ALTER TABLE child ADD COLUMN note text") >= {"parent"}
    assert names("ALTER TABLE parent ADD COLUMN note text") >= {"child"}
    assert names("CREATE TABLE grandchild (id int PRIMARY KEY, of int REFERENCES child)") >= {"child", "parent"}


def test_what_a_definition_names_is_concerned_even_if_it_is_the_same_in_the_end() -> None:
    assert names("ALTER SEQUENCE numbered_id_seq RESTART") >= {"numbered", "numbered_id_seq"}
    assert "other" in names("ALTER TABLE Other ADD COLUMN x int;\nALTER TABLE\nother DROP COLUMN x")
    assert "other" in names("CREATE INDEX others ON other (id)")


def test_transactions_are_executed_again_that_name_what_is_concerned_in_any_spelling() -> None:
    _, kept, lines = block(
        "DELETE FROM other",
        "DELETE FROM child",
        "DELETE FROM\nChild",
        'DELETE FROM public."child"',
        "DELETE FROM other WHERE id = (SELECT max(id) FROM\tchild)",
        "DELETE FROM summary",
    )
    assert running(kept, lines, {"child"}) == {1, 2, 3, 4}
    assert running(kept, lines, {"other", "chil"}) == {0, 4}
    assert running(kept, lines, set()) == frozenset()


def test_all_behind_a_definition_in_its_block_is_executed_again() -> None:
    scripts = ("DELETE FROM other", "CREATE TABLE brief (id int)", "DROP TABLE brief", "DELETE FROM summary")
    catalogs, kept, lines = block(*scripts)
    assert catalogs[0] == catalogs[1]
    assert running(kept, lines, concerned_names(catalogs, [kept], [lines])) == {1, 2, 3}


def test_tables_are_told_by_their_names_in_all_contracts_and_their_sequences_too() -> None:
    catalogs, _, _ = block("CREATE TABLE more (id int PRIMARY KEY)")
    found = tables_named(catalogs, {"more", "numbered_id_seq", "child"})
    assert found == {"public.more", "public.numbered_id_seq", "public.child"}
