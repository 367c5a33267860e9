"""What users have changed or staged survives the verbs that make blocks, and whatever these leave to be taken back."""

from pathlib import Path

import pytest
from ledgers import copy_of
from world import Place

MINE = "mine\n"
VERBS = {
    "sql": ("sql", "--commit", "DELETE FROM price WHERE item = 'tea'"),
    "merge": ("merge", "lab"),
    "merge, to be sealed later": ("merge", "--no-commit", "lab"),
    "cherry-pick": ("cherry-pick", "lab"),
    "revert": ("revert", "main@4"),
    "resubmit": ("resubmit", "--commit", "HEAD"),
    "repair": ("repair", "--replay"),
}


@pytest.fixture(scope="module")
def parted(pristine: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Main has merged lab and left one out; lab has gone on, with the file `notes` too.  No test changes it."""
    place = copy_of(pristine, tmp_path_factory.mktemp("parted") / "world")
    place.write("notes", "main\n")
    place.write("other", "main\n")
    place.commit("notes")
    place.aergo("sql", "--commit", "UPDATE price SET note = ''")
    place.aergo("branch", "lab")
    place.aergo("sql", "--commit", "UPDATE price SET note = 'two' WHERE item = 'bread'")
    place.aergo("checkout", "lab")
    place.aergo("sql", "--commit", "UPDATE price SET note = 'one' WHERE item = 'bread'")
    place.aergo("checkout", "main")
    place.aergo("merge", "lab", expect=1)
    place.aergo("checkout", "lab")
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('rice', 99, NULL)")
    place.write("notes", "lab\n")
    place.commit("lab notes")
    place.aergo("checkout", "main")
    return place


@pytest.fixture(params=VERBS)
def verb(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shop(parted: Place, verb: str, tmp_path: Path) -> Place:
    """A copy, on which `verb` has something to do."""
    place = copy_of(parted, tmp_path / "copy")
    if verb == "repair":
        words = ("-p", "main", "-p", "lab", "-m", "as a button does")
        place.git("reset", "-q", "--hard", place.git("commit-tree", "lab^{tree}", *words).line)
    return place


def test_what_is_staged_is_there_afterwards_or_stops_it(verb: str, shop: Place) -> None:
    shop.write("other", MINE)
    shop.git("add", "other")
    head = shop.git("rev-parse", "HEAD").line
    done = shop.aergo(*VERBS[verb], expect=None)
    if verb.startswith("merge"):
        assert done.status == 128
        assert "changes of other are staged" in done.err
        assert shop.git("rev-parse", "HEAD").line == head
        assert "no merge is in progress" in shop.aergo("merge", "--abort", expect=128).err
    else:
        assert done.status == 0, done.err
        assert shop.git("rev-parse", "HEAD").line != head
    assert shop.git("status", "--porcelain").out == "M  other\n"
    assert shop.git("show", ":other").out == MINE


def test_a_trial_and_a_merge_that_brings_nothing_do_not_mind_what_is_staged(parted: Place, tmp_path: Path) -> None:
    shop = copy_of(parted, tmp_path / "copy")
    shop.write("other", MINE)
    shop.git("add", "other")
    shop.aergo("merge", "--dry-run", "lab")
    assert shop.aergo("merge", "lab@-1").out == "Already up to date.\n"


@pytest.mark.parametrize("name", ["ledger/block.json", "ledger/genesis.json", "notes"])
def test_a_changed_file_in_the_way_stops_it_before_anything_is_signed(name: str, verb: str, shop: Place) -> None:
    watermark = shop.path / ".git" / "aergo" / "watermark.json"
    signed, head = watermark.read_bytes(), shop.git("rev-parse", "HEAD").line
    shop.write(name, MINE)
    if name == "notes" and not verb.startswith("merge"):
        shop.aergo(*VERBS[verb])
        assert shop.git("status", "--porcelain").out == " M notes\n"
        return
    done = shop.aergo(*VERBS[verb], expect=None)
    if verb == "merge, to be sealed later" and name == "ledger/genesis.json":
        assert done.status == 0
        return
    assert done.status == 128
    assert name in done.err
    assert "commit or stash your changes" in done.err
    assert shop.git("rev-parse", "HEAD").line == head
    assert watermark.read_bytes() == signed
    assert shop.git("status", "--porcelain").out == f" M {name}\n"
    shop.git("checkout", "--quiet", "--", name)
    shop.aergo(*VERBS[verb])


def test_files_that_are_only_touched_or_gone_stop_nothing(parted: Place, tmp_path: Path) -> None:
    shop = copy_of(parted, tmp_path / "copy")
    block = shop.path / "ledger" / "block.json"
    block.write_bytes(block.read_bytes())
    (shop.path / "ledger" / "receipts.jsonl").unlink()
    (shop.path / "notes").unlink()
    shop.aergo("merge", "lab")
    assert (shop.path / "notes").read_text() == "lab\n"
    assert shop.git("status", "--porcelain").out == ""
