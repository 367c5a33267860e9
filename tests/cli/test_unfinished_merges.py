"""A merge that is neither sealed nor taken back: what would put a block in front of it is refused at once."""

from pathlib import Path

import pytest
from ledgers import copy_of
from world import Place

SEALING = {
    "sql": ("sql", "--commit", "DELETE FROM price"),
    "call": ("call", "--commit", "shop.free"),
    "deploy": ("deploy", "--commit", "shop.sql"),
    "import": ("import", "--commit", "price.csv"),
    "commit": ("commit",),
    "cherry-pick": ("cherry-pick", "side"),
    "revert": ("revert", "HEAD"),
    "resubmit": ("resubmit", "--commit", "HEAD"),
    "merge": ("merge", "side"),
}
CONTRACT = """\
CREATE PROCEDURE free() LANGUAGE plpgsql AS $$ BEGIN UPDATE public.price SET cents = 0; END $$;
"""


@pytest.fixture(scope="module")
def unfinished(pristine: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A merge of side into main that was left in index and worktree, with a transaction that waits."""
    shop = copy_of(pristine, tmp_path_factory.mktemp("unfinished") / "world")
    shop.write("shop.sql", CONTRACT)
    shop.write("price.csv", "item,cents,note\nrice,99,\n")
    shop.aergo("deploy", "--commit", "shop.sql")
    shop.aergo("branch", "side")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 2 WHERE item = 'bread'")
    shop.aergo("checkout", "side")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 1 WHERE item = 'bread'")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    shop.aergo("checkout", "main")
    shop.aergo("merge", "side@-1", expect=1)
    shop.aergo("sql", "UPDATE price SET note = 'waits'")
    shop.aergo("merge", "--no-commit", "side")
    return shop


def standing(shop: Place) -> tuple[str, ...]:
    """What must not change."""
    git = (shop.git("for-each-ref").out, shop.git("ls-files", "-s").out, shop.git("status", "--porcelain").out)
    return *git, (shop.path / ".git" / "aergo" / "watermark.json").read_text()


@pytest.mark.parametrize("verb", SEALING)
def test_nothing_else_is_sealed_meanwhile(verb: str, unfinished: Place) -> None:
    before = standing(unfinished)
    refused = unfinished.aergo(*SEALING[verb], expect=128).err.splitlines()
    assert refused == [
        "error: a merge is unfinished in this worktree",
        "hint: conclude it: git aergo merge --continue; or take it back: git aergo merge --abort",
    ]
    assert standing(unfinished) == before


def test_what_only_waits_is_taken_in_and_sealed_when_the_merge_is(unfinished: Place, tmp_path: Path) -> None:
    shop = copy_of(unfinished, tmp_path / "copy")
    shop.aergo("sql", "INSERT INTO price VALUES ('salt', 90, NULL)")
    shop.aergo("branch", "beside")
    shop.aergo("merge", "--continue")
    assert "2 transactions" in shop.aergo("commit").out
    shop.aergo("verify")
