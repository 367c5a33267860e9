"""What was compiled is kept in files: they change how long things take and nothing else."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sql_world import context

import aergo_vc
from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.sql.compiled.compiled_cache import CompiledCache, _modules
from aergo_vc.sql.compiled.kept_values import from_json, to_json
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError

BANK = """\
CREATE TYPE kind AS ENUM ('cash', 'card');
CREATE TABLE account (id bigint PRIMARY KEY, balance numeric(12,2) NOT NULL CHECK (balance >= 0), kind kind);
CREATE TABLE leg (id serial PRIMARY KEY, account bigint REFERENCES account, note text DEFAULT 'none');
CREATE INDEX ON account (balance);
CREATE VIEW rich AS SELECT id FROM account WHERE balance > 100;
CREATE FUNCTION wealth(least numeric DEFAULT 1.5) RETURNS TABLE (of bigint, has numeric) LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT id, balance FROM account WHERE balance >= least ORDER BY id;
END $$;
CREATE PROCEDURE pay(payer bigint, payees bigint[], amount numeric(12,2)) LANGUAGE plpgsql AS $$
DECLARE payee bigint;
BEGIN
  FOREACH payee IN ARRAY payees LOOP
    UPDATE account SET balance = balance - amount WHERE id = payer;
    UPDATE account SET balance = balance + amount WHERE id = payee;
    IF NOT FOUND THEN RAISE EXCEPTION 'nobody is %', payee; END IF;
    EMIT paid (payer, payee, amount AS sum);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON account TO bob, ROLE clerk;
INSERT INTO account VALUES (1, 500, 'cash'), (2, 0, 'card') ON CONFLICT DO NOTHING;
"""
UPGRADE = BANK.replace("least ORDER BY id", "least ORDER BY id DESC").replace(
    "CREATE INDEX ON account (balance);\n", ""
)
SCRIPTS = (
    "INSERT INTO bank.leg (account) VALUES (1), (2); SELECT * FROM bank.leg ORDER BY id",
    "UPDATE bank.account SET balance = balance + 7 WHERE id = 2",
    "SELECT bank.wealth.of FROM bank.wealth() ORDER BY 1",
    "CREATE TABLE note (id int PRIMARY KEY, body text DEFAULT 'é''\"'); INSERT INTO note VALUES (1), (2)",
    "ALTER TABLE note ADD COLUMN seen boolean NOT NULL DEFAULT false; DROP TABLE note",
    "CALL bank.pay(1, ARRAY[2, 2], 1.5)",
    "SELECT 1;\n  SELECT 1 / 0",
    "UPDATE bank.account SET balance = 0 - 5 WHERE id = 1",
    "SELECT nothing FROM bank.account",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "compiled"


def story(folder: Path | None) -> list[object]:
    """All that can be seen of two deployments, scripts and calls, each of them in an engine of its own after that."""
    cache = CompiledCache(folder)
    engine = Engine(compiled=cache)
    seen: list[object] = []

    def note(act: Callable[[], object]) -> None:
        try:
            seen.append(act())
        except SqlError as error:
            seen.append((error.sqlstate, error.message, error.statement, error.line, error.column))
        seen.append(engine.catalog)

    upgrade = BANK.replace("least ORDER BY id", "least ORDER BY id DESC")
    for number, script in enumerate(
        (BANK, BANK, UPGRADE, upgrade, BANK, BANK.replace("amount AS sum", "nothing AS sum"))
    ):
        note(lambda script=script, number=number: engine.run(script, context(number), contract="bank"))  # type: ignore[misc]
    for number, script in enumerate((*SCRIPTS, *SCRIPTS[:3]), 10):
        note(lambda script=script, number=number: engine.run(script, context(number)))  # type: ignore[misc]
    for name, arguments in (("wealth", ()), ("pay", (1, (2,), "2.50")), ("pay", (1, (9,), "2.50"))):
        note(lambda name=name, arguments=arguments: engine.call(RoutineName(f"bank.{name}"), arguments, context(40)))  # type: ignore[misc]
    seen += [sorted(engine.rows(TableName(f"bank.{table}"))) for table in ("account", "leg")]
    cache.save()
    again = Engine(compiled=cache)
    again.restore(engine.catalog)
    seen.append(again._trusted("SELECT sql FROM sqlite_master ORDER BY name"))
    cache.save()
    return seen


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports of what loads the parser fail, as they would in a process that must do without."""
    for folder, modules in {
        "compiled": ("script_steps",),
        "language": ("shape_trees", "statements", "storage", "source"),
        "procedures": ("calling", "compiling"),
    }.items():
        for module in modules:
            monkeypatch.setitem(sys.modules, f"aergo_vc.sql.{folder}.{module}", None)


