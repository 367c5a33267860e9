"""Files into tables: what an import makes, what it leaves alone, and what it refuses without a trace."""

import io
from pathlib import Path

import pytest
from forgery import Ledger
from world import Place, World

from aergo_vc.base.errors import AergoError, InputError
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.workspace import Surroundings


def _file(target: Ledger, name: str, text: str | bytes) -> Path:
    path = target.place.world.root / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _rows(target: Ledger, table: str) -> list[tuple[object, ...]]:
    with target.open() as repository:
        definition, rows = repository.rows(table)
        return [row[1:] if definition.has_hidden_key else row for row in rows]


def _import(target: Ledger, *files: Path, **options: object) -> bool:
    """Import and seal; whether there was anything to do."""
    with target.open() as repository:
        return repository.import_files(files, commit=True, **options).committed is not None  # type: ignore[arg-type]


def test_replace_makes_the_table_what_the_file_is(target: Ledger) -> None:
    assert _import(target, _file(target, "city.csv", "id,name\n1,Ulm\n2,Bonn\n3,Jena\n"), key=("id",))
    assert _import(target, _file(target, "city.csv", "id,name\n2,Bonn\n3,Gera\n4,Kiel\n"))
    assert _rows(target, "city") == [(2, "Bonn"), (3, "Gera"), (4, "Kiel")]
    assert target.verifies() == 6


def test_upsert_keeps_what_the_file_does_not_name_and_append_adds(target: Ledger) -> None:
    _import(target, _file(target, "city.csv", "id,name\n1,Ulm\n2,Bonn\n"), key=("id",))
    _import(target, _file(target, "city.csv", "id,name\n2,Gera\n3,Jena\n"), mode="upsert")
    _import(target, _file(target, "city.csv", "id,name\n4,Kiel\n"), mode="append")
    assert _rows(target, "city") == [(1, "Ulm"), (2, "Gera"), (3, "Jena"), (4, "Kiel")]
    before = target.refs()
    with pytest.raises(AergoError):
        _import(target, _file(target, "city.csv", "id,name\n5,Bonn\n4,Bonn\n"), mode="append")
    assert target.refs() == before
    assert target.verifies() == 7


def test_rows_without_a_key_are_counted_not_merged(target: Ledger) -> None:
    _import(target, _file(target, "visit.csv", "who\nann\nann\nbob\n"))
    _import(target, _file(target, "visit.csv", "who\nbob\nann\ncarol\n"))
    assert sorted(_rows(target, "visit")) == [("ann",), ("bob",), ("carol",)]
    assert target.verifies() == 6


def test_an_unchanged_file_makes_no_transaction(target: Ledger) -> None:
    city = _file(target, "city.csv", "id,name\n1,Ulm\n")
    assert _import(target, city, key=("id",))
    assert not _import(target, city)
    assert not _import(target, _file(target, "city.jsonl", '{"name":"Ulm","id":1}\n'))
    assert target.verifies() == 5


def test_an_import_that_matched_what_waits_is_not_taken_for_done_when_that_is_discarded(target: Ledger) -> None:
    city = _file(target, "city.csv", "id,name\n1,Ulm\n")
    _import(target, city, key=("id",))
    newer = _file(target, "city.csv", "id,name\n1,Bonn\n")
    with target.open() as repository:
        assert repository.import_files([newer]).transaction is not None
        assert repository.import_files([newer]).transaction is None
        repository.discard()
        assert repository.import_files([newer], commit=True).committed is not None
    assert _rows(target, "city") == [(1, "Bonn")]


def test_several_files_are_one_transaction_all_or_nothing(target: Ledger) -> None:
    city, river = _file(target, "city.csv", "id\n1\n"), _file(target, "river.csv", "id\n1\n1\n")
    before = target.refs()
    with pytest.raises(AergoError):
        _import(target, city, river, key=("id",))
    assert target.refs() == before
    _file(target, "river.csv", "id\n1\n2\n")
    assert _import(target, city, river, key=("id",))
    assert (_rows(target, "city"), _rows(target, "river")) == ([(1,)], [(1,), (2,)])
    assert target.verifies() == 5


def test_widen_makes_room_for_what_a_column_could_not_hold(target: Ledger) -> None:
    _import(target, _file(target, "city.csv", "id,people\n1,120\n"), key=("id",))
    wider = _file(target, "city.csv", "id,people\n1,120\n2,many\n")
    before = target.refs()
    with pytest.raises(AergoError):
        _import(target, wider)
    assert target.refs() == before
    assert _import(target, wider, widen=True)
    assert _rows(target, "city") == [(1, "120"), (2, "many")]
    assert target.verifies() == 6