def test_a_warm_cache_changes_nothing_that_can_be_seen(folder: Path) -> None:
    expected = story(None)
    assert not folder.exists()
    assert story(folder) == expected
    written = {path.name for path in folder.iterdir()}
    assert story(folder) == expected
    assert {path.name for path in folder.iterdir()} == written


def warm(folder: Path) -> None:
    """Let a cache know a deployment, a script and a call."""
    cache = CompiledCache(folder)
    run(cache)
    cache.save()


def run(cache: CompiledCache) -> list[object]:
    engine = Engine(compiled=cache)
    engine.run(BANK, context(), contract="bank")
    engine.run("SELECT * FROM bank.rich", context(1))
    engine.run("UPDATE bank.account SET balance = balance + 7 WHERE id = 2", context(2))
    outcome = engine.call(RoutineName("bank.pay"), (1, (2, 2), "1.00"), context(3))
    return [outcome, sorted(engine.rows(TableName("bank.account")))]


def test_what_is_known_needs_no_compiler(folder: Path, request: pytest.FixtureRequest) -> None:
    warm(folder)
    expected = run(CompiledCache())
    request.getfixturevalue("no_compiler")
    assert run(CompiledCache(folder)) == expected
    with pytest.raises(ImportError):
        run(CompiledCache())


def files(folder: Path) -> Iterator[Path]:
    found = [path for path in folder.iterdir() if path.is_file()]
    assert found
    return iter(found)