def test_an_export_is_the_file_that_was_imported(target: Ledger) -> None:
    text = 'id,name,note\n1,Ulm,"a ""b"", c"\n2,Bonn,\n'
    _import(target, _file(target, "city.csv", text), key=("id",))
    stream = io.BytesIO()
    with target.open() as repository:
        repository.export("city", stream)
    assert stream.getvalue().decode().replace("\r\n", "\n") == text


REFUSED = {
    "an open quote": ("city.csv", b'id,name\n1,"Ulm\n'),
    "a ragged line": ("city.csv", b"id,name\n1\n"),
    "no UTF-8": ("city.csv", b"id,name\n1,\xff\n"),
    "a NUL": ("city.csv", b"id,name\n1,a\0b\n"),
    "a NUL in JSON": ("city.jsonl", b'{"id":1,"name":"a\\u0000"}\n'),
    "a column twice": ("city.csv", b"id,id\n1,2\n"),
    "nothing": ("city.csv", b""),
    "a key twice": ("city.csv", b"id,name\n1,Ulm\n1,Bonn\n"),
    "a key without a value": ("city.csv", b"id,name\n,Ulm\n"),
    "a reserved column": ("city.csv", b"id,_row\n1,2\n"),
    "a reserved table": ("pg_city.csv", b"id\n1\n"),
    "a device's name": ("con.csv", b"id\n1\n"),
    "an unsafe name": ("..csv", b"id\n1\n"),
    "an unknown format": ("city.xls", b"id\n1\n"),
    "half a JSON line": ("city.jsonl", b'{"id":1}\n{"id":'),
    "a value that is too large": ("city.csv", b"id,name\n1," + b"x" * 70_000 + b"\n"),
    "no such column for a key": ("city.csv", b"number\n1\n"),
}


@pytest.mark.parametrize(("name", "content"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_cannot_be_taken_is_refused_and_changes_nothing(name: str, content: bytes, target: Ledger) -> None:
    before = target.refs()
    for commit in (False, True):
        with target.open() as repository, pytest.raises(InputError) as refused:
            repository.import_files([_file(target, name, content)], key=("id",), commit=commit)
        assert "\n" not in refused.value.message
    with target.open() as repository:
        assert repository.pending() == ()
    assert target.refs() == before


MISMATCHED = {
    "text for a number": b"id,people\n1,many\n",
    "a number beyond 64 bits": b"id,people\n1,9223372036854775808\n",
    "a column less": b"id\n1\n",
    "a column more": b"id,people,more\n1,2,3\n",
}


@pytest.mark.parametrize("content", MISMATCHED.values(), ids=MISMATCHED.keys())
def test_a_file_that_does_not_fit_its_table_is_refused(content: bytes, target: Ledger) -> None:
    target.sql("CREATE TABLE city (id int PRIMARY KEY, people bigint)")
    before = target.refs()
    with pytest.raises(InputError):
        _import(target, _file(target, "city.csv", content))
    assert target.refs() == before


def test_a_row_that_refers_to_none_is_refused(target: Ledger) -> None:
    target.sql("CREATE TABLE card (id int PRIMARY KEY, owner text REFERENCES account (name))")
    before = target.refs()
    with pytest.raises(AergoError):
        _import(target, _file(target, "card.csv", "id,owner\n1,nobody\n"))
    assert target.refs() == before
    assert _import(target, _file(target, "card.csv", "id,owner\n1,ann\n"))


def _opened(place: Place) -> Repository:
    return Repository.open(place.path, Surroundings(variables=place.world.environment, clock=place.world.clock))


def test_a_repository_without_a_ledger_or_a_branch_says_which_is_missing(world: World) -> None:
    place = world.repository()
    place.write("city.csv", "id\n1\n")
    with _opened(place) as repository, pytest.raises(AergoError) as refused:
        repository.import_files([place.path / "city.csv"])
    assert refused.value.code == "E_NO_LEDGER"
    place.commit()
    with _opened(place) as repository, pytest.raises(AergoError) as refused:
        repository.sql("SELECT 1")
    assert refused.value.code == "E_NO_LEDGER"
    place.git("checkout", "--quiet", "--detach")
    for act in ("init", "commit"):
        with _opened(place) as repository, pytest.raises(AergoError) as refused:
            getattr(repository, act)()
        assert refused.value.code == "E_DETACHED"


def test_what_a_user_staged_or_edited_is_neither_lost_nor_taken_into_a_block(world: World) -> None:
    place = world.repository()
    place.write("readme", "one\n")
    place.commit()
    with _opened(place) as repository:
        repository.init(entity="alice")
        place.write("readme", "two\n")
        place.git("add", "readme")
        place.write("notes", "mine\n")
        repository.sql("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)", commit=True)
        assert repository.verify(workers=1).blocks == 2
    assert place.git("status", "--short").out.splitlines() == ["M  readme", "?? notes"]
    assert place.git("show", "HEAD:readme").line == "one"