def overwrite(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for path in files(folder):
            path.write_bytes(change(path.read_bytes()))

    return damage


def poison(data: bytes) -> bytes:
    """Valid JSON that says something else, under the old digest."""
    seal, _, body = data.partition(b"\n")
    return seal + b"\n" + body.replace(b"balance", b"BALANCE").replace(b"def routine", b"raise 0#def") + b" "


def swap(folder: Path) -> None:
    """Every file gets the contents of another."""
    paths = sorted(files(folder))
    contents = [path.read_bytes() for path in paths]
    for path, data in zip(paths, contents[1:] + contents[:1], strict=True):
        path.write_bytes(data)


def copy(folder: Path) -> None:
    """The folder is one that came from elsewhere, as with a copied repository."""
    other = folder.with_name("elsewhere")
    shutil.copytree(folder, other)
    folder.rename(folder.with_name("gone"))
    other.rename(folder)


def link(folder: Path) -> None:
    """The files are links to those of a folder of others."""
    other = folder.with_name("elsewhere")
    other.mkdir()
    for path in list(files(folder)):
        path.rename(other / path.name)
        path.symlink_to(other / path.name)


def link_folder(folder: Path) -> None:
    other = folder.with_name("elsewhere")
    folder.rename(other)
    folder.symlink_to(other)


def open_files(folder: Path) -> None:
    for path in files(folder):
        path.chmod(0o666)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "deleted": shutil.rmtree,
    "emptied": overwrite(lambda _: b""),
    "cut short": overwrite(lambda data: data[:-7]),
    "garbled": overwrite(lambda data: bytes(len(data))),
    "one bit": overwrite(lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    "not UTF-8": overwrite(lambda data: data.partition(b"\n")[0] + b"\n\xff"),
    "poisoned": overwrite(poison),
    "swapped": swap,
    "copied": copy,
    "links": link,
    "a link to the folder": link_folder,
    "files that others may write": open_files,
    "a folder that others may write": lambda folder: folder.chmod(0o777),
    "a file in the folder's place": lambda folder: (shutil.rmtree(folder), folder.write_bytes(b"x")),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_files_that_are_not_as_they_were_written_change_nothing(folder: Path, damage: Callable[[Path], object]) -> None:
    warm(folder)
    damage(folder)
    expected = run(CompiledCache())
    assert run(CompiledCache(folder)) == expected
    warm(folder)  # writing over what is there raises nothing either
    assert run(CompiledCache(folder)) == expected


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_nothing_of_damaged_files_is_used(
    folder: Path, damage: Callable[[Path], object], request: pytest.FixtureRequest
) -> None:
    warm(folder)
    damage(folder)
    request.getfixturevalue("no_compiler")
    with pytest.raises(ImportError):
        run(CompiledCache(folder))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_files_of_another_user_are_ignored(folder: Path, request: pytest.FixtureRequest) -> None:
    warm(folder)
    for path in files(folder):
        os.chown(path, 12_345, -1)
    request.getfixturevalue("no_compiler")
    with pytest.raises(ImportError):
        run(CompiledCache(folder))


def test_files_and_their_folder_are_private(folder: Path) -> None:
    warm(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in files(folder)} == {0o600}


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    warm(tmp_path / "file" / "compiled")
    assert run(CompiledCache(tmp_path / "file" / "compiled")) == run(CompiledCache())


def test_older_files_go_when_there_are_too_many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aergo_vc.sql.compiled.compiled_cache._FILES", 20)
    cache = CompiledCache(folder)
    for number in range(60):
        cache.keep(number, "number", str(number))
        cache.save()
    assert len(list(files(folder))) <= 24
    assert CompiledCache(folder).find("number", "59") == 59
    assert CompiledCache(folder).find("number", "0") is None


def test_long_values_are_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = CompiledCache(folder)
    cache.keep("x" * (1 << 20), "long")
    cache.keep("x" * 1000, "short")
    cache.save()
    assert (CompiledCache(folder).find("long"), CompiledCache(folder).find("short")) == (None, "x" * 1000)
    monkeypatch.setattr("aergo_vc.sql.compiled.compiled_cache._FOLDER_BYTES", 500)
    other = CompiledCache(folder)
    other.keep(1, "one")
    other.save()
    other.keep(2, "two")
    other._room = 0
    other.save()
    assert CompiledCache(folder).find("short") is None


def test_what_is_kept_depends_on_the_program_that_made_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = CompiledCache(folder)
    cache.keep("old", "part")
    cache.save()
    assert CompiledCache(folder).find("part") == "old"
    monkeypatch.setattr("aergo_vc.sql.compiled.compiled_cache._program", lambda: "another")
    assert CompiledCache(folder).find("part") is None


def test_every_module_that_compiles_is_part_of_that_program() -> None:
    package = Path(aergo_vc.__file__).parent
    expected = {
        f"/{path.relative_to(package).as_posix()}"
        for room in ("sql", "model", "codec")
        for path in (package / room).rglob("*.py")
    }
    assert {facts.split()[0].replace(os.sep, "/") for facts in _modules()} == expected
    assert "/sql/language/binder.py" in expected


def test_values_come_back_as_they_were() -> None:
    engine = Engine()
    engine.run(BANK, context(), contract="bank")
    catalog = engine.catalog
    assert from_json(to_json(catalog)) == catalog
    assert type(from_json(to_json(catalog.grants))) is frozenset
    with pytest.raises(TypeError):
        to_json([1])
    with pytest.raises(KeyError):
        from_json({"record": ["Path", "/"]})
